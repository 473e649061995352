"""Changing weekly rules: proposed, previewed, applied. The nightly job applies the stored rules further ahead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.tutoring import mail
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import (
    By,
    Lesson,
    LessonChange,
    PolicyVersion,
    Project,
    ProjectStudent,
    RuleSlot,
    RuleVersion,
    Status,
    WeeklyRule,
)
from learning.tutoring.models.projects import SCHEDULED
from learning.tutoring.schedule.plan import KEEP, Created, Plan, Planner, stored_versions
from learning.tutoring.schedule.times import Occurrence, Version
from learning.tutoring.schedule.writing import (
    lock_people,
    new_lesson,
    note_changes,
    refresh_people,
    refusing_clashes,
    set_cancelled,
    set_planned,
    set_time,
    status_change,
    store_new,
    time_change,
    write_times,
)

MOST_SLOTS = 14  # of one rule
MOST_RULES = 10  # of one project
NEW = 0  # in place of the id of a rule that is not stored yet


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new version of a rule, or with `rule_id` NEW a new rule; without slots the rule ends the day before."""

    rule_id: int
    version: Version


def with_proposal(stored: Mapping[int, Sequence[Version]], proposal: Proposal) -> dict[int, list[Version]]:
    """Return the versions of each rule as they would be with the proposal; raises TutoringError where it cannot be."""
    versions = {rule_id: list(own) for rule_id, own in stored.items()}
    own = versions.setdefault(proposal.rule_id, [])
    if proposal.rule_id != NEW and not own:
        raise TutoringError("no_such_rule", _("There is no such weekly rule in this project."))
    if proposal.rule_id == NEW and len(stored) >= MOST_RULES:
        raise TutoringError("too_many", _("A project has at most %(n)s weekly rules.") % {"n": MOST_RULES})
    if len(proposal.version.slots) > MOST_SLOTS:
        raise TutoringError("too_many", _("A rule has at most %(n)s lessons a week.") % {"n": MOST_SLOTS})
    if proposal.version.until and proposal.version.until < proposal.version.from_date:
        raise TutoringError("order", _("The last day is before the first."))
    if own and own[-1].from_date > proposal.version.from_date:
        raise TutoringError("order", _("A later change of this rule begins on %(day)s.") % {"day": own[-1].from_date})
    own.append(proposal.version)
    return versions


def preview(project: Project, proposal: Proposal | None = None, decisions: Mapping[int, str] | None = None) -> Plan:
    """What applying the rules would change, with the proposal or as they are stored."""
    stored = stored_versions(project)
    versions = with_proposal(stored, proposal) if proposal else stored
    return Planner(project, versions, decisions=decisions).make()


@transaction.atomic
def apply_rules(
    *,
    project: Project,
    actor: User | None,
    proposal: Proposal | None = None,
    decisions: Mapping[int, str] | None = None,
    digest: str | None = None,
) -> Plan:
    """Store the proposal, and make, move and take out lessons accordingly.

    `decisions` says, for each lesson that was moved by hand, whether it is kept or follows the rules. With `digest`,
    of the plan that was previewed, nothing is done if the plan is another one by now: raises TutoringError `changed`.
    """
    lock_people(project)
    # read under the lock: another tab may have changed price, end or state
    project = Project.objects.select_for_update().get(pk=project.pk)
    if project.state not in SCHEDULED | {Project.State.DRAFT}:
        raise TutoringError("not_active", _("The project is paused or has ended: start it again first."))
    stored = stored_versions(project)
    versions = with_proposal(stored, proposal) if proposal else stored
    planner = Planner(project, versions, decisions=decisions)
    plan = planner.make()
    if digest is not None and plan.digest() != digest:
        raise TutoringError("changed", _("The schedule has changed meanwhile. Look at the new preview."))
    rule_id = _store(project, proposal, actor) if proposal is not None else NEW
    _Writing(project, rule_id, actor).write(plan, planner.students, decisions or {})
    # one mail for all changes; what the nightly job adds at the end of the schedule is no news
    if plan.moved or plan.cancelled or (plan.created and actor is not None):
        mail.tell_of_schedule(project, made=len(plan.created), moved=len(plan.moved), out=len(plan.cancelled))
    return plan


