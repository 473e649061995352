"""The plan of an import: what becomes of each row. The dry run shows it, the import carries it out."""

from collections import defaultdict
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from learning.accounts.models import User
from learning.base.numbers import parse_id
from learning.courses.models import CoursePage
from learning.enrollment import actions
from learning.enrollment.models import Enrollment, Invitation, StudyGroup
from learning.enrollment.rights import managed_courses
from learning.enrollment.statuses import READING, By, Status, is_allowed_transition
from learning.exchange.models import ImportRow, ImportRun
from learning.exchange.people.rows import Wish

Outcome = ImportRow.Outcome


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


class Planner:
    """Says what would become of rows as the school is now; `planned` is what earlier rows of the file will do."""

    def __init__(self, run: ImportRun, planned: set[tuple[str, int]] | None = None) -> None:
        self.run = run
        self.courses: dict[str, CoursePage | None] = {}
        # asked when the job runs: an owner who has lost a course since the upload changes nothing there (promise 6)
        self.managed = managed_courses(run.owner)
        self.taken: dict[int, int] = {}  # seats by course, with those that the plan gives
        self.promised: dict[int, int] = defaultdict(int)  # invitations of this plan, by course
        self.places: dict[int, int] = {}  # members by group, likewise
        self.planned = set() if planned is None else planned
        self.groups: dict[int, dict[str, StudyGroup]] = {}

    def note(self, wish: Wish) -> None:
        """Record a row that is done: a later row of the same person and course is skipped."""
        course = self._course(wish.course)
        if course is not None:
            self.planned.add((wish.email, course.pk))

    def _course(self, named: str) -> CoursePage | None:
        """Return the course with this id, slug or title, of those that the owner manages; None if not exactly one."""
        key = named.lower()
        if key not in self.courses:
            if not named:
                found = self.managed.filter(pk=self.run.course_id or 0)
            else:
                course_id = parse_id(named)
                found = self.managed.filter(pk=course_id) if course_id is not None else self.managed.none()
                # two are enough to see that a title is not unique: then no course is taken
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
        # the same expression as the unique constraint, so that its index is used
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
        """Return what an invitation may promise: seats are given at sign-up, and not reserved."""
        if course.capacity is None:
            return _("Unknown here: gets an invitation and is enrolled at sign-up.")
        # counted apart from the seats: an invitation keeps none from people who are enrolled by the same file
        self.promised[course.pk] += 1
        if self._taken(course) + self.promised[course.pk] <= course.capacity:
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
        if not is_allowed_transition(before, Status.ACTIVE, By.STAFF):
            return RowStep(wish, Outcome.WRONG, _("Has left; only they can come back by themselves."))
        # looked at here and taken only below: a row that is refused for its seat must not use up a place
        if moves and not self._has_place(group):
            return full
        if not self._take_seat(course, there):
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

    def _taken(self, course: CoursePage) -> int:
        if course.pk not in self.taken:
            self.taken[course.pk] = actions.seats_taken(course.pk)
        return self.taken[course.pk]

    def _take_seat(self, course: CoursePage, there: Enrollment | None) -> bool:
        """Take a seat of the course, unless the person has one; returns whether there was one."""
        if course.capacity is None or (there is not None and there.status == Status.PAUSED):
            return True
        if self._taken(course) >= course.capacity:
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
