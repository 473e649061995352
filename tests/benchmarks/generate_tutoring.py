"""A teacher with a week of 40 lessons and a statement of 500 lines; and other teachers with very many of both.

Written in bulk, for measuring: the rows are what the actions would write, without their checks.
"""

import uuid
from datetime import UTC, date, datetime, time, timedelta

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.tutoring.models import Account, Attendance, LedgerLine, Lesson, LineKind, Policy, Project, ProjectStudent
from learning.tutoring.schedule.applying import NEW, Proposal, apply_rules
from learning.tutoring.schedule.times import Slot, Version, monday_of

BATCH = 5_000
LESSONS_A_WEEK, STATEMENT_LINES, STUDENTS = 40, 500, 8


def _person(name: str, role: str) -> User:
    person = User.objects.create_user(f"{name}@tutoring.example.org", display_name=name.title(), time_zone="UTC")
    person.groups.add(Group.objects.get(name=role))
    return person


def _project(teacher: User, student: User, taught: str) -> Project:
    project = Project.objects.create(
        teacher=teacher,
        taught=taught,
        label=f"{taught}, {student}",
        price=3000,
        time_zone="UTC",
        policy=Policy.objects.order_by("pk")[0],
        starts_on=timezone.localdate() - timedelta(days=700),
    )
    ProjectStudent.objects.create(project=project, student=student, joined_on=project.starts_on)
    return project


def _lessons(project: Project, starts: list[datetime], status: str) -> list[Lesson]:
    version = project.policy.current
    student = project.students.get().student_id
    lessons = Lesson.objects.bulk_create(
        [
            Lesson(
                project=project, teacher_id=project.teacher_id, starts_at=at, ends_at=at + timedelta(minutes=45),
                status=status, price=3000, currency="EUR", policy=version,
            )
            for at in starts
        ],
        batch_size=BATCH,
    )  # fmt: skip
    Attendance.objects.bulk_create(
        [
            Attendance(lesson=one, student_id=student, payer_id=student, starts_at=one.starts_at, ends_at=one.ends_at)
            for one in lessons
        ],
        batch_size=BATCH,
    )
    return lessons


def _charge(account: Account, lessons: list[Lesson], lines: int) -> None:
    """So many lines: a charge for each lesson in turn, and every tenth line a payment of ten."""
    rows = []
    for n in range(lines):
        lesson = lessons[n % len(lessons)]
        is_payment = n % 10 == 9
        rows.append(
            LedgerLine(
                account=account,
                kind=LineKind.PAYMENT if is_payment else LineKind.CHARGE,
                amount=27_000 if is_payment else -3000,
                currency="EUR",
                lesson=None if is_payment else lesson,
                student_id=None if is_payment else account.payer_id,
                method="cash" if is_payment else "",
                day=lesson.starts_at.date(),
                key=f"bench:{uuid.uuid4()}",
            )
        )
    LedgerLine.objects.bulk_create(rows, batch_size=BATCH)


@transaction.atomic
def make_practice() -> dict[str, object]:
    """The measured teacher and student; returns what the client needs."""
    teacher = _person("measured-teacher", Role.TEACHER)
    students = [_person(f"measured-student-{n}", Role.STUDENT) for n in range(STUDENTS)]
    monday = monday_of(timezone.localdate())
    projects = [_project(teacher, student, f"Subject {n}") for n, student in enumerate(students)]
    for n, project in enumerate(projects):
        # five lessons each, at an hour of its own
        starts = [
            datetime.combine(monday + timedelta(days=day), time(9 + n), tzinfo=UTC)
            for day in range(LESSONS_A_WEEK // STUDENTS)
        ]
        _lessons(project, starts, "planned")
    begins = datetime.combine(date(2025, 1, 1), time(7), tzinfo=UTC)
    past = _lessons(projects[0], [begins + timedelta(days=n) for n in range(450)], "held")
    account = Account.objects.create(teacher=teacher, payer=students[0])
    _charge(account, past, STATEMENT_LINES)
    sessions = []
    for person in (teacher, students[0]):
        client = Client()
        client.force_login(person, backend="learning.accounts.backend.AuthenticationBackend")
        sessions.append(client.cookies["sessionid"].value)
    return {"teacher_session": sessions[0], "student_session": sessions[1], "account": account.pk}


def make_others(*, lessons: int, lines: int, teachers: int = 50) -> None:
    """The rest of the school: so many lessons and ledger lines of other teachers."""
    begins = datetime.combine(date(2020, 1, 1), time(6), tzinfo=UTC)
    for n in range(teachers):
        with transaction.atomic():
            teacher, student = _person(f"teacher-{n}", Role.TEACHER), _person(f"student-{n}", Role.STUDENT)
            project = _project(teacher, student, f"Matter {n}")
            made = _lessons(project, [begins + timedelta(hours=k) for k in range(lessons // teachers)], "held")
            _charge(Account.objects.create(teacher=teacher, payer=student), made, lines // teachers)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def time_rules() -> float:
    """Seconds that it takes to make 5 lessons a week for 52 weeks, from the rule to the stored lessons."""
    import time as clock

    teacher, student = (
        _person(f"rules-{uuid.uuid4().hex[:6]}", Role.TEACHER),
        _person(f"of-{uuid.uuid4().hex[:6]}", Role.STUDENT),
    )
    project = _project(teacher, student, "Rules")
    project.ends_on = project.today + timedelta(weeks=52)
    project.save()
    slots = tuple(Slot(n, n, time(10), 60) for n in range(5))
    proposal = Proposal(NEW, Version(project.today + timedelta(days=1), None, 1, slots))
    before = clock.perf_counter()
    plan = apply_rules(project=project, actor=teacher, proposal=proposal)
    seconds = clock.perf_counter() - before
    if len(plan.created) < 255:
        raise RuntimeError(f"only {len(plan.created)} lessons were made")
    return seconds


def time_statement(account_id: int) -> float:
    """CPU milliseconds of a statement of 500 lines, as rows of words and amounts."""
    import time as clock

    from learning.tutoring.money.statement import statements

    account = Account.objects.get(pk=account_id)
    before = clock.process_time()
    (found,) = statements(account, date(2020, 1, 1), date(2099, 1, 1))
    texts = [(one.words, one.amount_text, one.balance_text) for one in found.lines]
    milliseconds = (clock.process_time() - before) * 1000
    if len(texts) != STATEMENT_LINES:
        raise RuntimeError(f"the statement has {len(texts)} lines")
    return milliseconds
