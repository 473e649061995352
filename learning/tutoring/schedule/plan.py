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
                self._meet(lesson, one, rule_id, is_off=_is_off(one.day, off))
            elif one.starts_at > self.now:
                new.append(one)
        unmet = [lesson for lesson in lessons if lesson.pk not in met and not lesson.is_withdrawn]
        left = [lesson for lesson in unmet if self._is_open(lesson)]
        # a lesson whose weekday changes is the same lesson moved within its week, not one cancelled and one made; the
        # week of a lesson that someone has cancelled gets no other
        in_week = {
            (monday_of(lesson.rule_date), lesson.slot): lesson
            for lesson in unmet
            if lesson.rule_date and lesson.status in {Status.PLANNED, Status.CANCELLED}
        }
        for one in new:
            lesson = in_week.pop((monday_of(one.day), one.slot), None)
            if _is_off(one.day, off):
                self.plan.days_off.append(one)
            elif lesson is not None and not self._is_open(lesson):
                continue
            elif lesson is not None and lesson.is_moved:
                left.remove(lesson)
                self._decide(lesson, one, rule_id)
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

    def _meet(self, lesson: Lesson, one: Occurrence, rule_id: int, *, is_off: bool) -> None:
        """Compare a lesson with what its rule wants for the same key."""
        if lesson.is_withdrawn:
            if lesson.is_moved and lesson.starts_at > self.now:
                # it comes back where it was moved to by hand
                one = Occurrence(one.day, one.slot, lesson.starts_at, lesson.ends_at)
            if is_off:
                self.plan.days_off.append(one)
            elif one.starts_at > self.now:
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
        """Find what clashes: with other lessons of its people, and among the plan's own.

        A lesson that cannot move keeps its old time, which another change may have wanted: so this is repeated until
        no further lesson has to stay.
        """
        changes: list[Created | Moved] = [*self.plan.created, *self.plan.moved]
        changes.sort(key=lambda one: (one.occurrence.starts_at, one.occurrence.slot))
        if not changes:
            return
        first = min(self.now, changes[0].occurrence.starts_at)
        last = changes[-1].occurrence.ends_at
        own = list(Lesson.objects.filter(project=self.project, ends_at__gt=first).taking_time().order_by("pk"))
        people = {self.project.teacher_id, *(one.teacher_id for one in own)}
        people |= {one.student_id for one in self.students}
        stays: set[int] = set()
        while True:
            busy = busy_of(people, first, last, project_id=self.project.pk)
            clashing = self._clashing_of(changes, busy, own, stays)
            more = {change.lesson.pk for change, _ids in clashing if isinstance(change, Moved)} - stays
            if not more:
                break
            stays |= more
        refused = {id(change) for change, _ids in clashing}
        self.plan.clashing = [
            Clashing(change.rule_id, change.occurrence, change.lesson, ids) for change, ids in clashing
        ]
        self.plan.created = [change for change in self.plan.created if id(change) not in refused]
        self.plan.moved = [change for change in self.plan.moved if id(change) not in refused]

    def _clashing_of(
        self, changes: list["Created | Moved"], busy: Busy, own: list[Lesson], stays: set[int]
    ) -> list[tuple["Created | Moved", tuple[int, ...]]]:
        """The changes that find no free time, each with the ids of the lessons that take it; `stays` cannot move."""
        moving = {one.lesson.pk for one in self.plan.moved} - stays
        gone = moving | {lesson.pk for lesson in self.plan.cancelled}
        for lesson in own:
            for person_id in self._people_of(lesson) if lesson.pk not in gone else ():
                busy.add(person_id, lesson.starts_at, lesson.ends_at, lesson.pk)
        found: list[tuple[Created | Moved, tuple[int, ...]]] = []
        for change in changes:
            one = change.occurrence
            there = self.people_on(one.day)
            if isinstance(change, Moved):
                # a substitute keeps the lesson, and so their time is what must be free
                there[0] = change.lesson.teacher_id
            taken = busy.clashes(there, one.starts_at, one.ends_at)
            is_staying = isinstance(change, Moved) and change.lesson.pk in stays
            if taken or is_staying:
                found.append((change, tuple(sorted({row.lesson_id for _who, row in taken if row.lesson_id}))))
                continue
            for person_id in there:
                busy.add(person_id, one.starts_at, one.ends_at, change.lesson.pk if change.lesson else None)
        return found

    def _people_of(self, lesson: Lesson) -> list[int]:
        return [lesson.teacher_id, *self.people_on(lesson.local_date)[1:]]

    def people_on(self, day: date) -> list[int]:
        """The teacher, and the students who take part on this day."""
        students = [
            one.student_id
            for one in self.students
            if one.joined_on <= day and (one.left_on is None or one.left_on > day)
        ]
        return [self.project.teacher_id, *dict.fromkeys(students)]
