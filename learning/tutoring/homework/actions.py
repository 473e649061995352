"""What teachers and students do with homework."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.enrollment.models import StudyGroup
from learning.enrollment.statuses import READING
from learning.tutoring import mail
from learning.tutoring.errors import TutoringError
from learning.tutoring.homework.files import checked_name
from learning.tutoring.models import (
    Attempt,
    Homework,
    HomeworkCopy,
    HomeworkItem,
    Lesson,
    Project,
    ProjectStudent,
    Status,
)
from learning.tutoring.models.homework import TO_DO, HomeworkState
from learning.tutoring.models.projects import FIRST_YEAR, LAST_YEAR

MOST_ITEMS = 20
MOST_TEXT = 20_000
MOST_DRAFT = 2 * MOST_TEXT  # a draft, and an answer that was taken back to it
REMINDED_AGAIN = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a homework to be given: text, link, id of a lesson page, or an uploaded file."""

    kind: str
    text: str = ""
    link: str = ""
    object_id: int | None = None
    upload: Any = None


def next_lesson(project: Project, after: datetime | None = None) -> Lesson | None:
    """The next planned lesson of a project."""
    coming = Lesson.objects.filter(project=project, status=Status.PLANNED, starts_at__gt=after or timezone.now())
    return coming.order_by("starts_at", "pk").first()


@transaction.atomic
def give_homework(
    *,
    teacher: User,
    title: str,
    items: Sequence[Item],
    students: Iterable[User],
    project: Project | None = None,
    group: StudyGroup | None = None,
    lesson: Lesson | None = None,
    due_at: datetime | None = None,
    due_next: bool = True,
    points: int = 0,
) -> Homework:
    """Give homework to students of a project or of a study group, and write to them.

    Due at `due_at`, or with `due_next` at the start of the project's next lesson (after `lesson`, where it is given
    with one), or at no certain time.
    """
    if not title.strip() and not items:
        raise TutoringError("empty", _("Homework needs a title or a text."))
    if len(items) > MOST_ITEMS:
        raise TutoringError("too_many", _("Homework has at most %(n)s parts.") % {"n": MOST_ITEMS})
    if due_at is not None and not FIRST_YEAR <= due_at.year <= LAST_YEAR:
        raise TutoringError("out_of_range", _("This date is out of range."))
    people = list(dict.fromkeys(students))
    allowed = possible_students(project=project, group=group)
    if not people or not {person.pk for person in people} <= {person.pk for person in allowed}:
        raise TutoringError("students", _("Choose one student at least, of this project or group."))
    due_lesson = None
    if due_at is None and due_next and project is not None:
        due_lesson = next_lesson(project, max(timezone.now(), lesson.starts_at) if lesson else None)
    homework = Homework.objects.create(
        teacher=teacher,
        project=project,
        group=group,
        title=(title.strip() or items[0].text.strip().splitlines()[0])[:200],
        lesson=lesson,
        due_lesson=due_lesson,
        due_at=due_lesson.starts_at if due_lesson else due_at,
        points=points,
    )
    for item in items:
        _store_item(homework, item)
    copies = [HomeworkCopy(homework=homework, student=person) for person in people]
    for copy in HomeworkCopy.objects.bulk_create(copies):
        mail.tell_of_homework(copy, "given")
    return homework


def possible_students(*, project: Project | None = None, group: StudyGroup | None = None) -> list[User]:
    """Who can get homework of a project or of a study group: its students of now."""
    rows = User.objects.filter(is_active=True)
    if project is not None:
        today = ProjectStudent.objects.filter(project=project).on(project.today)
        return list(rows.filter(pk__in=today.values("student_id")))
    return list(rows.filter(enrollments__group=group, enrollments__status__in=READING).distinct())


def possible_students_of(homework: Homework) -> list[User]:
    """Who still takes part in the project or study group of a homework."""
    if homework.group is None:
        return possible_students(project=homework.project)
    # of a group: whoever is in its course, since moving to another group ends no homework
    rows = User.objects.filter(is_active=True, enrollments__course=homework.group.course_id)
    return list(rows.filter(enrollments__status__in=READING).distinct())


