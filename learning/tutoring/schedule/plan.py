"""What a schedule would change, before it is applied: lessons created, moved, kept, cancelled, and those that clash."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.utils import timezone

from learning.tutoring.models import DayOff, Lesson, Project, ProjectStudent, Status, WeeklyRule
from learning.tutoring.schedule.busy import Busy, busy_of
from learning.tutoring.schedule.times import Occurrence, Slot, Version, monday_of, occurrences

WEEKS_AHEAD = 8
MOST_DAYS_AHEAD = 2 * 366  # for projects with an end
KEEP, FOLLOW = "keep", "follow"


@dataclass(frozen=True, slots=True)
class Created:
    """A lesson to be made; with `lesson`, one that comes back after the schedule had taken it out."""

    rule_id: int  # 0 for a rule that is not stored yet
    occurrence: Occurrence
    lesson: Lesson | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    lesson: Lesson
    occurrence: Occurrence
    rule_id: int


@dataclass(frozen=True, slots=True)
class ByHand:
    """A lesson that was moved by hand and that the rules now want elsewhere, or nowhere (`occurrence` is None)."""

    lesson: Lesson
    occurrence: Occurrence | None


@dataclass(frozen=True, slots=True)
class Clashing:
    """A lesson that cannot be where the rules want it."""

    rule_id: int
    occurrence: Occurrence
    lesson: Lesson | None  # the one to be moved; None for a new one
    with_ids: tuple[int, ...]


@dataclass(slots=True)
class Plan:
    """What applying would do. `by_hand` is decided by the teacher; lessons held or past are never in it."""

    created: list[Created] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    kept: list[Lesson] = field(default_factory=list)
    cancelled: list[Lesson] = field(default_factory=list)
    by_hand: list[ByHand] = field(default_factory=list)
    clashing: list[Clashing] = field(default_factory=list)
    days_off: list[Occurrence] = field(default_factory=list)  # left out

    @property
    def is_empty(self) -> bool:
        """Whether applying changes nothing."""
        return not (self.created or self.moved or self.cancelled or self.by_hand)

    def digest(self) -> str:
        """A short text that is the same only for the same changes: what was previewed is what is applied."""
        facts = [
            [[one.rule_id, str(one.occurrence.key), one.occurrence.starts_at.isoformat()] for one in self.created],
            [[one.lesson.pk, one.occurrence.starts_at.isoformat(), one.occurrence.minutes] for one in self.moved],
            [lesson.pk for lesson in self.cancelled],
            [[one.lesson.pk, one.occurrence and one.occurrence.starts_at.isoformat()] for one in self.by_hand],
            [[one.rule_id, one.occurrence.starts_at.isoformat()] for one in self.clashing],
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:20]


def horizon_of(project: Project, today: date) -> date:
    """The last day up to which lessons are made: the project's end, or eight weeks ahead."""
    if project.ends_on is None:
        return today + timedelta(weeks=WEEKS_AHEAD)
    return min(project.ends_on, today + timedelta(days=MOST_DAYS_AHEAD))


def stored_versions(project: Project) -> dict[int, list[Version]]:
    """The versions of each weekly rule of the project; three queries."""
    rules = WeeklyRule.objects.filter(project=project).prefetch_related("versions__slots").order_by("pk")
    return {
        rule.pk: [
            Version(
                version.from_date,
                version.until,
                version.every,
                tuple(Slot(slot.number, slot.weekday, slot.at, slot.minutes) for slot in version.slots.all()),
            )
            for version in rule.versions.all()
        ]
        for rule in rules
    }


def _is_off(day: date, ranges: Collection[tuple[date, date]]) -> bool:
    return any(first <= day <= last for first, last in ranges)


def ranges_off(project: Project, students: Sequence[ProjectStudent]) -> list[tuple[date, date]]:
    """Days on which the project has no lessons: the teacher's, and the student's where there is only one."""
    people = [project.teacher_id]
    if len(students) == 1:
        people.append(students[0].student_id)
    rows = DayOff.objects.filter(person_id__in=people).filter(project_id__in=[None, project.pk])
    own = DayOff.objects.filter(person_id__in=people, project=None) | rows
    return list(own.values_list("first", "last"))


