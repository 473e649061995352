"""Study group actions: who is in which group, what opens for it when, what only it sees.

Whatever changes what a group sees restamps the course (`plans`), and everyone's progress is recounted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.actions import record
from learning.accounts.models import AuditEntry, User
from learning.courses.models import CoursePage
from learning.courses.programme import programme_of
from learning.enrollment import deeds
from learning.enrollment.models import Audience, Enrollment, Opening, Seats, StudyGroup
from learning.enrollment.models.groups import is_storable_date
from learning.enrollment.statuses import IN_GROUP
from learning.enrollment.tasks import recount_progress

SAVED_AT_ONCE = 500
# 27 years; the column `Opening.days` has 16 bits and holds 32,767
MOST_DAYS = 10_000


def groups_with_places(course: CoursePage) -> list[StudyGroup]:
    """The groups of a course that have not ended, each with `left`: its free places, None where there is no limit."""
    groups: list[Any] = list(StudyGroup.objects.filter(course=course).running().with_members().order_by("name"))
    for group in groups:
        group.left = None if group.capacity is None else max(0, group.capacity - group.members)
    return groups


def _restamp(course_id: int) -> None:
    """Invalidate cached plans of the course and recount progress: what a group sees has changed."""
    # `update` and not `save`, which would overwrite what an editor publishes at that moment
    CoursePage.objects.filter(pk=course_id).update(programme_stamp=timezone.now())
    recount_progress.enqueue(course_id)


@transaction.atomic
def place(*, enrollment_ids: Iterable[int], course_id: int, group: StudyGroup | None, actor: User) -> int:
    """Put students of a course into one of its groups, or into none; their progress stays. Returns how many moved.

    Raises ValidationError when there are not places for all: then nobody is moved.
    """
    if group is not None and group.course_id != course_id:
        raise ValidationError(_("There is no such study group in this course."), code="no_such_group")
    # places of groups have the same lock as seats: enrolling takes one of each
    Seats.objects.lock(course_id)
    wanted = Enrollment.objects.select_for_update().filter(pk__in=list(enrollment_ids), course_id=course_id)
    moving = list(wanted.exclude(group=group) if group else wanted.exclude(group=None))
    if group is not None and group.capacity is not None:
        taken = group.count_members()
        coming = sum(1 for enrollment in moving if enrollment.status in IN_GROUP)
        if taken + coming > group.capacity:
            left = max(0, group.capacity - taken)
            raise ValidationError(
                _("“%(group)s” has %(left)s places left, and %(n)s students would come.")
                % {"group": group, "left": left, "n": coming},
                code="group_full",
            )
    _write(moving, {enrollment.pk: group for enrollment in moving}, actor)
    return len(moving)


def _write(moving: Sequence[Enrollment], groups: dict[int, StudyGroup | None], actor: User) -> None:
    entries = []
    for enrollment in moving:
        group = groups[enrollment.pk]
        facts = {"before": enrollment.group_id, "after": group.pk if group else None}
        entries.append(
            AuditEntry(
                deed=deeds.GROUP,
                actor=actor,
                person_id=enrollment.user_id,
                course_id=enrollment.course_id,
                facts=facts,
            )
        )
        enrollment.group = group
    Enrollment.objects.bulk_update(moving, ["group"], batch_size=SAVED_AT_ONCE)
    AuditEntry.objects.bulk_create(entries, batch_size=SAVED_AT_ONCE)
    # without content of single groups all students have the same lessons: no progress changes
    if moving and Audience.objects.filter(course_id=moving[0].course_id).exists():
        _restamp(moving[0].course_id)


@transaction.atomic
def split_evenly(*, course_id: int, groups: Sequence[StudyGroup], actor: User, everyone: bool = False) -> int:
    """Spread students over groups so that these end up as even as their places allow; returns how many moved.

    Only those in no group are placed, or, with `everyone`, all. Raises ValidationError when there are too few places.
    """
    Seats.objects.lock(course_id)
    students = Enrollment.objects.select_for_update().filter(course_id=course_id, status__in=IN_GROUP)
    unplaced = list((students if everyone else students.filter(group=None)).order_by("created_at", "pk"))
    sizes: Counter[int] = Counter({group.pk: 0 for group in groups})
    if not everyone:
        rows = students.filter(group__in=groups).order_by().values_list("group_id", flat=True)
        sizes.update(pk for pk in rows if pk)
    chosen: dict[int, StudyGroup | None] = {}
    for enrollment in unplaced:
        free = [group for group in groups if group.capacity is None or sizes[group.pk] < group.capacity]
        if not free:
            raise ValidationError(_("These groups have too few places for all students."), code="group_full")
        smallest = min(free, key=lambda group: sizes[group.pk])
        sizes[smallest.pk] += 1
        chosen[enrollment.pk] = smallest
    moving = [enrollment for enrollment in unplaced if enrollment.group_id != chosen[enrollment.pk].pk]  # type: ignore[union-attr]
    _write(moving, chosen, actor)
    return len(moving)


@transaction.atomic
def set_openings(*, group: StudyGroup, openings: dict[int, tuple[datetime | None, int | None]], actor: User) -> None:
    """Say when modules open for a group: by the module's id an instant, or days after the group's start, or neither.

    Modules that are not named keep what they have.
    """
    modules = {module.id for module in programme_of(CoursePage.objects.get(pk=group.course_id)).modules}
    if not openings.keys() <= modules:
        raise ValidationError(_("There is no such module in this course."))
    for module_id, (at, days) in openings.items():
        if at is None and days is None:
            Opening.objects.filter(group=group, module_id=module_id).delete()
            continue
        if days is not None and group.starts_at is None:
            raise ValidationError(_("Days are counted from the start of the group: give it one first."))
        defaults: dict[str, Any] = {"days": days, "opens_at": at}
        if days is not None and group.starts_at:
            defaults["opens_at"] = group.starts_at + timedelta(days=days)
        Opening.objects.update_or_create(group=group, module_id=module_id, defaults=defaults)
    facts = {"group": group.pk, "modules": sorted(openings)}
    record(deeds.OPENING, actor=actor, course_id=group.course_id, facts=facts)
    _restamp(group.course_id)


@transaction.atomic
def shift_openings(*, group: StudyGroup, from_module_id: int, days: int, actor: User) -> int:
    """Move this module's opening and those of all after it by so many days (back, when negative); returns how many."""
    course = CoursePage.objects.get(pk=group.course_id)
    modules = [module.id for module in programme_of(course).modules]
    if from_module_id not in modules:
        raise ValidationError(_("There is no such module in this course."))
    later = modules[modules.index(from_module_id) :]
    # locked: two shifts at once add up, instead of the second overwriting the first
    openings = list(Opening.objects.select_for_update().filter(group=group, module_id__in=later))
    for opening in openings:
        # the days as well: `follow_start` computes the instant from them when the group's start changes
        opening.opens_at += timedelta(days=days)
        if opening.days is not None:
            opening.days += days
        if not is_storable_date(opening.opens_at) or abs(opening.days or 0) > MOST_DAYS:
            raise ValidationError(_("These openings cannot be moved that far."))
    Opening.objects.bulk_update(openings, ["opens_at", "days"])
    facts = {"group": group.pk, "from": from_module_id, "days": days}
    record(deeds.OPENING, actor=actor, course_id=group.course_id, facts=facts)
    _restamp(group.course_id)
    return len(openings)


