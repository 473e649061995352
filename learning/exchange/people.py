"""Import people and enrolments from a table.

The same plan is made for the dry run and for the real one; the real one then carries it out. Rows are
taken in batches, each in a transaction that also moves `position` on: whatever kills the worker, the
next one goes on with the first row that is not behind it, and no row takes effect twice.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Lower
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from learning.accounts.actions import record
from learning.accounts.models import User
from learning.base.numbers import parse_id
from learning.base.sheet_rows import read_rows
from learning.courses.models import CoursePage
from learning.enrollment import actions
from learning.enrollment.invitations import Guest, invite_many
from learning.enrollment.models import Enrollment, Invitation, StudyGroup
from learning.enrollment.rights import managed_courses
from learning.enrollment.statuses import READING, By, Status, may_go
from learning.exchange import deeds
from learning.exchange.models import ImportRow, ImportRun

BATCH = 200
KEPT_DAYS = 90
Outcome = ImportRow.Outcome

# What a column may hold, and the headings that we know it by.
COLUMNS = {
    "email": (gettext_lazy("E-mail"), ("e-mail", "email", "mail", "почта", "эл. почта", "courriel", "адрес")),
    "name": (gettext_lazy("Name"), ("name", "имя", "фио", "nom", "student", "студент")),
    "course": (gettext_lazy("Course"), ("course", "курс", "cours")),
    "group": (gettext_lazy("Study group"), ("study group", "group", "группа", "учебная группа", "groupe")),
    "reason": (gettext_lazy("Reason"), ("reason", "note", "причина", "motif")),
}


def guess_columns(headings: list[str]) -> dict[str, int]:
    """Which column holds what, by the words of the headings."""
    guessed: dict[str, int] = {}
    for what, (_label, words) in COLUMNS.items():
        for number, heading in enumerate(headings):
            if heading.strip().lower() in words and number not in guessed.values():
                guessed[what] = number
                break
    return guessed


@dataclass(frozen=True)
class Wish:
    """What one row asks for."""

    number: int
    email: str
    name: str
    course: str
    group: str
    reason: str


@dataclass
class RowStep:
    """What becomes of one row, and what has to be done for it."""

    wish: Wish
    outcome: Outcome
    said: str
    course: CoursePage | None = None
    group: StudyGroup | None = None
    person: User | None = None
    enrollment: Enrollment | None = None


def _wishes(run: ImportRun) -> Iterator[Wish]:
    """The rows below the headings."""
    with run.file.open("rb") as file:
        for number, cells in enumerate(read_rows(file, run.filename), start=1):
            if number == 1:
                continue

            def cell(what: str, cells: list[str] = cells) -> str:
                place = run.columns.get(what)
                return cells[place] if place is not None and place < len(cells) else ""

            wanted = {what: cell(what) for what in COLUMNS}
            yield Wish(
                number, wanted["email"].lower(), wanted["name"], wanted["course"], wanted["group"], wanted["reason"]
            )


class Planner:
    """Says what would become of rows as the school is now; `planned` is what earlier rows of the file will do."""

    def __init__(self, run: ImportRun, planned: set[tuple[str, int]] | None = None) -> None:
        self.run = run
        self.courses: dict[str, CoursePage | None] = {}
        self.managed = managed_courses(run.owner)
        self.taken: dict[int, int] = {}  # seats by course, with those that the plan gives
        self.places: dict[int, int] = {}  # members by group, likewise
        self.planned = set() if planned is None else planned
        self.groups: dict[int, dict[str, StudyGroup]] = {}

    def note(self, wish: Wish) -> None:
        """A row that is behind: another one of the same person and course is one too many."""
        course = self._course(wish.course)
        if course is not None:
            self.planned.add((wish.email, course.pk))

    def _course(self, named: str) -> CoursePage | None:
        """The course by its key, the last part of its address, or its title; among those that the owner looks after."""
        key = named.lower()
        if key not in self.courses:
            if not named:
                found = self.managed.filter(pk=self.run.course_id or 0)
            else:
                course_id = parse_id(named)
                found = self.managed.filter(pk=course_id) if course_id is not None else self.managed.none()
                found = found or self.managed.filter(slug=key) or self.managed.filter(title__iexact=named)[:2]
            self.courses[key] = found[0] if len(found) == 1 else None
        return self.courses[key]

    def _group(self, course: CoursePage, named: str) -> StudyGroup | None:
        if course.pk not in self.groups:
            rows = StudyGroup.objects.filter(course=course)
            self.groups[course.pk] = {group.name.lower(): group for group in rows}
        return self.groups[course.pk].get(named.lower())

    def plan(self, wishes: list[Wish]) -> list[RowStep]:
        """One step for each row; four queries for the batch beside those for courses and groups not met before."""
        emails = [wish.email for wish in wishes]
        rows = User.objects.annotate(low=Lower("email")).filter(low__in=emails)
        people: dict[str, User] = {person.email.lower(): person for person in rows}
        courses = {course.pk for wish in wishes if (course := self._course(wish.course))}
        enrollments = {
            (row.user_id, row.course_id): row
            for row in Enrollment.objects.filter(user__in=people.values(), course_id__in=courses)
        }
        invited = {
            (row.email, row.course_id): row
            for row in Invitation.objects.filter(email__in=emails, course_id__in=courses)
        }
        return [self._step(wish, people, enrollments, invited) for wish in wishes]

    def _step(  # noqa: PLR0911  (a list of reasons)
        self,
        wish: Wish,
        people: dict[str, User],
        enrollments: dict[tuple[int, int], Enrollment],
        invited: dict[tuple[str, int], Invitation],
    ) -> RowStep:
        def wrong(why: str) -> RowStep:
            return RowStep(wish, Outcome.WRONG, why)

        try:
            validate_email(wish.email)
        except ValidationError:
            return wrong(_("This is not an e-mail address."))
        course = self._course(wish.course)
        if course is None:
            if wish.course:
                return wrong(_("You look after no course “%(name)s”, or more than one.") % {"name": wish.course[:80]})
            return wrong(_("No course is named, and none was chosen for the file."))
        if (wish.email, course.pk) in self.planned:
            return RowStep(wish, Outcome.SKIP, _("The same person and course stand in the file before."))
        group = None
        if wish.group:
            group = self._group(course, wish.group)
            if group is None:
                return wrong(_("The course has no study group “%(name)s”.") % {"name": wish.group[:80]})
        person = people.get(wish.email)
        if person is None:
            step = self._invitation(wish, course, group, invited.get((wish.email, course.pk)))
        elif not person.is_active:
            return wrong(_("This account is closed."))
        else:
            step = self._enrollment(wish, course, group, person, enrollments.get((person.pk, course.pk)))
        self.planned.add((wish.email, course.pk))
        return step

    def _invitation(
        self, wish: Wish, course: CoursePage, group: StudyGroup | None, there: Invitation | None
    ) -> RowStep:
        if there is None:
            return RowStep(wish, Outcome.CREATE, self._promise(course), course, group)
        if there.enrols and there.group_id == (group.pk if group else there.group_id):
            return RowStep(wish, Outcome.SKIP, _("Is invited already."))
        return RowStep(wish, Outcome.CHANGE, _("Is invited already; will be enrolled at sign-up."), course, group)

    def _promise(self, course: CoursePage) -> str:
        """What an invitation may promise: seats are given at sign-up, not kept."""
        if course.capacity is None:
            return _("Unknown here: gets an invitation and is enrolled at sign-up.")
        if self._seat(course, None):
            return _("Unknown here: gets an invitation and is enrolled at sign-up, if a seat is free then.")
        return _("Unknown here: gets an invitation. The course is full; is enrolled at sign-up only if a seat is free.")

    def _enrollment(  # noqa: PLR0911  (likewise)
        self, wish: Wish, course: CoursePage, group: StudyGroup | None, person: User, there: Enrollment | None
    ) -> RowStep:
        moves = group is not None and (there is None or there.group_id != group.pk)
        facts = {"course": course, "group": group, "person": person, "enrollment": there}
        full = RowStep(wish, Outcome.WRONG, _("The study group “%(name)s” is full.") % {"name": group})
        if there is not None and there.status in READING:
            if not moves:
                return RowStep(wish, Outcome.SKIP, _("Is enrolled already."))
            if not self._place(group):
                return full
            return RowStep(wish, Outcome.CHANGE, _("Moves to “%(group)s”.") % {"group": group}, **facts)  # type: ignore[arg-type]
        before = Status(there.status) if there else None
        if not may_go(before, Status.ACTIVE, By.STAFF):
            return RowStep(wish, Outcome.WRONG, _("Has left; only they can come back by themselves."))
        if moves and not self._has_place(group):
            return full
        if not self._seat(course, there):
            return RowStep(wish, Outcome.WRONG, _("All seats of this course are taken."))
        if moves:
            self._place(group)
        if there is None:
            return RowStep(wish, Outcome.CREATE, _("Is enrolled."), **facts)  # type: ignore[arg-type]
        said = _("“%(before)s” becomes “%(after)s”.") % {
            "before": before.label if before else "",
            "after": Status.ACTIVE.label,
        }
        return RowStep(wish, Outcome.CHANGE, said, **facts)  # type: ignore[arg-type]

    def _seat(self, course: CoursePage, there: Enrollment | None) -> bool:
        if course.capacity is None or (there is not None and there.status == Status.PAUSED):
            return True
        if course.pk not in self.taken:
            self.taken[course.pk] = actions.seats_taken(course.pk)
        if self.taken[course.pk] >= course.capacity:
            return False
        self.taken[course.pk] += 1
        return True

    def _has_place(self, group: StudyGroup | None) -> bool:
        if group is None or group.capacity is None:
            return True
        if group.pk not in self.places:
            self.places[group.pk] = group.count_members()
        return self.places[group.pk] < group.capacity

    def _place(self, group: StudyGroup | None) -> bool:
        """Take a place of the group; returns whether there was one."""
        if not self._has_place(group):
            return False
        if group is not None and group.capacity is not None:
            self.places[group.pk] += 1
        return True


def _batches(wishes: Iterator[Wish]) -> Iterator[list[Wish]]:
    while batch := list(islice(wishes, BATCH)):
        yield batch


def _rows(run: ImportRun, steps: list[RowStep]) -> list[ImportRow]:
    return [
        ImportRow(run=run, number=s.wish.number, email=s.wish.email[:254], outcome=s.outcome, said=s.said[:300])
        for s in steps
    ]


def give_up(run: ImportRun, error: ValidationError) -> None:
    ImportRun.objects.filter(pk=run.pk).update(
        state=ImportRun.State.FAILED, problem="\n".join(error.messages)[:500], finished_at=timezone.now()
    )


def check(*, run_id: int) -> int:
    """The dry run: says of every row what would become of it. It begins anew when it was broken off.

    Returns how many rows there are.
    """
    run = ImportRun.objects.select_related("owner").get(pk=run_id)
    if run.state != ImportRun.State.CHECKING:
        return 0
    with translation.override(run.owner.language or None):
        ImportRow.objects.filter(run=run).delete()
        planner = Planner(run)
        try:
            total = sum(1 for _wish in _wishes(run))
            ImportRun.objects.filter(pk=run.pk).update(total=total, position=0)
            for batch in _batches(_wishes(run)):
                with transaction.atomic():
                    ImportRow.objects.bulk_create(_rows(run, planner.plan(batch)))
                    ImportRun.objects.filter(pk=run.pk).update(position=batch[-1].number - 1)
        except ValidationError as error:
            give_up(run, error)
            return 0
    ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State.CHECKED)
    return total


def apply(*, run_id: int) -> int:
    """Carries the table out from where it stands; returns how many rows this run took."""
    run = ImportRun.objects.select_related("owner").get(pk=run_id)
    if run.state != ImportRun.State.APPLYING:
        return 0
    taken = 0
    with translation.override(run.owner.language or None):
        try:
            wishes = _wishes(run)
            planned: set[tuple[str, int]] = set()
            behind = Planner(run, planned)
            for wish in islice(wishes, run.position):
                behind.note(wish)
            for batch in _batches(wishes):
                taken += _apply_batch(run, batch, planned)
        except ValidationError as error:
            give_up(run, error)
            return taken
    with transaction.atomic():
        ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State.DONE, finished_at=timezone.now())
        facts = {"run": run.pk, "rows": run.total}
        record(deeds.IMPORT, actor=run.owner, course_id=run.course_id, facts=facts)
    return taken


@transaction.atomic
def _apply_batch(run: ImportRun, batch: list[Wish], planned: set[tuple[str, int]]) -> int:
    locked = ImportRun.objects.select_for_update().get(pk=run.pk)
    if locked.position >= batch[-1].number - 1 or locked.state != ImportRun.State.APPLYING:
        return 0  # another worker has been here
    steps = Planner(run, planned).plan(batch)
    todo = [step for step in steps if step.outcome in (Outcome.CREATE, Outcome.CHANGE)]
    by_course: dict[int, list[RowStep]] = defaultdict(list)
    for step in todo:
        if step.course:
            by_course[step.course.pk].append(step)
    for course_id in sorted(by_course):
        _carry_out(run, course_id, by_course[course_id])
    numbers = [step.wish.number for step in steps]
    ImportRow.objects.filter(run=run, number__in=numbers).delete()
    ImportRow.objects.bulk_create(_rows(run, steps))
    ImportRun.objects.filter(pk=run.pk).update(position=batch[-1].number - 1)
    return len(batch)


def _carry_out(run: ImportRun, course_id: int, steps: list[RowStep]) -> None:
    """Enrol, move and invite in one course; what the actions refuse after all is said of the row."""
    wanted = [
        actions.Wanted(step.person, step.group.pk if step.group else None, step.wish.reason)
        for step in steps
        if step.person
    ]
    refused = actions.enroll_many(course_id=course_id, wanted=wanted, actor=run.owner)
    for step in steps:
        if step.person and step.person.pk in refused:
            step.outcome, step.said = Outcome.WRONG, refused[step.person.pk]
    invite_many(
        course_id=course_id,
        guests=[
            Guest(step.wish.email, step.wish.name, step.group.pk if step.group else None)
            for step in steps
            if step.person is None
        ],
        actor=run.owner,
    )


def forget_old_imports() -> int:
    """Take away imports of `KEPT_DAYS` ago with their files, which hold addresses; returns how many."""
    old = ImportRun.objects.filter(created_at__lt=timezone.now() - timedelta(days=KEPT_DAYS))
    for run in old:
        run.file.delete(save=False)
        run.delete()
    return len(old)


def forget(person: User) -> None:
    """Delete the imports of an anonymised person, and their name in rows of other imports."""
    for run in ImportRun.objects.filter(owner=person):
        run.file.delete(save=False)
        run.delete()
    ImportRow.objects.filter(email=person.email.lower()).update(email="")