def _store_item(homework: Homework, item: Item) -> None:
    row = HomeworkItem(
        homework=homework, kind=item.kind, text=item.text[:MOST_TEXT], link=item.link, object_id=item.object_id
    )
    if item.upload is not None:
        row.original_name = checked_name(item.upload)
        row.file = item.upload
    row.save()


def _locked(copy: HomeworkCopy) -> HomeworkCopy:
    rows = HomeworkCopy.objects.select_for_update(of=("self",))
    return rows.select_related("homework__project", "homework__group", "student").get(pk=copy.pk)


def save_draft(*, copy: HomeworkCopy, text: str) -> None:
    """Keep what a student has typed, whatever the state of the homework is by now."""
    HomeworkCopy.objects.filter(pk=copy.pk).update(draft=text[:MOST_DRAFT], draft_saved_at=timezone.now())


def hand_in(*, copy: HomeworkCopy, text: str) -> Attempt:
    """Hand in the text and the files of the draft. The same text from two tabs is one attempt.

    Raises TutoringError where nothing can be handed in; the text is kept as a draft then.
    """
    if len(text) > MOST_TEXT:
        save_draft(copy=copy, text=text)
        raise TutoringError("too_long", _("An answer has at most %(n)s characters.") % {"n": MOST_TEXT})
    try:
        return _hand_in(copy, text)
    except TutoringError:
        # outside the transaction that has failed: nothing typed is lost
        save_draft(copy=copy, text=text)
        raise