@transaction.atomic
def delete_group(*, group: StudyGroup, actor: User) -> None:
    """Delete a group; its students stay in the course, in no group. Refused while a page is for this group alone:
    afterwards everyone would see it."""
    # `mark_for_groups` takes it too: no page becomes this group's own between the check and the deletion
    Seats.objects.lock(group.course_id)
    own = Audience.objects.filter(group=group).values("page_id")
    others = Audience.objects.filter(page_id__in=own).exclude(group=group).values("page_id")
    if Audience.objects.filter(group=group).exclude(page_id__in=others).exists():
        raise ValidationError(_("Lessons or modules are for this group alone. First say who else sees them."))
    # first these rows: `Audience.group` is PROTECT
    Audience.objects.filter(group=group).delete()
    facts = {"did": "deleted", "name": group.name}
    record(deeds.GROUP, actor=actor, course_id=group.course_id, facts=facts)
    group.delete()
    _restamp(group.course_id)


@transaction.atomic
def save_group(*, write: Callable[[], StudyGroup], is_new: bool, changed: Sequence[str], actor: User) -> StudyGroup:
    """Save a group by calling `write`, with what follows from the changed fields; whatever `write` raises is raised.

    Modules that open some days after the start follow it.
    """
    # a callback, so that the form's save and the audit entry are one transaction
    group = write()
    if "starts_at" in changed:
        follow_start(group=group)
    facts = {"did": "made" if is_new else "changed", "group": group.pk, "fields": list(changed)}
    record(deeds.GROUP, actor=actor, course_id=group.course_id, facts=facts)
    return group


@transaction.atomic
def follow_start(*, group: StudyGroup) -> None:
    """Move the openings that depend on the group's start, after it has changed."""
    if group.starts_at is None:
        return
    openings = list(Opening.objects.select_for_update().filter(group=group).exclude(days=None))
    for opening in openings:
        opening.opens_at = group.starts_at + timedelta(days=opening.days or 0)
    Opening.objects.bulk_update(openings, ["opens_at"])
    _restamp(group.course_id)


@transaction.atomic
def mark_for_groups(*, course_id: int, page_id: int, groups: Sequence[StudyGroup], actor: User) -> None:
    """Let only these groups of the course see a lesson or module; no groups means everyone."""
    if any(group.course_id != course_id for group in groups):
        raise ValidationError(_("There is no such study group in this course."))
    Seats.objects.lock(course_id)
    # in one transaction with the new rows: a page without rows is open to everyone
    Audience.objects.filter(page_id=page_id).delete()
    Audience.objects.bulk_create(Audience(course_id=course_id, page_id=page_id, group=group) for group in groups)
    facts = {"page": page_id, "groups": sorted(group.pk for group in groups)}
    record(deeds.AUDIENCE, actor=actor, course_id=course_id, facts=facts)
    _restamp(course_id)


def taught_by(group: StudyGroup) -> str:
    """Who teaches a group, in words: a group that names nobody is taught by the team of its course.

    For a list of groups, prefetch `teachers` and `course__team__person`.
    """
    # filtered in Python: `.filter(is_active=True)` would ignore the prefetched rows and ask for each group
    named = list(group.teachers.all())
    names = [person.get_full_name() for person in named if person.is_active]
    if names:
        return ", ".join(names)
    if named:
        return f"⚠ {_('no teacher of its own any more')}"
    if any(member.person.is_active for member in group.course.team.all()):
        return str(_("the team of the course"))
    return f"⚠ {_('no teacher')}"
