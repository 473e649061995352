"""A teacher's practice: a project with a past and a coming lesson, homework, money; and other people around it."""

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from learning.accounts.roles import Role
from learning.tutoring.homework.actions import Item, give_homework, hand_in
from learning.tutoring.homework.files import store_answer_file
from learning.tutoring.lessons.marking import mark
from learning.tutoring.models import Account, Goal, HomeworkCopy, HomeworkItem, LedgerLine, Project, Status
from learning.tutoring.money.packages import buy_package
from learning.tutoring.projects.actions import set_payer
from learning.tutoring.schedule.changing import give_to_substitute
from tests import school
from tests.snapshot import Copied
from tests.tutoring.making import coming_lesson, past_lesson, project, weekly

PLAN, NOTES, REPORT = "canary-plan-1921", "canary-notes-2933", "canary-report-3947"
ANSWER, GOAL, PAID = "canary-answer-4953", "canary-goal-5967", "canary-paid-6971"
FILE = b"canary-file-7983"


def make_practice() -> SimpleNamespace:
    """`student` learns with `teacher` and `parent` pays; `stranger` learns with `other_teacher`."""
    from tests.conftest import make_people

    people = make_people()
    parent = school.person("parent")
    own = project(people.teacher, people.student, price=3000, notes=NOTES, taught="Rhetoric")
    foreign = project(people.other_teacher, people.stranger, price=2000, taught="German")
    set_payer(row=own.students.get(), email=parent.email)
    buy_package(
        project=own, payer=parent, units=2, minutes=90, price=100, bought_on=timezone.localdate(), expires_on=None,
        actor=people.teacher,
    )  # fmt: skip
    lessons = weekly(own, (0, "18:00"), from_date=timezone.localdate() + timedelta(days=10))
    past, coming = past_lesson(own, hours_ago=30), coming_lesson(own, hours=50)
    for lesson in (past, coming):
        lesson.theme, lesson.report, lesson.report_sent_at = PLAN, REPORT, timezone.now()
        lesson.save()
    mark(lesson=past, status=Status.HELD, actor=people.teacher)
    goal = Goal.objects.create(project=own, text=GOAL, points=3)
    item = Item(HomeworkItem.Kind.FILE, upload=SimpleUploadedFile("task.txt", FILE))
    homework = give_homework(
        teacher=people.teacher, title="Letter", items=[Item("text", text="Write"), item], students=[people.student],
        project=own,
    )  # fmt: skip
    copy = HomeworkCopy.objects.get(homework=homework)
    file = store_answer_file(copy=copy, upload=SimpleUploadedFile("answer.txt", FILE))
    hand_in(copy=copy, text=ANSWER)
    # gives one lesson for the teacher
    substitute = school.person("substitute", Role.TEACHER)
    give_to_substitute(lesson=coming, teacher=substitute, actor=people.admin)
    # looks after the students of every course, and not after private lessons
    registrar = school.person("registrar")
    registrar.user_permissions.add(Permission.objects.get(codename="run_school"))
    account = Account.objects.get(teacher=people.teacher, payer=parent)
    LedgerLine.objects.create(
        account=account, kind="payment", amount=500, currency="EUR", note=PAID, day=timezone.localdate(),
        key=f"test:{uuid.uuid4()}",
    )  # fmt: skip
    return SimpleNamespace(
        parent=parent,
        substitute=substitute,
        registrar=registrar,
        project=own,
        foreign=foreign,
        lessons=lessons,
        past=past,
        coming=coming,
        goal=goal,
        homework=homework,
        copy=HomeworkCopy.objects.get(homework=homework),
        file=file,
        account=account,
        rule=own.rules.get(),
        **vars(people),
    )


copied_practice = Copied(make_practice)


@pytest.fixture
def practice(db: None) -> SimpleNamespace:
    return copied_practice()  # type: ignore[no-any-return]


@pytest.fixture
def english(people: SimpleNamespace) -> Project:
    return project(people.teacher, people.student, price=3000)
