"""Changing the zone of a project, and telling a student elsewhere when their hour changes."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from learning.accounts.models import User
from learning.tutoring.models import Lesson, Project, RuleSlot, RuleVersion, Status, WeeklyRule
from learning.tutoring.schedule.plan import stored_versions
from learning.tutoring.schedule.times import Slot, Version, changed_clocks, instant_of, monday_of
from learning.tutoring.schedule.writing import lock_people, set_time, store_moved

HOUR, INSTANT = "hour", "instant"
AHEAD = timedelta(weeks=26)


def change_zone(*, project: Project, before: ZoneInfo, keep: str) -> None:
    """Carry the schedule of a project over to its new zone.

    With `hour`, lessons stay at their local hour and so move in time; with `instant`, they stay where they are and the
    rules say the local hour of the new zone from today on.
    """
    lock_people(project)
    now = timezone.now()
    coming = list(Lesson.objects.filter(project=project, status=Status.PLANNED, starts_at__gt=now))
    for lesson in coming:
        lesson.project = project
    if keep == INSTANT:
        _carry_rules(project, before, now)
        _rekey(project, coming)
        return
    for lesson in coming:
        local = lesson.starts_at.astimezone(before)
        minutes = lesson.minutes
        set_time(lesson, instant_of(local.date(), local.time().replace(tzinfo=None), project.zone), minutes)
        if not lesson.is_moved and lesson.rule_id:
            lesson.rule_starts_at = lesson.starts_at
    store_moved(coming)


def _carry_rules(project: Project, before: ZoneInfo, now: datetime) -> None:
    """Add to each rule a version of today, whose local times are those of the new zone."""
    today = timezone.localtime(now, project.zone).date()
    for rule_id, versions in stored_versions(project).items():
        current = versions[-1]
        if not current.slots or (current.until and current.until < today):
            continue
        first = max(today, current.from_date)
        slots = [_carried(slot, first, before, project.zone) for slot in current.slots]
        rule = WeeklyRule.objects.get(pk=rule_id)
        last = rule.versions.order_by("-number")[0]
        version = RuleVersion.objects.create(
            rule=rule,
            number=last.number + 1,
            from_date=_same_parity(first, current),
            until=current.until,
            every=current.every,
        )
        RuleSlot.objects.bulk_create(
            [RuleSlot(version=version, number=s.number, weekday=s.weekday, at=s.at, minutes=s.minutes) for s in slots]
        )


def _carried(slot: Slot, first: date, before: ZoneInfo, zone: ZoneInfo) -> Slot:
    day = first + timedelta(days=(slot.weekday - first.weekday()) % 7)
    local = instant_of(day, slot.at, before).astimezone(zone)
    return Slot(slot.number, local.weekday(), local.time().replace(tzinfo=None), slot.minutes)


def _same_parity(first: date, current: Version) -> date:
    """The first day, in a week in which the rule has lessons; weeks are counted from the version's first."""
    weeks = (monday_of(first) - monday_of(current.from_date)).days // 7
    late = weeks % current.every
    return first if not late else monday_of(first) + timedelta(weeks=current.every - late)


def _rekey(project: Project, coming: list[Lesson]) -> None:
    """Give lessons the local date of the new zone as their key; their instants stay."""
    made = [lesson for lesson in coming if lesson.rule_id and not lesson.is_moved]
    for lesson in made:
        lesson.rule_date = lesson.local_date
        lesson.rule_starts_at = lesson.starts_at
    # later days first where days move on, so that no key is held by two rows on the way
    shifts = sorted(made, key=lambda one: one.starts_at, reverse=True)
    for lesson in shifts:
        Lesson.objects.filter(pk=lesson.pk).update(rule_date=None)
    Lesson.objects.bulk_update(made, ["rule_date", "rule_starts_at"])


def hour_changes(person: User, project: Project) -> list[tuple[date, time]]:
    """When the local hour of a student elsewhere changes, in the coming half year: (day, new local time).

    Clocks of two zones change on different days, so a lesson that keeps its hour here moves there.
    """
    zone = ZoneInfo(person.time_zone)
    if person.time_zone == project.time_zone:
        return []
    now = timezone.now()
    changes: list[tuple[date, time]] = []
    coming = Lesson.objects.filter(
        project=project, status=Status.PLANNED, is_moved=False, rule__isnull=False, starts_at__range=(now, now + AHEAD)
    )
    by_slot: dict[tuple[int | None, int | None], list[datetime]] = {}
    for rule_id, slot, starts_at in coming.order_by("starts_at").values_list("rule_id", "slot", "starts_at"):
        by_slot.setdefault((rule_id, slot), []).append(starts_at)
    for instants in by_slot.values():
        local_here = {instant.astimezone(project.zone).time() for instant in instants}
        # a changed rule moves lessons here as well: that is no change of clocks
        if len(local_here) == 1:
            changes += changed_clocks(instants, zone)
    return sorted(set(changes))
