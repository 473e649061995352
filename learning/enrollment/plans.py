"""What a study group sees of a course, and from when: openings of modules, and content of certain groups only."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from django.utils import timezone

from learning.base.caching import cached_in_process, cached_shared
from learning.courses.models import CoursePage
from learning.courses.programme import Programme, programme_key, programme_of
from learning.enrollment.models import Audience, Opening


@dataclass(frozen=True)
class Plan:
    """What one study group, or a student in no group, sees of a course; by ids of modules and lessons alike."""

    hidden: frozenset[int] = frozenset()
    # instants and not “is open”: the plan is cached, and time goes on
    openings: dict[int, datetime] = field(default_factory=dict)
    module_of: dict[int, int] = field(default_factory=dict)

    def opens_at(self, page_id: int, now: datetime | None = None) -> datetime | None:
        """When the module of this page opens, if that is still to come."""
        opens = self.openings.get(page_id)
        return opens if opens and opens > (now or timezone.now()) else None

    def closed_modules(self, now: datetime | None = None) -> dict[int, datetime]:
        """Modules that are still to open, with the instant."""
        now = now or timezone.now()
        return {pk: at for pk, at in self.openings.items() if at > now and self.module_of.get(pk) == pk}


EVERYTHING = Plan()  # what staff see


Wanted = tuple[CoursePage, int | None]  # a course, and the id of one of its study groups


def _read(wanted: list[Wanted]) -> dict[tuple[int, int | None], Plan]:
    """The plans of these courses and groups, in two queries."""
    audiences: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    marks = Audience.objects.filter(course_id__in={course.pk for course, _group in wanted})
    for course_id, page_id, marked_for in marks.values_list("course_id", "page_id", "group_id"):
        audiences[course_id][page_id].add(marked_for)
    instants: dict[int | None, dict[int, datetime]] = defaultdict(dict)
    groups = {group for _course, group in wanted if group}
    rows = Opening.objects.filter(group_id__in=groups) if groups else Opening.objects.none()
    for group_id, module_id, opens_at in rows.values_list("group_id", "module_id", "opens_at"):
        instants[group_id][module_id] = opens_at
    return {
        (course.pk, group): _plan(programme_of(course), audiences[course.pk], group, instants[group])
        for course, group in wanted
    }


def _plan(
    programme: Programme, audiences: dict[int, set[int]], group_id: int | None, instants: dict[int, datetime]
) -> Plan:
    excluded = {page_id for page_id, groups in audiences.items() if group_id not in groups}
    hidden, openings, module_of = set(excluded), {}, {}
    for module in programme.modules:
        pages = [module.id, *(lesson.id for lesson in module.lessons)]
        module_of.update(dict.fromkeys(pages, module.id))
        if module.id in excluded:
            hidden.update(pages)
        if module.id in instants:
            openings.update(dict.fromkeys(pages, instants[module.id]))
    return Plan(frozenset(hidden), openings, module_of)


def plans_of(wanted: Iterable[Wanted]) -> dict[tuple[int, int | None], Plan]:
    """Plans by (id of the course, id of the group or None): those cached from before, the rest with two queries.

    They are cached under the course's `programme_stamp`, which changes with every plan of it: a course that was
    just read from the database gives the current plans.
    """
    wanted = list(wanted)
    missing: dict[tuple[int, int | None], Plan] = {}

    def make(course: CoursePage, group_id: int | None) -> Plan:
        # the first one that is not cached reads them all
        if not missing:
            missing.update(_read(wanted))
        return missing[course.pk, group_id]

    return {
        (course.pk, group): cached_shared(("plan", group or 0, *programme_key(course)), partial(make, course, group))
        for course, group in wanted
    }


def plan_of(course: CoursePage, group_id: int | None) -> Plan:
    return plans_of([(course, group_id)])[course.pk, group_id]


def programme_for(course: CoursePage, plan: Plan) -> Programme:
    """The programme as far as this plan shows it, lessons numbered without gaps."""
    whole = programme_of(course)
    if not plan.hidden:
        return whole
    return cached_in_process(
        # by what is hidden and not by group: groups that see the same lessons share one programme
        ("programme-for", plan.hidden, *programme_key(course)),
        partial(_without, whole, plan.hidden),
    )


def _without(programme: Programme, hidden: frozenset[int]) -> Programme:
    modules, number = [], 0
    for module in programme.modules:
        if module.id in hidden:
            continue
        lessons = []
        for lesson in module.lessons:
            if lesson.id not in hidden:
                number += 1
                lessons.append(lesson.numbered(number))
        modules.append(replace(module, lessons=tuple(lessons)))
    return Programme(tuple(modules))
