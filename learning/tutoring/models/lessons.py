"""Taught lessons: instants, statuses, plans, attendance; and whose time is taken."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.accounts.models import User
from learning.tutoring.models.money import PolicyVersion
from learning.tutoring.models.projects import LONGEST_LESSON, Project
from learning.tutoring.models.rules import WeeklyRule


class Status(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("taught lesson", "Planned")
    HELD = "held", pgettext_lazy("taught lesson", "Held")
    CANCELLED = "cancelled", pgettext_lazy("taught lesson", "Cancelled")
    MISSED = "missed", pgettext_lazy("taught lesson", "Missed")


COLOURS = 8  # of projects in calendars
TAKES_TIME = frozenset({Status.PLANNED, Status.HELD, Status.MISSED})  # nobody else can have this time
TRANSITIONS = {
    Status.PLANNED: frozenset({Status.HELD, Status.CANCELLED, Status.MISSED}),
    # only the teacher reopens
    Status.HELD: frozenset({Status.PLANNED}),
    Status.MISSED: frozenset({Status.PLANNED}),
    Status.CANCELLED: frozenset({Status.PLANNED}),
}


class By(models.TextChoices):
    """Who has cancelled a lesson."""

    TEACHER = "teacher", pgettext_lazy("cancelled by", "teacher")
    STUDENT = "student", pgettext_lazy("cancelled by", "student")
    SCHEDULE = "schedule", pgettext_lazy("cancelled by", "schedule")  # no weekly rule makes it any more


class Presence(models.TextChoices):
    PRESENT = "present", pgettext_lazy("attendance", "Present")
    LATE = "late", pgettext_lazy("attendance", "Late")
    EXCUSED = "excused", pgettext_lazy("attendance", "Excused")
    ABSENT = "absent", pgettext_lazy("attendance", "Absent")


def earliest_start(of: datetime) -> datetime:
    """The start of the longest lesson that ends at this time."""
    return of - timedelta(minutes=LONGEST_LESSON)


class LessonQuerySet(models.QuerySet["Lesson"]):
    def between(self, first: datetime, last: datetime) -> "LessonQuerySet":
        """Those that overlap this time; `last` itself is not part of it."""
        return self.overlapping(first, last, earliest_start(first))

    def overlapping(self, first: datetime, last: datetime, earliest: datetime) -> "LessonQuerySet":
        """As `between`, with the earliest start of a lesson that may still go on: for compiled queries."""
        # with both bounds on the start an index finds them, among those of many years
        return self.filter(starts_at__lt=last, starts_at__gt=earliest, ends_at__gt=first)

    def taking_time(self) -> "LessonQuerySet":
        return self.filter(status__in=TAKES_TIME)

    def taught_by(self, user: User) -> "LessonQuerySet":
        """Those of this teacher's projects, and those that they give as a substitute."""
        return self.filter(Q(project__teacher=user) | Q(teacher=user))

    def attended_by(self, user: User) -> "LessonQuerySet":
        """Those that this person takes as a student; a draft project shows none."""
        own = Attendance.objects.filter(lesson=OuterRef("pk"), student=user)
        return self.filter(Exists(own)).exclude(project__state=Project.State.DRAFT)

    def paid_by(self, user: User) -> "LessonQuerySet":
        """Those that this person pays for someone else."""
        own = Attendance.objects.filter(lesson=OuterRef("pk"), payer=user).exclude(student=user)
        return self.filter(Exists(own)).exclude(project__state=Project.State.DRAFT)

    def to_be_marked(self) -> "LessonQuerySet":
        """Past and still planned."""
        return self.filter(status=Status.PLANNED, ends_at__lte=timezone.now())


