"""The private lessons of the demo school: three projects of one teacher, relative to the day on which it is loaded."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from learning.accounts.models import User
from learning.base.demo import DemoPart, DemoSchool, register_demo_part
from learning.tutoring.lessons.marking import mark, set_presence
from learning.tutoring.models import (
    Account,
    Allocation,
    Attempt,
    Goal,
    Homework,
    HomeworkCopy,
    HomeworkItem,
    LedgerLine,
    Lesson,
    LessonKind,
    LessonTask,
    Package,
    Policy,
    Presence,
    Project,
    ProjectStudent,
    Status,
)
from learning.tutoring.models.homework import HomeworkState
from learning.tutoring.money.ledger import add_payment
from learning.tutoring.money.packages import buy_package
from learning.tutoring.projects.actions import write_label
from learning.tutoring.schedule.applying import NEW, Proposal, apply_rules
from learning.tutoring.schedule.changing import add_lesson
from learning.tutoring.schedule.times import Slot, Version, instant_of

TEACHER, VERA, TOM = "teacher@example.org", "student@example.org", "student2@example.org"
# Tom's clocks change on other days than the teacher's, Vera's never do
ZONES = {TEACHER: "Europe/Paris", VERA: "Asia/Tbilisi", TOM: "America/New_York"}
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DemoProject:
    """One project: who, what, when, and how far it is."""

    taught: str
    levels: tuple[str, str]
    students: tuple[str, ...]
    kinds: tuple[str, ...]
    price: int
    minutes: int
    slots: tuple[tuple[int, str], ...]
    weeks: tuple[int, int | None]  # begun so long ago, ends in so long
    goals: tuple[tuple[str, int, bool], ...]
    themes: tuple[str, ...]


PROJECTS = (
    DemoProject(
        "English",
        ("A2", "B1"),
        (VERA,),
        ("one", "online"),
        3000,
        60,
        ((0, "18:00"), (3, "18:00")),
        (10, 6),
        (
            ("Order a meal and complain politely", 3, True),
            ("Tell a story in the past", 5, True),
            ("Write a letter of application", 5, True),
            ("Hold a talk of five minutes", 3, False),
        ),
        ("Small talk at work", "Past simple and past continuous", "Letters: tone and form", "Asking for directions"),
    ),
    DemoProject(
        "French",
        ("A1", "A2"),
        (TOM,),
        ("one", "online"),
        2500,
        45,
        ((1, "17:30"),),
        (9, 3),
        (
            ("Introduce oneself and others", 2, True),
            ("Numbers, prices, the clock", 3, False),
            ("Read a menu aloud", 2, False),
            ("The test of level A1", 5, False),
        ),
        ("Bonjour et au revoir", "Les nombres jusqu’à cent", "Au marché"),
    ),
    DemoProject(
        "English conversation",
        ("B1", "B2"),
        (VERA, TOM),
        ("group", "online"),
        1500,
        90,
        ((5, "11:00"),),
        (6, None),
        (("Talk about a film for ten minutes", 3, False),),
        ("A film that everyone should see", "News of the week"),
    ),
)


def _add(school: DemoSchool) -> None:
    people = school.people
    for email, zone in ZONES.items():
        people[email].time_zone = zone
        people[email].save(update_fields=["time_zone"])
    english, french, group = (_make_project(people, facts) for facts in PROJECTS)
    _sell_package(english, people[VERA])
    _hold(english, PROJECTS[0])
    _pay_some(french, people[TOM], _hold(french, PROJECTS[1]))
    _hold(group, PROJECTS[2])
    _leave_one_to_mark(french)
    _plan_next(english)
    _give_homework(english, people[VERA])
    _give_homework_to_group(group, [people[VERA], people[TOM]])


def _make_project(people: dict[str, User], facts: DemoProject) -> Project:
    teacher = people[TEACHER]
    ago, ahead = facts.weeks
    today = timezone.localdate(timezone=_zone())
    project = Project.objects.create(
        teacher=teacher,
        taught=facts.taught,
        level_from=facts.levels[0],
        level_to=facts.levels[1],
        starts_on=today - ago * WEEK,
        ends_on=today + ahead * WEEK if ahead is not None else None,
        minutes=facts.minutes,
        price=facts.price,
        currency="EUR",
        place="https://meet.example.org/parta-demo",
        time_zone=ZONES[TEACHER],
        policy=Policy.objects.filter(owner=None).order_by("pk")[0],
        notes="Likes to talk about books. Corrections after speaking, not during it.",
    )
    project.kinds.set(LessonKind.objects.filter(code__in=facts.kinds))
    for email in facts.students:
        # not through the actions: those write mail
        ProjectStudent.objects.create(project=project, student=people[email], joined_on=project.starts_on)
    write_label(project)
    done_at = timezone.now() - WEEK
    Goal.objects.bulk_create(
        [
            Goal(project=project, text=text, points=points, by=project.ends_on, done_at=done_at if done else None)
            for text, points, done in facts.goals
        ]
    )
    slots = tuple(
        Slot(number, weekday, time.fromisoformat(at), facts.minutes) for number, (weekday, at) in enumerate(facts.slots)
    )
    # without an actor, as the nightly job: that writes no mail
    apply_rules(project=project, actor=None, proposal=Proposal(NEW, Version(today, None, 1, slots)))
    return project


def _zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(ZONES[TEACHER])


def _hold(project: Project, facts: DemoProject) -> list[Lesson]:
    """The lessons up to yesterday, held; one missed and one with an excused student."""
    held: list[Lesson] = []
    today = project.today
    monday = today - timedelta(days=today.weekday())
    for week in range(facts.weeks[0], -1, -1):
        for weekday, at in facts.slots:
            day = monday - week * WEEK + timedelta(days=weekday)
            if not project.starts_on <= day < today:
                continue
            starts_at = instant_of(day, time.fromisoformat(at), project.zone)
            lesson = add_lesson(project=project, starts_at=starts_at, minutes=facts.minutes, actor=project.teacher)
            lesson.theme = facts.themes[len(held) % len(facts.themes)]
            lesson.save(update_fields=["theme"])
            status = Status.MISSED if len(held) == 4 else Status.HELD
            held.append(mark(lesson=lesson, status=status, actor=project.teacher)[0])
    if len(facts.students) > 1 and held:
        student = held[-1].attendances.order_by("-pk")[0].student_id
        set_presence(lesson=held[-1], presences={student: Presence.EXCUSED}, actor=project.teacher)
    return held


def _sell_package(project: Project, payer: User) -> None:
    """Half of it is used and half is left; paid."""
    package = buy_package(
        project=project,
        payer=payer,
        units=38,
        minutes=60,
        price=95_000,
        bought_on=project.starts_on,
        expires_on=project.ends_on,
        actor=project.teacher,
    )
    add_payment(
        teacher=project.teacher,
        payer=payer,
        amount=package.price,
        currency=package.currency,
        day=project.starts_on,
        method="transfer",
        actor=project.teacher,
        note="Package no. 1",
    )


def _pay_some(project: Project, payer: User, held: list[Lesson]) -> None:
    """The first lessons are paid, the last month is not."""
    paid = max(len(held) - 4, 0)
    if paid:
        add_payment(
            teacher=project.teacher,
            payer=payer,
            amount=paid * project.price,
            currency=project.currency,
            day=held[paid - 1].local_date,
            method="cash",
            actor=project.teacher,
        )


def _leave_one_to_mark(project: Project) -> None:
    """A single lesson of yesterday that waits for its mark."""
    yesterday = project.today - timedelta(days=1)
    starts_at = instant_of(yesterday, time(9), project.zone)
    add_lesson(project=project, starts_at=starts_at, minutes=45, actor=project.teacher)


def _plan_next(project: Project) -> None:
    lesson = Lesson.objects.filter(project=project, status=Status.PLANNED, starts_at__gt=timezone.now()).first()
    if lesson is None:
        return
    lesson.theme = "Reported speech"
    lesson.aims = "Retell a conversation without quoting it."
    lesson.new_words = "to mention, to claim, to suggest, to deny"
    lesson.processes = "Warm-up 5 min, text 15 min, pairs of sentences 20 min, free talk 20 min."
    lesson.pages = "42–45"
    lesson.save()
    for text in ("Correct the letter", "Dialogue on page 43", "New words into the deck"):
        LessonTask.objects.create(lesson=lesson, text=text, points=1)


HOMEWORK = (
    ("Letter to a hotel", HomeworkState.ACCEPTED, "Dear Sir or Madam, I would like to book a room.", "Well done!"),
    ("Ten sentences with “used to”", HomeworkState.RETURNED, "I used to live in Paris.", "Nine more, please."),
    ("My last holiday", HomeworkState.HANDED_IN, "Last summer we went to the mountains.", ""),
    ("Page 44, exercises 1 to 3", HomeworkState.GIVEN, "", ""),
    ("Film with subtitles", HomeworkState.EXCUSED, "", ""),
)


def _give_homework(project: Project, student: User) -> None:
    now = timezone.now()
    due = Lesson.objects.filter(project=project, status=Status.PLANNED, starts_at__gt=now).order_by("starts_at").first()
    for place, (title, state, text, comment) in enumerate(HOMEWORK):
        is_last = state == HomeworkState.GIVEN
        homework = _homework(project, title, due if is_last else None, now - timedelta(days=10 - place))
        copy = HomeworkCopy.objects.create(homework=homework, student=student, state=state, comment=comment)
        if text:
            handed_in = now - timedelta(days=8 - place)
            Attempt.objects.create(copy=copy, number=1, text=text, at=handed_in, comment=comment)
            copy.handed_in_at = handed_in
            copy.points = 5 if state == HomeworkState.ACCEPTED else None
            copy.save(update_fields=["handed_in_at", "points"])


def _homework(project: Project, title: str, lesson: Lesson | None, given: datetime) -> Homework:
    homework = Homework.objects.create(
        teacher=project.teacher,
        project=project,
        title=title,
        due_lesson=lesson,
        due_at=lesson.starts_at if lesson else (given + timedelta(days=5)).replace(hour=18, minute=0),
        points=5,
        given_at=given,
    )
    HomeworkItem.objects.create(homework=homework, kind=HomeworkItem.Kind.TEXT, text=f"{title}. Write it here.")
    return homework


def _give_homework_to_group(project: Project, students: list[User]) -> None:
    homework = _homework(project, "A film that you would show your friends", None, timezone.now() - timedelta(days=2))
    for student in students:
        HomeworkCopy.objects.create(homework=homework, student=student)


def _forget_people(people: set[int]) -> None:
    """Delete the private lessons of the demo people, ledgers included, which nothing else deletes."""
    projects = Project.objects.filter(teacher_id__in=people)
    lines = LedgerLine.objects.filter(account__teacher_id__in=people)
    Allocation.objects.filter(payment__in=lines).delete()
    # past the guard of the ledger: these lines never were anyone's money
    lines.exclude(reverses=None)._raw_delete(lines.db)  # type: ignore[attr-defined]
    lines._raw_delete(lines.db)  # type: ignore[attr-defined]
    Homework.objects.filter(project__in=projects).delete()
    Lesson.objects.filter(project__in=projects).delete()
    Package.objects.filter(account__teacher_id__in=people).delete()
    projects.delete()
    Account.objects.filter(teacher_id__in=people).delete()
    Policy.objects.filter(owner_id__in=people).delete()


register_demo_part(DemoPart("private lessons", add=_add, forget_people=_forget_people))