class Planner:
    """Compares what rules want with the lessons that exist."""

    def __init__(
        self,
        project: Project,
        versions: Mapping[int, Sequence[Version]],
        *,
        now: datetime | None = None,
        decisions: Mapping[int, str] | None = None,
    ) -> None:
        self.project, self.versions = project, versions
        self.now = now or timezone.now()
        self.decisions = decisions or {}
        self.today = timezone.localtime(self.now, project.zone).date()
        self.students = list(ProjectStudent.objects.filter(project=project).order_by("pk"))
        self.plan = Plan()

    def make(self) -> Plan:
        lessons = list(Lesson.objects.filter(project=self.project, rule__isnull=False).order_by("starts_at", "pk"))
        for lesson in lessons:
            lesson.project = self.project
        last = horizon_of(self.project, self.today)
        # a lesson made for a day beyond the horizon is compared too, and not taken for one that no rule wants
        beyond = [lesson.rule_date for lesson in lessons if lesson.rule_date and lesson.status == Status.PLANNED]
        last = max([last, *beyond]) if self.project.ends_on is None else last
        off = ranges_off(self.project, [one for one in self.students if one.left_on is None])
        by_rule: dict[int, list[Lesson]] = defaultdict(list)
        for lesson in lessons:
            by_rule[lesson.rule_id or 0].append(lesson)
        for rule_id in {*self.versions, *by_rule}:
            wanted = occurrences(self.versions.get(rule_id, ()), self.project.zone, self.project.starts_on, last)
            self._compare(rule_id, wanted, by_rule[rule_id], off)
        self._place()
        return self.plan

    def _compare(
        self, rule_id: int, wanted: list[Occurrence], lessons: list[Lesson], off: list[tuple[date, date]]
    ) -> None:
        by_key = {(lesson.rule_date, lesson.slot): lesson for lesson in lessons}
        new: list[Occurrence] = []
        met: set[int] = set()
        for one in wanted:
            lesson = by_key.get(one.key)
            if lesson is not None:
                met.add(lesson.pk)
                self._meet(lesson, one, rule_id)
            elif one.starts_at > self.now:
                new.append(one)
        left = [lesson for lesson in lessons if lesson.pk not in met and self._is_open(lesson)]
        # a lesson whose weekday changes is the same lesson moved within its week, not one cancelled and one made
        in_week = {
            (monday_of(lesson.rule_date), lesson.slot): lesson
            for lesson in left
            if lesson.rule_date and not lesson.is_moved
        }
        for one in new:
            lesson = in_week.pop((monday_of(one.day), one.slot), None)
            if _is_off(one.day, off):
                self.plan.days_off.append(one)
            elif lesson is not None:
                self.plan.moved.append(Moved(lesson, one, rule_id))
                left.remove(lesson)
            else:
                self.plan.created.append(Created(rule_id, one))
        for lesson in left:
            if not lesson.is_moved:
                self.plan.cancelled.append(lesson)
            elif lesson.rule_starts_at is not None:
                self._decide(lesson, None, rule_id)

    def _is_open(self, lesson: Lesson) -> bool:
        """Whether a change of rules may touch it: planned and still to come."""
        return lesson.status == Status.PLANNED and lesson.starts_at > self.now

    def _meet(self, lesson: Lesson, one: Occurrence, rule_id: int) -> None:
        """Compare a lesson with what its rule wants for the same key."""
        if lesson.is_withdrawn:
            if one.starts_at > self.now:
                self.plan.created.append(Created(rule_id, one, lesson))
        elif not self._is_open(lesson) or (one.starts_at <= self.now and not lesson.is_moved):
            # held, missed, cancelled by someone, past: never touched
            return
        elif lesson.is_moved:
            if (lesson.rule_starts_at, lesson.rule_minutes) != (one.starts_at, one.minutes):
                self._decide(lesson, one, rule_id)
            else:
                self.plan.kept.append(lesson)
        elif (lesson.starts_at, lesson.ends_at) != (one.starts_at, one.ends_at):
            self.plan.moved.append(Moved(lesson, one, rule_id))
        else:
            self.plan.kept.append(lesson)

    def _decide(self, lesson: Lesson, one: Occurrence | None, rule_id: int) -> None:
        decision = self.decisions.get(lesson.pk)
        if decision == FOLLOW and one is not None and one.starts_at > self.now:
            self.plan.moved.append(Moved(lesson, one, rule_id))
        elif decision == FOLLOW and one is None:
            self.plan.cancelled.append(lesson)
        else:
            self.plan.by_hand.append(ByHand(lesson, one))

    def _place(self) -> None:
        """Find what clashes: with other lessons of the teacher and the students, and among the plan's own."""
        changes: list[Created | Moved] = [*self.plan.created, *self.plan.moved]
        changes.sort(key=lambda one: (one.occurrence.starts_at, one.occurrence.slot))
        if not changes:
            return
        people = {self.project.teacher_id, *(one.student_id for one in self.students)}
        first = min(self.now, changes[0].occurrence.starts_at)
        busy = busy_of(people, first, changes[-1].occurrence.ends_at, project_id=self.project.pk)
        self._add_own(busy, people, first)
        clashing: set[int] = set()  # by the identity of the change
        for change in changes:
            one, there = change.occurrence, self.people_on(change.occurrence.day)
            taken = busy.clashes(there, one.starts_at, one.ends_at)
            if taken:
                ids = tuple(sorted({row.lesson_id for _person, row in taken if row.lesson_id}))
                self.plan.clashing.append(Clashing(change.rule_id, one, change.lesson, ids))
                clashing.add(id(change))
            for person_id in there if not taken else ():
                busy.add(person_id, one.starts_at, one.ends_at, change.lesson.pk if change.lesson else None)
        self.plan.created = [change for change in self.plan.created if id(change) not in clashing]
        self.plan.moved = [change for change in self.plan.moved if id(change) not in clashing]

    def _add_own(self, busy: Busy, people: set[int], first: datetime) -> None:
        """Add the lessons of this project that stay where they are."""
        gone = {lesson.pk for lesson in self.plan.cancelled} | {one.lesson.pk for one in self.plan.moved}
        rows = Lesson.objects.filter(project=self.project, ends_at__gt=first).taking_time().exclude(pk__in=gone)
        for pk, starts_at, ends_at in rows.order_by().values_list("pk", "starts_at", "ends_at"):
            for person_id in people:
                busy.add(person_id, starts_at, ends_at, pk)

    def people_on(self, day: date) -> list[int]:
        """The teacher, and the students who take part on this day."""
        students = [
            one.student_id
            for one in self.students
            if one.joined_on <= day and (one.left_on is None or one.left_on > day)
        ]
        return [self.project.teacher_id, *dict.fromkeys(students)]