class Lesson(models.Model):
    """One taught meeting. Not a page: a page of a course is `LessonPage`."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="lessons")
    # the project's teacher, or a substitute for this lesson
    teacher = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="taught_lessons")
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.PLANNED)
    cancelled_by = models.CharField(max_length=8, choices=By.choices, blank=True)
    cancelled_at = models.DateTimeField(null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    # The key of a lesson that a rule has made, so that making lessons again finds it, wherever it was moved to.
    rule = models.ForeignKey(WeeklyRule, null=True, on_delete=models.SET_NULL, related_name="lessons")
    rule_date = models.DateField(null=True)  # local, in the zone of the project
    slot = models.PositiveSmallIntegerField(null=True)
    rule_starts_at = models.DateTimeField(null=True)  # where the rule wanted it when it was last applied
    rule_minutes = models.PositiveSmallIntegerField(null=True)
    is_moved = models.BooleanField(default=False)  # by hand: changes of the rule leave it, unless the teacher says so

    # what it is given under: later changes of the project do not change a planned lesson
    price = models.PositiveIntegerField(_("price"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    charging = models.PositiveSmallIntegerField(default=0)  # how many times it was charged; part of the ledger's keys

    theme = models.CharField(pgettext_lazy("taught lesson", "theme"), max_length=200, blank=True)
    aims = models.TextField(_("main aims"), blank=True, max_length=4000)
    subsidiary_aims = models.TextField(_("subsidiary aims"), blank=True, max_length=4000)
    new_words = models.TextField(_("new vocabulary"), blank=True, max_length=4000)
    processes = models.TextField(_("processes"), blank=True, max_length=4000)
    links = models.TextField(_("links"), blank=True, max_length=4000, help_text=_("One on each line."))
    materials = models.TextField(_("materials"), blank=True, max_length=4000)
    pages = models.CharField(_("pages covered"), max_length=200, blank=True)
    report = models.TextField(
        _("report for the student"), blank=True, max_length=4000, help_text=_("What was done, and what comes next.")
    )
    report_sent_at = models.DateTimeField(null=True)

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # in calendars
    sequence = models.PositiveIntegerField(default=0)  # raised at each change that calendars must take over
    changed_at = models.DateTimeField(default=timezone.now)

    objects = LessonQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("taught", "lesson")
        verbose_name_plural = pgettext_lazy("taught", "lessons")
        ordering = ["starts_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "rule_date", "slot"], name="tutoring_lesson_of_rule"),
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="tutoring_lesson_ends_later"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["starts_at"], name="tutoring_lesson_starts"),
            models.Index(fields=["teacher", "starts_at"], name="tutoring_lesson_teacher"),
            models.Index(fields=["project", "starts_at"], name="tutoring_lesson_project"),
            models.Index(fields=["status", "ends_at"], name="tutoring_lesson_status"),
        ]

    def __str__(self) -> str:
        return self.theme or self.project.taught

    def get_absolute_url(self) -> str:
        return reverse("tutoring_lesson", args=(self.pk,))

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def colour(self) -> int:
        """The number of the colour that its project has in calendars."""
        return self.project_id % COLOURS

    @property
    def local_date(self) -> date:
        """The day in the zone of the project."""
        return timezone.localtime(self.starts_at, self.project.zone).date()

    @property
    def is_over(self) -> bool:
        return self.ends_at <= timezone.now()

    @property
    def has_begun(self) -> bool:
        return self.starts_at <= timezone.now()

    @property
    def waits_for_mark(self) -> bool:
        return self.status == Status.PLANNED and self.is_over

    @property
    def is_withdrawn(self) -> bool:
        """Whether the schedule took it back: it comes again when a rule makes it again."""
        return self.status == Status.CANCELLED and self.cancelled_by == By.SCHEDULE

    @property
    def notice(self) -> timedelta | None:
        """How long before its start it was cancelled."""
        return self.starts_at - self.cancelled_at if self.cancelled_at else None

    def raise_sequence(self) -> None:
        self.sequence += 1
        self.changed_at = timezone.now()


PLAN_FIELDS = ("theme", "aims", "subsidiary_aims", "new_words", "processes", "links", "materials", "pages")


class AttendanceQuerySet(models.QuerySet["Attendance"]):
    def taking_time(self) -> "AttendanceQuerySet":
        return self.filter(takes_time=True)


class Attendance(models.Model):
    """One student in one lesson: whether they came, and who pays for it."""

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="attendances")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attendances")
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    presence = models.CharField(_("attendance"), max_length=8, choices=Presence.choices, default=Presence.PRESENT)
    # The time of the lesson once more: a constraint of PostgreSQL, which sees one table, keeps two lessons of one
    # student apart by it (migration 0002). Written with the lesson, by `set_time` alone.
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    takes_time = models.BooleanField(default=True)

    objects = AttendanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("attendance")
        ordering = ["pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["lesson", "student"], name="tutoring_attendance_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["student", "starts_at"], name="tutoring_attendance_student"),
            models.Index(fields=["payer", "starts_at"], name="tutoring_attendance_payer"),
        ]


class LessonChange(models.Model):
    """What was changed about a lesson, by whom and why; rows are added and never changed."""

    class Kind(models.TextChoices):
        STATUS = "status", pgettext_lazy("change of a lesson", "Status")
        TIME = "time", pgettext_lazy("change of a lesson", "Time")
        TEACHER = "teacher", pgettext_lazy("change of a lesson", "Teacher")
        PRESENCE = "presence", pgettext_lazy("change of a lesson", "Attendance")

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    before = models.CharField(max_length=64)
    after = models.CharField(max_length=64)
    # null: the schedule itself
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)

    @property
    def people(self) -> list[int]:
        """The ids of the people whom it names."""
        if self.kind == self.Kind.TEACHER:
            return [int(self.before), int(self.after)]
        return [int(self.after.partition(":")[0])] if self.kind == self.Kind.PRESENCE else []

    def words(self, names: Mapping[int, str]) -> str:
        """What has changed, for people, with the names of those in it: times are those of the reader's zone."""
        if self.kind == self.Kind.STATUS:
            return " → ".join(str(Status(one).label) for one in (self.before, self.after) if one)
        if self.kind == self.Kind.TIME:
            instants = (datetime.fromisoformat(one) for one in (self.before, self.after))
            return " → ".join(date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") for at in instants)
        if self.kind == self.Kind.PRESENCE:
            presence = str(Presence(self.after.partition(":")[2]).label)
            return ", ".join(part for part in (*(names.get(pk, "") for pk in self.people), presence) if part)
        return " → ".join(names.get(pk, "–") for pk in self.people)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        indexes: ClassVar = [models.Index(fields=["lesson", "-id"], name="tutoring_change_lesson")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("The history of a lesson is never changed.")
        super().save(*args, **kwargs)


class LessonTask(models.Model):
    """A task to be done in a lesson, ticked off by the teacher."""

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="tasks")
    text = models.CharField(_("task"), max_length=200)
    points = models.PositiveSmallIntegerField(_("points"), default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()


class MoveRequest(models.Model):
    """A student's wish to have a lesson at another time, until the teacher answers it."""

    class Answer(models.TextChoices):
        WAITING = "", pgettext_lazy("request", "Waiting")
        ACCEPTED = "accepted", pgettext_lazy("request", "Accepted")
        DECLINED = "declined", pgettext_lazy("request", "Declined")

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="move_requests")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    wanted_at = models.DateTimeField(_("wished time"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True, default=Answer.WAITING)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["lesson", "student"], condition=Q(answer=""), name="tutoring_one_request"),
        ]


class DayOff(models.Model):
    """Days on which a person has no lessons, both included."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="days_off")
    # None: of every project of the person; a student's days off belong to the project whose teacher notes them
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="days_off")
    first = models.DateField(_("first day"))
    last = models.DateField(_("last day"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("days off")
        verbose_name_plural = _("days off")
        ordering = ["first", "pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(last__gte=models.F("first")), name="tutoring_days_off_in_order")
        ]


class PersonCalendarQuerySet(models.QuerySet["PersonCalendar"]):
    def lock(self, person_ids: Any) -> None:
        """Lock the calendars of these people until the end of the transaction, in the order of their ids."""
        ids = sorted(set(person_ids))
        self.model.objects.bulk_create([PersonCalendar(person_id=pk) for pk in ids], ignore_conflicts=True)
        # one order for all: two orders of locks would be a deadlock
        list(self.select_for_update().filter(pk__in=ids).order_by("pk"))


class PersonCalendar(models.Model):
    """The row that is locked while lessons of a person are put into free time."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE)

    objects = PersonCalendarQuerySet.as_manager()

    class Meta:
        default_permissions = ()


class CalendarKey(models.Model):
    """The secret in the address of a person's calendar; deleting the row closes the address."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_key")
    nonce = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
