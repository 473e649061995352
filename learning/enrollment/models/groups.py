"""Study groups, what opens for them when, and what only they see."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.enrollment.models.pointers import course_pointer
from learning.enrollment.statuses import IN_GROUP


def is_storable_date(instant: datetime | None) -> bool:
    """Whether an instant may be stored: not one near the ends of the calendar, where time zones and sums overflow."""
    # in another time zone the first and the last day of the calendar raise OverflowError (promise 32)
    return instant is None or 1970 <= instant.year <= 2200


class StudyGroupQuerySet(models.QuerySet["StudyGroup"]):
    def running(self) -> "StudyGroupQuerySet":
        """Those that have not ended."""
        # `exclude` keeps groups without an end, which `filter(ends_at__gt=…)` would drop
        return self.exclude(ends_at__lte=timezone.now())

    def with_members(self) -> "StudyGroupQuerySet":
        """Each with `members`: how many students take a place of it."""
        return self.annotate(members=models.Count("enrollments", filter=models.Q(enrollments__status__in=IN_GROUP)))


class StudyGroup(models.Model):
    """Students of one course who are taught together."""

    objects = StudyGroupQuerySet.as_manager()

    course = course_pointer()
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=120)
    teachers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("teachers"), blank=True, related_name="taught_groups"
    )
    capacity = models.PositiveIntegerField(
        _("places"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(
        _("ends"), null=True, blank=True, help_text=_("From then on active enrolments of the group expire.")
    )
    taught = ""  # names of its teachers, set by the view that shows them
    left: int | None = None  # free places, set by `groups_with_places`; None: no limit
    note = models.TextField(_("note"), blank=True, max_length=2000, help_text=_("Only staff read it."))

    class Meta:
        verbose_name = _("study group")
        verbose_name_plural = _("study groups")
        ordering = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "name"], name="enrollment_group_name")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        for name in ("starts_at", "ends_at"):
            if not is_storable_date(getattr(self, name)):
                raise ValidationError({name: _("This date is out of range.")})
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            raise ValidationError({"ends_at": _("The group must end after it starts.")})
        if self.pk and not self.starts_at and self.openings.exclude(days=None).exists():
            raise ValidationError({"starts_at": _("Modules open so many days after the start: it cannot be empty.")})

    def count_members(self) -> int:
        """How many students take a place of the group; one query."""
        return self.enrollments.filter(status__in=IN_GROUP).count()

    @property
    def has_ended(self) -> bool:
        return self.ends_at is not None and self.ends_at <= timezone.now()


class Opening(models.Model):
    """The instant from which a study group sees a module. A module without one is open from the beginning.

    With `days` the instant follows the start of the group; it is stored in both cases, so that one
    comparison tells what is open.
    """

    group = models.ForeignKey(StudyGroup, on_delete=models.CASCADE, related_name="openings")
    module_id = models.PositiveIntegerField()
    opens_at = models.DateTimeField(_("opens"))
    days = models.SmallIntegerField(_("days after the start of the group"), null=True, blank=True)

    class Meta:
        verbose_name = _("opening")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["group", "module_id"], name="enrollment_one_opening"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.days is not None and self.group.starts_at:
            self.opens_at = self.group.starts_at + timedelta(days=self.days)
        super().save(*args, **kwargs)


class Audience(models.Model):
    """A lesson or module that only certain groups of its course see: one row for each group.

    A page without such a row is for everyone.
    """

    course = course_pointer()
    page_id = models.PositiveIntegerField()
    # PROTECT: with CASCADE, deleting a group would delete these rows and open its content to everyone.
    group = models.ForeignKey(StudyGroup, on_delete=models.PROTECT, related_name="own_content")

    class Meta:
        verbose_name = _("content of a group")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["page_id", "group"], name="enrollment_audience_once"),
        ]
