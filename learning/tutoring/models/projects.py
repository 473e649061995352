"""A project: what a teacher and one or several students do together over a time."""

from datetime import date
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from learning.accounts.models import User, time_zone_choices
from learning.tutoring.currencies import currency_choices
from learning.tutoring.models.money import Policy

FIRST_YEAR, LAST_YEAR = 1970, 2200  # dates outside overflow in other time zones (promise 32)
LONGEST_LESSON = 600  # minutes
MOST_MONEY = 10**9  # of the smallest unit of a currency: sums of many lines stay in a 64-bit column


def is_storable_day(day: date | None) -> bool:
    return day is None or FIRST_YEAR <= day.year <= LAST_YEAR


class LessonKind(models.Model):
    """How lessons are given, such as “Online”: four kinds for everyone, and a teacher's own."""

    BUILT_IN: ClassVar = {
        "one": pgettext_lazy("kind of lessons", "One-to-one"),
        "group": pgettext_lazy("kind of lessons", "Group"),
        "online": pgettext_lazy("kind of lessons", "Online"),
        "in_person": pgettext_lazy("kind of lessons", "In person"),
    }

    code = models.CharField(
        max_length=12, blank=True, editable=False
    )  # of a kind for everyone, whose name is translated
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=60)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("teacher"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="lesson_kinds",
        help_text=_("Empty: every teacher can choose it."),
    )

    class Meta:
        verbose_name = _("kind of lessons")
        verbose_name_plural = _("kinds of lessons")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.BUILT_IN.get(self.code, self.name))


class ProjectQuerySet(models.QuerySet["Project"]):
    def taught_by(self, user: User) -> "ProjectQuerySet":
        return self.filter(teacher=user)

    def open_to_student(self, user: User) -> "ProjectQuerySet":
        """Those in which this person is or was a student; a draft is its teacher's alone."""
        own = ProjectStudent.objects.filter(student=user).values("project_id")
        return self.filter(pk__in=own).exclude(state=Project.State.DRAFT)

    def scheduled(self) -> "ProjectQuerySet":
        """Those whose weekly rules make lessons."""
        return self.filter(state__in=SCHEDULED)


class Project(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("project", "Draft")
        ACTIVE = "active", pgettext_lazy("project", "Active")
        PAUSED = "paused", pgettext_lazy("project", "Paused")
        ENDED = "ended", pgettext_lazy("project", "Ended")

    teacher = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("teacher"), on_delete=models.PROTECT, related_name="tutoring_projects"
    )
    taught = models.CharField(_("what is taught"), max_length=120, help_text=_("Such as “English” or “Algebra”."))
    # “English, Vera Blum”: its name in lists of rooms; written by `projects.actions.write_label`
    label = models.CharField(max_length=210, blank=True, editable=False)
    level_from = models.CharField(_("level now"), max_length=20, blank=True, help_text=_("Such as A2."))
    level_to = models.CharField(_("level to reach"), max_length=20, blank=True)
    kinds = models.ManyToManyField(LessonKind, verbose_name=_("kinds of lessons"), blank=True, related_name="+")
    starts_on = models.DateField(_("starts on"), default=timezone.localdate)
    ends_on = models.DateField(_("ends on"), null=True, blank=True, help_text=_("Empty: without an end."))
    minutes = models.PositiveSmallIntegerField(
        _("minutes of a lesson"), default=60, validators=[MinValueValidator(5), MaxValueValidator(LONGEST_LESSON)]
    )
    # of one lesson and one student, in the smallest unit of the currency
    price = models.PositiveIntegerField(_("price of a lesson"), default=0)
    currency = models.CharField(_("currency"), max_length=3, default="EUR", choices=currency_choices)
    place = models.CharField(
        _("place"), max_length=300, blank=True, help_text=_("The link of the video room, or an address.")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        choices=time_zone_choices,
        help_text=_("Lessons keep their hour in this zone, also when clocks change."),
    )
    policy = models.ForeignKey(
        Policy, verbose_name=_("cancellation policy"), on_delete=models.PROTECT, related_name="projects"
    )
    notes = models.TextField(_("private notes"), blank=True, max_length=10_000, help_text=_("Only you read them."))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("private lessons", "project")
        verbose_name_plural = pgettext_lazy("private lessons", "projects")
        ordering = ["-pk"]
        permissions = [
            ("teach_privately", "Can give private lessons"),
            ("manage_tutoring", "Can look after the private lessons of every teacher"),
        ]
        indexes: ClassVar = [models.Index(fields=["teacher", "state"], name="tutoring_project_teacher")]

    def __str__(self) -> str:
        return self.taught

    def clean(self) -> None:
        super().clean()
        for name in ("starts_on", "ends_on"):
            if not is_storable_day(getattr(self, name)):
                raise ValidationError({name: _("This date is out of range.")})
        if self.ends_on and self.starts_on and self.ends_on < self.starts_on:
            raise ValidationError({"ends_on": _("The project must end after it starts.")})

    def get_absolute_url(self) -> str:
        return reverse("tutoring_project", args=(self.pk,))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def today(self) -> date:
        return timezone.localdate(timezone=self.zone)

    @property
    def levels(self) -> str:
        """“A2 → B1”, “A2”, or nothing."""
        return " → ".join(level for level in (self.level_from, self.level_to) if level)

    @property
    def place_is_link(self) -> bool:
        return self.place.startswith(("https://", "http://"))

    @property
    def has_ended(self) -> bool:
        """Whether its chat can only be read."""
        return self.state == self.State.ENDED

    @property
    def share_of_period(self) -> Decimal | None:
        """Which part of the period is over, 0 to 1; None without an end."""
        if self.ends_on is None:
            return None
        days = (self.ends_on - self.starts_on).days + 1
        over = (self.today - self.starts_on).days
        return Decimal(min(max(over, 0), days)) / Decimal(days)


