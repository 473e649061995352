"""Homework: what is given, and each student's copy of it with their attempts."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.accounts.models import User
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.statuses import READING
from learning.library.models import generated_name
from learning.tutoring.models.lessons import Lesson
from learning.tutoring.models.projects import Project


class Homework(models.Model):
    """Given to students of a project, or to a study group of a course."""

    teacher = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="given_homework")
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="homework")
    group = models.ForeignKey(StudyGroup, null=True, on_delete=models.CASCADE, related_name="homework")
    title = models.CharField(_("title"), max_length=200)
    # the lesson with which it is given
    lesson = models.ForeignKey(Lesson, null=True, on_delete=models.SET_NULL, related_name="homework")
    # Due at the start of a lesson, with which it moves, or at an instant; neither: at no certain time. `due_at` is
    # stored in both cases, so that one comparison tells what is late.
    due_lesson = models.ForeignKey(Lesson, null=True, on_delete=models.SET_NULL, related_name="homework_due")
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    points = models.PositiveSmallIntegerField(_("points"), default=0, validators=[MaxValueValidator(1000)])
    given_at = models.DateTimeField(default=timezone.now)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = pgettext_lazy("private lessons", "homework")
        ordering = ["-pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(project__isnull=False, group__isnull=True) | Q(project__isnull=True, group__isnull=False),
                name="tutoring_homework_of_one",
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def of(self) -> str:
        """The name of what it belongs to: a project or a study group."""
        return str(self.project or self.group)


def item_path(instance: "HomeworkItem", filename: str) -> str:
    return generated_name("homework", filename)


class HomeworkItem(models.Model):
    """One part of a homework. Other apps add parts of their own kind by `kind` and `object_id`."""

    class Kind(models.TextChoices):
        TEXT = "text", pgettext_lazy("homework", "Text")
        LINK = "link", pgettext_lazy("homework", "Link")
        PAGE = "page", pgettext_lazy("homework", "Lesson of a course")
        FILE = "file", pgettext_lazy("homework", "File")

    homework = models.ForeignKey(Homework, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=12)
    text = models.TextField(blank=True, max_length=10_000)
    link = models.URLField(blank=True, max_length=500)
    # a number and no foreign key: of a page, which may be deleted, or of a thing of a higher app
    object_id = models.PositiveIntegerField(null=True)
    key = models.UUIDField(default=uuid.uuid4, unique=True)
    file = models.FileField(upload_to=item_path, max_length=160, blank=True)
    original_name = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    @property
    def url(self) -> str:
        return reverse("homework_item_file", args=(self.key, self.original_name))


class HomeworkState(models.TextChoices):
    GIVEN = "given", pgettext_lazy("homework", "Given")
    HANDED_IN = "handed_in", pgettext_lazy("homework", "Handed in")
    RETURNED = "returned", pgettext_lazy("homework", "Returned for more")
    ACCEPTED = "accepted", pgettext_lazy("homework", "Accepted")
    EXCUSED = "excused", pgettext_lazy("homework", "Excused")


TO_DO = frozenset({HomeworkState.GIVEN, HomeworkState.RETURNED})


class HomeworkCopyQuerySet(models.QuerySet["HomeworkCopy"]):
    def of_student(self, user: User) -> "HomeworkCopyQuerySet":
        """A student's own. Of a study group only while they are in its course: enrolment gates homework too."""
        reads = Enrollment.objects.filter(user=user, course=OuterRef("homework__group__course"), status__in=READING)
        rows = self.filter(student=user).exclude(homework__project__state=Project.State.DRAFT)
        return rows.filter(Q(homework__group=None) | Exists(reads))

    def looked_after_by(self, user: User) -> "HomeworkCopyQuerySet":
        return self.filter(Q(homework__teacher=user) | Q(homework__project__teacher=user))

    def to_look_at(self) -> "HomeworkCopyQuerySet":
        return self.filter(state=HomeworkState.HANDED_IN)

    def to_do(self) -> "HomeworkCopyQuerySet":
        return self.filter(state__in=TO_DO)


class HomeworkCopy(models.Model):
    """One student's copy of a homework: its state, points and the draft of the answer."""

    State = HomeworkState

    homework = models.ForeignKey(Homework, on_delete=models.CASCADE, related_name="copies")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="homework_copies")
    state = models.CharField(max_length=10, choices=HomeworkState.choices, default=HomeworkState.GIVEN)
    draft = models.TextField(blank=True, max_length=20_000)
    draft_saved_at = models.DateTimeField(null=True)
    points = models.PositiveSmallIntegerField(null=True)
    mark = models.CharField(pgettext_lazy("homework", "mark"), max_length=20, blank=True)
    comment = models.TextField(_("comment"), blank=True, max_length=10_000)
    handed_in_at = models.DateTimeField(null=True)  # the last time
    opened_at = models.DateTimeField(null=True)  # when the teacher opened the attempt that waits
    changed_at = models.DateTimeField(default=timezone.now)

    objects = HomeworkCopyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["homework", "student"], name="tutoring_homework_copy_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["student", "state"], name="tutoring_copy_student"),
            models.Index(fields=["state", "handed_in_at"], name="tutoring_copy_waiting"),
        ]

    def get_absolute_url(self) -> str:
        return reverse("homework_copy", args=(self.pk,))

    @property
    def is_to_do(self) -> bool:
        return self.state in TO_DO

    @property
    def last_attempt(self) -> "Attempt | None":
        """What was handed in last and not taken back."""
        return self.attempts.filter(taken_back_at=None).order_by("-number").first()

    @property
    def is_late(self) -> bool:
        due = self.homework.due_at
        if due is None or self.state == HomeworkState.EXCUSED:
            return False
        done: datetime | None = None if self.is_to_do else self.handed_in_at
        return (done or timezone.now()) > due


class Attempt(models.Model):
    """An answer that was handed in."""

    copy = models.ForeignKey(HomeworkCopy, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True, max_length=20_000)
    at = models.DateTimeField(default=timezone.now)
    taken_back_at = models.DateTimeField(null=True)
    comment = models.TextField(blank=True, max_length=10_000)  # what the teacher said to it

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints: ClassVar = [models.UniqueConstraint(fields=["copy", "number"], name="tutoring_attempt_number")]


def attempt_path(instance: "AttemptFile", filename: str) -> str:
    return generated_name("homework", filename)


class AttemptFile(models.Model):
    """A file of a student's answer; until it is handed in it belongs to the draft."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    copy = models.ForeignKey(HomeworkCopy, on_delete=models.CASCADE, related_name="files")
    attempt = models.ForeignKey(Attempt, null=True, on_delete=models.CASCADE, related_name="files")
    file = models.FileField(upload_to=attempt_path, max_length=160)
    original_name = models.CharField(max_length=255)
    size = models.PositiveIntegerField()  # bytes
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    @property
    def url(self) -> str:
        return reverse("homework_answer_file", args=(self.key, self.original_name))
