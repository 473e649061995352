"""Changing the zone of a project, and telling a student elsewhere when their hour changes."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import Lesson, Project, RuleSlot, RuleVersion, Status, WeeklyRule
from learning.tutoring.schedule.plan import stored_versions
from learning.tutoring.schedule.times import Slot, changed_clocks, instant_of, occurrences
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
        _rekey(project, now)
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
        if len(versions) > 1 and current.from_date > today:
            raise TutoringError("later", _("A change of the weekly lessons is to come: change the time zone after it."))
        # weeks are counted from the next lesson, on whatever day it is in the new zone
        coming = occurrences([current], before, max(today, current.from_date), today + AHEAD)
        if not coming:
            continue
        first = coming[0].starts_at.astimezone(project.zone).date()
        slots = [_carried(slot, coming[0].day, before, project.zone) for slot in current.slots]
        rule = WeeklyRule.objects.get(pk=rule_id)
        last = rule.versions.order_by("-number")[0]
        version = RuleVersion.objects.create(
            rule=rule,
            number=last.number + 1,
            from_date=max(first, last.from_date),
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


def _rekey(project: Project, now: datetime) -> None:
    """Give lessons to come the local date of the new zone as their key; their instants stay.

    Where the rules of the new zone want another instant, as after a change of clocks, they are lessons moved by hand.
    """
    rows = Lesson.objects.filter(project=project, rule__isnull=False, rule_starts_at__gt=now)
    made = list(rows)
    last = max((lesson.rule_date for lesson in made if lesson.rule_date), default=project.today) + timedelta(days=7)
    wanted = {
        (rule_id, *one.key): one
        for rule_id, versions in stored_versions(project).items()
        for one in occurrences(versions, project.zone, project.today, last)
    }
    for lesson in made:
        if lesson.rule_starts_at is None:
            continue
        lesson.rule_date = lesson.rule_starts_at.astimezone(project.zone).date()
        one = wanted.get((lesson.rule_id or 0, lesson.rule_date, lesson.slot or 0))
        if one is not None and lesson.status == Status.PLANNED:
            lesson.is_moved = lesson.starts_at != one.starts_at
            lesson.rule_starts_at, lesson.rule_minutes = one.starts_at, one.minutes
    # first without keys: no key may be held by two rows on the way
    rows.update(rule_date=None)
    Lesson.objects.bulk_update(made, ["rule_date", "rule_starts_at", "rule_minutes", "is_moved"])


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
