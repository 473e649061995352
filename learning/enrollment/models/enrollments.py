"""Enrolments with their history, seats and invitations."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.enrollment.models.groups import StudyGroup
from learning.enrollment.models.pointers import course_pointer
from learning.enrollment.statuses import READING, SEATED, By, Status


class EnrollmentQuerySet(models.QuerySet["Enrollment"]):
    def reading(self) -> "EnrollmentQuerySet":
        """Those whose status lets them read."""
        return self.filter(status__in=READING)

    def of_existing_courses(self) -> "EnrollmentQuerySet":
        """Without those whose course has been deleted; their rows stay."""
        # the foreign key has no constraint: the INNER JOIN leaves out rows whose course is gone
        return self.filter(course__live__isnull=False)

    def queued(self) -> "EnrollmentQuerySet":
        """Those who wait for a seat, the first one first."""
        return self.filter(status=Status.WAITLISTED).order_by("waiting_since", "pk")


class Enrollment(models.Model):
    """One person in one course: the status changes, the row is never deleted."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("student"), on_delete=models.CASCADE, related_name="enrollments"
    )
    course = course_pointer()
    group = models.ForeignKey(
        StudyGroup,
        verbose_name=_("study group"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="enrollments",
    )
    status = models.CharField(_("status"), max_length=12, choices=Status.choices)
    created_at = models.DateTimeField(_("enrolled"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)
    waiting_since = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(_("completed"), null=True, editable=False)
    last_read_at = models.DateTimeField(_("last read"), null=True, editable=False)
    # Counted again with every step of the student and every change of the programme; lists sort and filter by them.
    done = models.PositiveIntegerField(_("lessons done"), default=0, editable=False)
    percent = models.PositiveSmallIntegerField(_("progress, %"), default=0, editable=False)

    objects = EnrollmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering = ["-pk"]
        constraints: ClassVar = [
            # the last guard against two clicks at once; the first is the lock of the seats (promise 29)
            models.UniqueConstraint(fields=["user", "course"], name="enrollment_once"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="enrollment_known_status"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["course", "status", "waiting_since"], name="enrollment_course_status"),
            models.Index(fields=["user", "-last_read_at"], name="enrollment_user_recent"),
            models.Index(fields=["status", "-id"], name="enrollment_status_recent"),
            models.Index(fields=["course", "last_read_at"], name="enrollment_course_seen"),
            models.Index(fields=["course", "percent"], name="enrollment_course_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.course_id}: {self.get_status_display()}"


class StatusChange(models.Model):
    """One step of an enrolment's history; written with the change, never edited."""

    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="history")
    before = models.CharField(max_length=12, choices=Status.choices, blank=True)
    after = models.CharField(max_length=12, choices=Status.choices)
    by = models.CharField(max_length=8, choices=By.choices)
    # the history outlives the account of who made the change (promise 31)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True)  # when the student's mail was put in the queue

    class Meta:
        verbose_name = _("change of status")
        ordering = ["at", "pk"]


class SeatsManager(models.Manager["Seats"]):
    def lock(self, course_id: int) -> "Seats":
        """Return the course's row, locked until the transaction ends; create it where it is missing.

        Seats and places of groups are given and freed under this lock. Take it before the lock of any enrolment.
        """
        try:
            return self.select_for_update().get(pk=course_id)
        except Seats.DoesNotExist:
            try:
                # a savepoint: after an IntegrityError PostgreSQL takes no further statement in the transaction
                with transaction.atomic():
                    self.create(pk=course_id, **_counted(course_id))
            except IntegrityError:
                pass  # another request made the row first
            return self.select_for_update().get(pk=course_id)

    def recount(self, course_id: int) -> None:
        """Recalculate the stored counts, after rows were written in bulk."""
        self.update_or_create(pk=course_id, defaults=_counted(course_id))


def _counted(course_id: int) -> dict[str, int]:
    of_course = Enrollment.objects.filter(course_id=course_id)
    return {
        "taken": of_course.filter(status__in=SEATED).count(),
        "waiting": of_course.filter(status=Status.WAITLISTED).count(),
    }


class Seats(models.Model):
    """How many seats of a course are taken. Its row is the lock under which seats are given and freed."""

    # a row of its own and not the course's: editors who save the course do not wait for enrolments
    course_id = models.PositiveIntegerField(primary_key=True)
    taken = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)

    objects = SeatsManager()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def with_accepted(self) -> "InvitationQuerySet":
        """Add `accepted`: whether the owner of the address is or was in the course."""
        enrolled = Enrollment.objects.filter(course_id=OuterRef("course_id"), user__email__iexact=OuterRef("email"))
        return self.annotate(accepted=Exists(enrolled))

    def open(self) -> "InvitationQuerySet":
        """Those whose owners have never been in the course."""
        return self.with_accepted().filter(accepted=False)  # type: ignore[misc]


class Invitation(models.Model):
    """An e-mail address that may enrol in a course of the policy “by invitation”.

    With `enrols`, its owner is enrolled as soon as they have an account with the address confirmed.
    """

    course = course_pointer()
    email = models.EmailField(_("e-mail"), db_index=True)
    name = models.CharField(_("name"), max_length=80, blank=True)
    group = models.ForeignKey(
        StudyGroup, verbose_name=_("study group"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    enrols = models.BooleanField(_("enrols at sign-up"), default=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("invited"), default=timezone.now, editable=False)
    told_at = models.DateTimeField(null=True, editable=False)  # when its mail was put in the queue

    objects = InvitationQuerySet.as_manager()

    accepted: bool  # only on rows of `with_accepted`

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "email"], name="enrollment_invited_once")]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        # one spelling, for the unique constraint and for exact look-ups; `bulk_create` does not pass here
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)
