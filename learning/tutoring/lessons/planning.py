"""The plan of a lesson: carried forward, its tasks, the report to the student."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.tutoring import mail
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import Lesson, LessonTask
from learning.tutoring.models.lessons import PLAN_FIELDS

MOST_TASKS = 30


def lesson_before(lesson: Lesson) -> Lesson | None:
    """The lesson of the project that comes before this one and has a plan."""
    earlier = Lesson.objects.filter(project_id=lesson.project_id, starts_at__lt=lesson.starts_at).exclude(
        theme="", aims=""
    )
    return earlier.exclude(status="cancelled").order_by("-starts_at").first()


@transaction.atomic
def go_on_from_last(*, lesson: Lesson) -> Lesson:
    """Take over the plan of the lesson before, where this one has nothing yet, and the tasks that were not done."""
    before = lesson_before(lesson)
    if before is None:
        raise TutoringError("first", _("There is no plan of an earlier lesson to go on from."))
    lesson = Lesson.objects.select_for_update(of=("self",)).get(pk=lesson.pk)
    for name in PLAN_FIELDS:
        if not getattr(lesson, name):
            setattr(lesson, name, getattr(before, name))
    lesson.save(update_fields=PLAN_FIELDS)
    there = set(lesson.tasks.values_list("text", flat=True))
    left = [task for task in before.tasks.filter(done_at=None) if task.text not in there]
    LessonTask.objects.bulk_create([LessonTask(lesson=lesson, text=task.text, points=task.points) for task in left])
    return lesson


def add_task(*, lesson: Lesson, text: str, points: int = 0) -> LessonTask:
    if lesson.tasks.count() >= MOST_TASKS:
        raise TutoringError("too_many", _("A lesson has at most %(n)s tasks.") % {"n": MOST_TASKS})
    return LessonTask.objects.create(lesson=lesson, text=text[:200], points=points)


def tick_task(*, task: LessonTask, done: bool) -> None:
    task.done_at = timezone.now() if done else None
    task.save(update_fields=["done_at"])


@transaction.atomic
def send_report(*, lesson: Lesson, report: str) -> Lesson:
    """Store the report and write it to the students of the lesson; the same report is sent once."""
    lesson = Lesson.objects.select_for_update(of=("self",)).select_related("project").get(pk=lesson.pk)
    if not report.strip():
        raise TutoringError("empty", _("Write the report first."))
    if lesson.report == report and lesson.report_sent_at:
        return lesson
    lesson.report, lesson.report_sent_at = report[:4000], timezone.now()
    lesson.save(update_fields=["report", "report_sent_at"])
    mail.tell_students(lesson, "report")
    return lesson