def _store(project: Project, proposal: Proposal, actor: User | None) -> int:
    """Store the version and its slots; return the id of the rule."""
    if proposal.rule_id == NEW:
        rule = WeeklyRule.objects.create(project=project)
    else:
        rule = WeeklyRule.objects.get(pk=proposal.rule_id, project=project)
    last = rule.versions.order_by("-number").first()
    version = RuleVersion.objects.create(
        rule=rule,
        number=last.number + 1 if last else 1,
        from_date=proposal.version.from_date,
        until=proposal.version.until,
        every=proposal.version.every,
        created_by=actor,
    )
    RuleSlot.objects.bulk_create(
        [
            RuleSlot(version=version, number=slot.number, weekday=slot.weekday, at=slot.at, minutes=slot.minutes)
            for slot in proposal.version.slots
        ]
    )
    return rule.pk


@dataclass(frozen=True, slots=True)
class _Writing:
    """Stores what a plan says; `rule_id` is that of the rule that the proposal has made."""

    project: Project
    rule_id: int
    actor: User | None

    def write(self, plan: Plan, students: Sequence[ProjectStudent], decisions: Mapping[int, str]) -> None:
        changed, history = self._change(plan)
        policy = self.project.policy.current
        new = [self._new(created, policy) for created in plan.created if created.lesson is None]

        def store() -> None:
            # first the new ones: homework of a lesson that is taken out is due at one of them
            store_new(new, students)
            write_times(changed)
            refresh_people([one.lesson for one in plan.created if one.lesson is not None], self.project, students)

        refusing_clashes(store)
        note_changes(history)
        _note_decisions(plan, decisions)
        _leave_clashing(plan)

    def _change(self, plan: Plan) -> tuple[list[Lesson], list[LessonChange]]:
        """Give the lessons that exist their new time or status, not stored yet; and their history."""
        changed: list[Lesson] = []
        history: list[LessonChange] = []
        for lesson in plan.cancelled:
            before = lesson.status
            set_cancelled(lesson, By.SCHEDULE)
            changed.append(lesson)
            history.append(status_change(lesson, before, self.actor))
        for moved in plan.moved:
            was = moved.lesson.starts_at
            self._follow(moved.lesson, moved.rule_id, moved.occurrence)
            changed.append(moved.lesson)
            history.append(time_change(moved.lesson, was, self.actor))
        for created in plan.created:
            if created.lesson is not None:
                is_moved = created.lesson.is_moved and created.lesson.starts_at == created.occurrence.starts_at
                wanted = created.lesson.rule_starts_at, created.lesson.rule_minutes
                set_planned(created.lesson)
                self._follow(created.lesson, created.rule_id, created.occurrence)
                if is_moved:
                    created.lesson.is_moved = True
                    created.lesson.rule_starts_at, created.lesson.rule_minutes = wanted
                changed.append(created.lesson)
                history.append(status_change(created.lesson, Status.CANCELLED, self.actor))
        return changed, history

    def _follow(self, lesson: Lesson, rule_id: int, one: Occurrence) -> None:
        """Give a lesson the place and the key that its rule wants."""
        set_time(lesson, one.starts_at, one.minutes)
        lesson.rule_id, lesson.rule_date, lesson.slot = rule_id or self.rule_id, one.day, one.slot
        lesson.rule_starts_at, lesson.rule_minutes, lesson.is_moved = one.starts_at, one.minutes, False

    def _new(self, created: Created, policy: PolicyVersion) -> Lesson:
        one = created.occurrence
        return new_lesson(
            self.project,
            policy,
            one.starts_at,
            one.ends_at,
            rule_id=created.rule_id or self.rule_id,
            rule_date=one.day,
            slot=one.slot,
            rule_starts_at=one.starts_at,
            rule_minutes=one.minutes,
        )


