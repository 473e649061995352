"""What goes and what stays when a person is anonymised.

The ledger and the fact of lessons stay under “former member”; contents, notes, homework and files go.
"""

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from learning.accounts.models import User
from learning.tutoring.models import (
    Attempt,
    AttemptFile,
    Attendance,
    By,
    CalendarKey,
    DayOff,
    Goal,
    Homework,
    HomeworkCopy,
    Lesson,
    LessonChange,
    LessonKind,
    LessonTask,
    MoveRequest,
    Project,
    ProjectStudent,
    Status,
)
from learning.tutoring.models.homework import HomeworkState
from learning.tutoring.models.lessons import PLAN_FIELDS
from learning.tutoring.projects.actions import write_label
from learning.tutoring.schedule.writing import set_cancelled, write_times

CONTENTS = {**dict.fromkeys(PLAN_FIELDS, ""), "report": ""}


@transaction.atomic
def forget_person(person: User) -> None:
    """Delete what a student or teacher of private lessons has written, and end what they take part in."""
    CalendarKey.objects.filter(person=person).delete()
    DayOff.objects.filter(person=person).delete()
    MoveRequest.objects.filter(student=person).delete()
    _forget_homework(person)
    _forget_student(person)
    _forget_teacher(person)


def _forget_homework(person: User) -> None:
    AttemptFile.objects.filter(copy__student=person).delete()
    Attempt.objects.filter(copy__student=person).delete()
    # the row stays as a number of a “former member”: how much was done
    own = HomeworkCopy.objects.filter(student=person)
    own.update(draft="", comment="", mark="")
    own.exclude(state__in=[HomeworkState.ACCEPTED, HomeworkState.EXCUSED]).update(state=HomeworkState.EXCUSED)


def _forget_student(person: User) -> None:
    today = timezone.localdate()
    own = ProjectStudent.objects.filter(student=person)
    projects = list(Project.objects.filter(pk__in=own.values("project_id")))
    alone = [project.pk for project in projects if not project.students.exclude(student=person).exists()]
    # of lessons that nobody else took, whose contents are about this person alone
    Lesson.objects.filter(project__in=alone).update(**CONTENTS)
    LessonTask.objects.filter(lesson__project__in=alone).delete()
    LessonChange.objects.filter(lesson__project__in=alone).exclude(reason="").update(reason="")
    Lesson.objects.filter(project__in=alone).update(reason="")
    Goal.objects.filter(project__in=alone).update(text="–", evidence="")
    Project.objects.filter(pk__in=alone).update(notes="", state=Project.State.ENDED)
    # of groups: lessons that only this person took, and what they themselves have written
    others = Attendance.objects.filter(lesson=OuterRef("pk")).exclude(student=person)
    Lesson.objects.filter(~Exists(others), attendances__student=person).update(**CONTENTS)
    LessonChange.objects.filter(actor=person).exclude(reason="").update(reason="")
    own.filter(left_on=None).update(left_on=today)
    _end_lessons(Lesson.objects.filter(project__in=alone, status=Status.PLANNED, starts_at__gt=timezone.now()))
    coming = Attendance.objects.filter(student=person, lesson__status=Status.PLANNED, starts_at__gt=timezone.now())
    coming.exclude(lesson__project__in=alone).delete()
    for project in projects:
        write_label(project)
    # whom this person paid for pay themselves
    ProjectStudent.objects.filter(payer=person).update(payer=None)
    Attendance.objects.filter(
        payer=person, lesson__status__in=[Status.PLANNED, Status.CANCELLED], starts_at__gt=timezone.now()
    ).update(payer=F("student"))


def _forget_teacher(person: User) -> None:
    own = Project.objects.filter(teacher=person)
    own.update(notes="")
    # ended: nobody teaches it; an administrator can give it to another teacher before
    _end_lessons(Lesson.objects.filter(teacher=person, status=Status.PLANNED, starts_at__gt=timezone.now()))
    own.exclude(state=Project.State.ENDED).update(state=Project.State.ENDED)
    Homework.objects.filter(teacher=person, copies=None).delete()
    LessonKind.objects.filter(owner=person).delete()


def _end_lessons(lessons: object) -> None:
    rows = list(lessons.select_related("project"))  # type: ignore[attr-defined]
    for lesson in rows:
        set_cancelled(lesson, By.SCHEDULE)
    write_times(rows)