@transaction.atomic
def _hand_in(copy: HomeworkCopy, text: str) -> Attempt:
    copy = _locked(copy)
    last = copy.last_attempt
    if copy.state == HomeworkState.HANDED_IN:
        assert last is not None  # noqa: S101  (handed in means that there is an attempt)
        if last.text == text and not copy.files.filter(attempt=None).exists():
            return last
        raise TutoringError(
            "handed_in", _("You have handed this in already. Take it back to change it; your new text is kept.")
        )
    if copy.state not in TO_DO:
        raise TutoringError("closed", _("This homework is closed. Your text is kept."))
    if copy.homework.project and copy.homework.project.has_ended:
        raise TutoringError("ended", _("The project has ended: nothing can be handed in. Your text is kept."))
    if not any(person.pk == copy.student_id for person in possible_students_of(copy.homework)):
        raise TutoringError("ended", _("You do not take part any more: nothing can be handed in. Your text is kept."))
    files = copy.files.filter(attempt=None)
    if not text.strip() and not files.exists():
        raise TutoringError("empty", _("Write something, or add a file."))
    number = (copy.attempts.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    attempt = Attempt.objects.create(copy=copy, number=number, text=text)
    files.update(attempt=attempt)
    copy.state, copy.handed_in_at, copy.opened_at = HomeworkState.HANDED_IN, attempt.at, None
    copy.draft, copy.draft_saved_at, copy.changed_at = "", None, attempt.at
    copy.save(update_fields=["state", "handed_in_at", "opened_at", "draft", "draft_saved_at", "changed_at"])
    return attempt


@transaction.atomic
def take_back(*, copy: HomeworkCopy) -> HomeworkCopy:
    """Take back what was handed in, before the teacher has looked at it; it is a draft again."""
    copy = _locked(copy)
    if copy.state != HomeworkState.HANDED_IN:
        return copy
    if copy.opened_at is not None:
        raise TutoringError("opened", _("The teacher is looking at it already."))
    attempt = copy.last_attempt
    assert attempt is not None  # noqa: S101  (handed in means that there is an attempt)
    attempt.taken_back_at = timezone.now()
    attempt.save(update_fields=["taken_back_at"])
    attempt.files.update(attempt=None)
    was_returned = copy.attempts.filter(taken_back_at=None).exists()
    copy.state = HomeworkState.RETURNED if was_returned else HomeworkState.GIVEN
    # what was typed in another tab since was promised to be kept
    is_other = copy.draft.strip() not in {"", attempt.text.strip()}
    copy.draft = f"{copy.draft}\n\n{attempt.text}" if is_other else attempt.text
    copy.draft_saved_at, copy.handed_in_at = timezone.now(), None
    copy.save(update_fields=["state", "draft", "draft_saved_at", "handed_in_at"])
    return copy


@transaction.atomic
def open_for_marking(*, copy: HomeworkCopy, attempt_number: int) -> None:
    """Note that the teacher looks at this attempt: from now on it cannot be taken back."""
    copy = _locked(copy)
    last = copy.last_attempt
    # an attempt that was taken back meanwhile, or is followed by a newer one, is not the one that waits
    if copy.state == HomeworkState.HANDED_IN and copy.opened_at is None and last and last.number == attempt_number:
        copy.opened_at = timezone.now()
        copy.save(update_fields=["opened_at"])


@transaction.atomic
def answer(
    *, copy: HomeworkCopy, state: str, attempt_number: int, comment: str = "", points: int | None = None, mark: str = ""
) -> HomeworkCopy:
    """Accept what was handed in, or return it for more, and write to the student.

    `attempt_number` is the attempt that the teacher has seen: where there is a newer one by now nothing is changed.
    """
    if state not in {HomeworkState.ACCEPTED, HomeworkState.RETURNED}:
        raise TutoringError("state", _("Homework is accepted or returned for more."))
    copy = _locked(copy)
    last = copy.last_attempt
    if last is None or last.number != attempt_number:
        raise TutoringError("changed", _("The student has changed this homework meanwhile. Look at it again."))
    if (copy.state, copy.points, copy.mark, copy.comment) == (state, points, mark[:20], comment[:MOST_TEXT]):
        return copy
    # a mark may be corrected: accepted homework can be returned, and returned accepted
    if copy.state not in {HomeworkState.HANDED_IN, HomeworkState.ACCEPTED, HomeworkState.RETURNED}:
        raise TutoringError("changed", _("The student has changed this homework meanwhile. Look at it again."))
    if points is not None and not 0 <= points <= max(copy.homework.points, 1000):
        raise TutoringError("points", _("So many points cannot be given."))
    last.comment = comment[:MOST_TEXT]
    last.save(update_fields=["comment"])
    copy.state, copy.comment, copy.points, copy.mark = state, comment[:MOST_TEXT], points, mark[:20]
    copy.changed_at = timezone.now()
    copy.save(update_fields=["state", "comment", "points", "mark", "changed_at"])
    mail.tell_of_homework(copy, "accepted" if state == HomeworkState.ACCEPTED else "returned")
    return copy


@transaction.atomic
def excuse(*, copy: HomeworkCopy) -> HomeworkCopy:
    """Say that a student need not do it."""
    copy = _locked(copy)
    if copy.state not in TO_DO:
        raise TutoringError("closed", _("Only homework that is still to be done can be excused."))
    copy.state, copy.changed_at = HomeworkState.EXCUSED, timezone.now()
    copy.save(update_fields=["state", "changed_at"])
    return copy


@transaction.atomic
def remind(*, homework: Homework) -> int:
    """Write to the students who have not handed it in, at most twice a day; returns to how many."""
    homework = Homework.objects.select_for_update().get(pk=homework.pk)
    now = timezone.now()
    if homework.reminded_at and homework.reminded_at > now - REMINDED_AGAIN:
        raise TutoringError("too_soon", _("They were reminded a short time ago."))
    taking_part = possible_students_of(homework)
    copies = list(
        homework.copies.to_do().filter(student__in=taking_part).select_related("student", "homework__project")
    )
    for copy in copies:
        mail.tell_of_homework(copy, "reminder")
    homework.reminded_at = now
    homework.save(update_fields=["reminded_at"])
    return len(copies)