def _note_decisions(plan: Plan, decisions: Mapping[int, str]) -> None:
    """Note what is kept, so that the same question is not asked again."""
    for by_hand in plan.by_hand:
        if decisions.get(by_hand.lesson.pk) == KEEP:
            wanted = by_hand.occurrence
            by_hand.lesson.rule_starts_at = wanted.starts_at if wanted else None
            by_hand.lesson.rule_minutes = wanted.minutes if wanted else None
            if wanted is not None:
                by_hand.lesson.rule_date, by_hand.lesson.slot = wanted.day, wanted.slot
            by_hand.lesson.save(update_fields=["rule_starts_at", "rule_minutes", "rule_date", "slot"])


def _leave_clashing(plan: Plan) -> None:
    """A lesson that cannot move stays where it is, as one moved by hand: the next time it is not tried again."""
    for clashing in plan.clashing:
        if clashing.lesson is not None and not clashing.lesson.is_withdrawn:
            clashing.lesson.is_moved = True
            clashing.lesson.rule_starts_at = clashing.occurrence.starts_at
            clashing.lesson.rule_minutes = clashing.occurrence.minutes
            clashing.lesson.rule_date, clashing.lesson.slot = clashing.occurrence.day, clashing.occurrence.slot
            clashing.lesson.save(update_fields=["is_moved", "rule_starts_at", "rule_minutes", "rule_date", "slot"])


def go_on(*, project_id: int) -> int:
    """Make the lessons of the weeks that have come into view; returns how many. For the nightly job."""
    project = Project.objects.filter(pk=project_id).scheduled().select_related("policy").first()
    if project is None:
        return 0
    plan = apply_rules(project=project, actor=None)
    return len(plan.created)


@transaction.atomic
def change_state(*, project: Project, state: str, actor: User) -> Project:
    """Activate, pause or end a project. Lessons to come are taken out with its end or pause, and come back after."""
    lock_people(project)
    project = Project.objects.select_for_update().get(pk=project.pk)
    if project.state == state:
        return project
    if state == Project.State.DRAFT:
        raise TutoringError("no_way_back", _("A project that has begun is no draft again."))
    was_draft = project.state == Project.State.DRAFT
    fields = ["state"]
    if project.state == Project.State.ENDED and project.ends_on and project.ends_on <= project.today:
        # what its end had set: else nothing would come back
        project.ends_on = None
        fields.append("ends_on")
    project.state = state
    if state == Project.State.ENDED and (project.ends_on is None or project.ends_on > project.today):
        project.ends_on = max(project.today, project.starts_on)
        fields.append("ends_on")
    project.save(update_fields=fields)
    if state in SCHEDULED:
        apply_rules(project=project, actor=actor)
    else:
        _take_out(project, actor)
    if was_draft and state in SCHEDULED:
        # nobody was told of a draft
        current = ProjectStudent.objects.filter(project=project).current()
        for row in current.select_related("project__teacher", "student"):
            mail.invite(row)
    return project


def _take_out(project: Project, actor: User) -> None:
    """Cancel the lessons to come that rules have made, so that the schedule can bring them back."""
    coming = Lesson.objects.filter(project=project, status=Status.PLANNED, starts_at__gt=timezone.now())
    lessons = list(coming.filter(rule__isnull=False))
    history = []
    for lesson in lessons:
        lesson.project = project
        set_cancelled(lesson, By.SCHEDULE)
        history.append(status_change(lesson, Status.PLANNED, actor))
    write_times(lessons)
    note_changes(history)


def end_rule(*, project: Project, rule_id: int, from_date: date) -> Proposal:
    """The proposal by which a rule makes no lessons from a day on."""
    own = stored_versions(project).get(rule_id)
    if not own:
        raise TutoringError("no_such_rule", _("There is no such weekly rule in this project."))
    return Proposal(rule_id, Version(max(from_date, own[-1].from_date), None, own[-1].every, ()))