SCHEDULED = frozenset({Project.State.ACTIVE})


class ProjectStudentQuerySet(models.QuerySet["ProjectStudent"]):
    def on(self, day: date) -> "ProjectStudentQuerySet":
        """Those who take part on this day."""
        return self.filter(Q(left_on=None) | Q(left_on__gt=day), joined_on__lte=day)

    def current(self) -> "ProjectStudentQuerySet":
        return self.filter(left_on=None)


class ProjectStudent(models.Model):
    """A student of a project, from the day they joined until the day they left."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="students")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("student"), on_delete=models.PROTECT, related_name="project_students"
    )
    # who pays, when that is someone else: a parent, say
    payer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("payer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    joined_on = models.DateField(_("joined on"), default=timezone.localdate)
    left_on = models.DateField(_("left on"), null=True, blank=True)  # the first day without them
    invited_at = models.DateTimeField(null=True, editable=False)

    objects = ProjectStudentQuerySet.as_manager()

    class Meta:
        verbose_name = _("student of a project")
        ordering = ["pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "student"], condition=Q(left_on=None), name="tutoring_student_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.student)

    @property
    def payer_or_self(self) -> User:
        return self.payer or self.student

    @property
    def pays_id(self) -> int:
        return self.payer_id or self.student_id


class Goal(models.Model):
    """Something measurable to reach in a project, with points and a day."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="goals")
    text = models.CharField(pgettext_lazy("goal", "what"), max_length=200)
    by = models.DateField(pgettext_lazy("goal", "by when"), null=True, blank=True)
    points = models.PositiveSmallIntegerField(
        _("points"), default=1, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    evidence = models.CharField(
        pgettext_lazy("goal", "how it will be seen"), max_length=200, blank=True, help_text=_("Such as a test.")
    )
    done_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = pgettext_lazy("private lessons", "goal")
        ordering = [models.F("by").asc(nulls_last=True), "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        super().clean()
        if not is_storable_day(self.by):
            raise ValidationError({"by": _("This date is out of range.")})


class GoalProgress:
    """How far the goals of a project are: points done and in all, beside the share of the period that is over."""

    def __init__(self, project: Project, goals: list[Goal]) -> None:
        self.done = sum(goal.points for goal in goals if goal.done_at)
        self.all = sum(goal.points for goal in goals)
        self.share_of_period = project.share_of_period

    @property
    def percent(self) -> int:
        return self.done * 100 // self.all if self.all else 0

    @property
    def percent_of_period(self) -> int | None:
        return None if self.share_of_period is None else int(self.share_of_period * 100)

    @property
    def is_behind(self) -> bool:
        """Whether a smaller share of the points is done than of the period is over."""
        if self.share_of_period is None or not self.all:
            return False
        return Decimal(self.done) / self.all < self.share_of_period

    @property
    def words(self) -> str:
        if not self.all:
            return ""
        if self.done == self.all:
            return pgettext("goals", "all reached")
        return pgettext("goals", "behind") if self.is_behind else pgettext("goals", "on the way")
