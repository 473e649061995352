"""A whole course in one step: its modules and lessons that wait are published, approved or submitted together."""

from collections.abc import Collection, Container, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from wagtail.admin import mail as wagtail_mail
from wagtail.locks import BasicLock
from wagtail.models import Page, Task, TaskState, WorkflowState
from wagtail.signals import task_submitted, workflow_approved

from learning.accounts.models import User
from learning.base.mail import mail_text
from learning.courses.faults import describe_errors
from learning.courses.models import CoursePage


class StepKind(StrEnum):
    """What one click does with a page that waits."""

    PUBLISH = "publish"
    APPROVE = "approve"
    SUBMIT = "submit"
    IN_REVIEW = "in_review"  # nothing: others approve it
    SENT_BACK = "sent_back"  # nothing: its author has to change it
    LOCKED = "locked"  # nothing: someone has locked it, or it is scheduled already
    NOT_ALLOWED = "not_allowed"  # nothing: this person may not


DONE_BY_CLICK = (StepKind.PUBLISH, StepKind.APPROVE, StepKind.SUBMIT)


@dataclass(frozen=True, slots=True)
class PageStep:
    """A waiting page, and what is done with it."""

    page: Page
    kind: StepKind
    state: WorkflowState | None = None  # of a workflow that the page is in
    task: Task | None = None

    @property
    def key(self) -> str:
        """The page, the kind of step, the version and the stage: a click carries out exactly this, or nothing."""
        stage = self.state.current_task_state_id if self.state else 0
        return f"{self.page.pk}.{self.kind}.{self.page.latest_revision_id or 0}.{stage}"


@dataclass
class StepsResult:
    published: int = 0
    scheduled: int = 0
    approved: int = 0
    submitted: int = 0
    changed: int = 0  # pages that were chosen and have changed since the person saw them
    refused: list[tuple[str, str]] = field(default_factory=list)  # title of a page, and why it was left as it is

    @property
    def is_empty(self) -> bool:
        return self == StepsResult()


def waiting_pages(course: CoursePage) -> list[Page]:
    """The course and what is below it that is a draft or has unpublished changes, parents first."""
    below = Q(path__startswith=course.path, depth__gte=course.depth)
    # an alias has no draft of its own: it changes with the page that it copies
    rows = Page.objects.filter(below, Q(live=False) | Q(has_unpublished_changes=True), alias_of=None)
    return list(rows.order_by("path").annotate_approved_schedule().specific())


def plan(course: CoursePage, user: Any) -> list[PageStep]:
    """What this person may do with each page that waits; a fixed number of queries for any number of pages."""
    pages = waiting_pages(course)
    states = _states_of(pages)
    has_workflow = course.has_workflow
    return [_step(page, user, states.get(page.pk), has_workflow) for page in pages]


State = tuple[WorkflowState, Task]


def _states_of(pages: list[Page]) -> dict[int, State]:
    """Return the active workflow of each page and its current task, by the id of the page."""
    running = WorkflowState.objects.active().filter(
        base_content_type=ContentType.objects.get_for_model(Page), object_id__in=[str(page.pk) for page in pages]
    )
    rows = list(running.exclude(current_task_state=None).select_related("current_task_state__task"))
    # one query for each task, not for each page
    specific = {task.pk: task.specific for task in {state.current_task_state.task for state in rows}}
    return {int(state.object_id): (state, specific[state.current_task_state.task_id]) for state in rows}


def _step(page: Page, user: Any, state: State | None, has_workflow: bool) -> PageStep:
    may = page.permissions_for_user(user)
    if state is not None:
        workflow_state, task = state
        if workflow_state.status == WorkflowState.STATUS_NEEDS_CHANGES:
            kind = StepKind.SUBMIT if may.can_edit() and not may.can_publish() else StepKind.SENT_BACK
        else:
            actions = {name for name, _label, _modal in task.get_actions(page, user)}
            kind = StepKind.APPROVE if "approve" in actions else StepKind.IN_REVIEW
        return PageStep(page, kind, workflow_state, task)
    if page.approved_schedule or (page.locked and BasicLock(page).for_user(user)):
        return PageStep(page, StepKind.LOCKED)
    if may.can_publish():
        return PageStep(page, StepKind.PUBLISH)
    return PageStep(page, StepKind.SUBMIT if has_workflow and may.can_edit() else StepKind.NOT_ALLOWED)


def carry_out(course: CoursePage, user: User, chosen: Collection[str]) -> StepsResult:
    """Publish, approve or submit the pages that wait and whose step, as `PageStep.key` names it, is chosen.

    Each page has a transaction of its own, so a long course does not hold the database; a page that lacks something
    is left as it is, and the rest goes on. Everyone who is told by mail gets one, not one for each page.
    """
    # compared as text: what a form sends may not be a number (promise 32)
    outcome, pages = StepsResult(), {key.partition(".")[0] for key in chosen}
    with one_mail(course):
        for page in waiting_pages(course):
            if str(page.pk) in pages:
                with transaction.atomic():
                    _carry_out_page(page, user, chosen, outcome)
    return outcome


def _carry_out_page(page: Page, user: User, chosen: Container[str], outcome: StepsResult) -> None:
    """Carry out one step under the lock of the page's row, and only if the page is still as the person saw it."""
    # of two clicks at once the second waits here and then finds nothing to do; SQLite has no row locks,
    # but there every transaction begins as a writer (IMMEDIATE) and waits in the same way
    fresh = Page.objects.select_for_update().filter(pk=page.pk).first()
    if fresh is None or (fresh.live and not fresh.has_unpublished_changes):
        return
    page = fresh.specific
    step = _step(page, user, _states_of([page]).get(page.pk), page.has_workflow)
    # computed again under the lock: the version and stage must be those that the person ticked
    if step.key not in chosen:
        outcome.changed += 1
        return
    # a form can name every kind of step, also those for which the page has no checkbox
    if step.kind not in DONE_BY_CLICK:
        return
    draft = page.get_latest_revision_as_object()
    try:
        draft.check_publishable()
    except ValidationError as error:
        outcome.refused.append((page.get_admin_display_title(), describe_errors(draft, error)))
        return
    if step.kind == StepKind.PUBLISH:
        # a page that was created by code may have no revision yet
        (page.get_latest_revision() or page.save_revision(user=user)).publish(user=user)
        # publish() only schedules a page with a later date: the message must not call it published
        if draft.go_live_at and draft.go_live_at > timezone.now():
            outcome.scheduled += 1
        else:
            outcome.published += 1
    elif step.kind == StepKind.SUBMIT:
        if step.state is not None:
            step.state.resume(user)
        else:
            page.get_workflow().start(page, user)
        outcome.submitted += 1
    elif step.task is not None:
        step.task.on_action(page.current_workflow_task_state, user, "approve", comment="")
        outcome.approved += 1


# --- One mail for all: Wagtail's own notices of workflows wait while a whole course is carried out ---

Notice = tuple[str, User, Page]  # what happened, who is told, of which page
# a context variable: a plain global would also gather the notices of other requests
_gathered: ContextVar[list[Notice] | None] = ContextVar("gathered_notices", default=None)


class _Gathering:
    """A notifier of Wagtail that leaves its mail to `one_mail` where that is open."""

    notification: str

    def send_notifications(self, templates: Any, context: dict[str, Any], recipients: set[User], **kwargs: Any) -> bool:
        gathered = _gathered.get()
        if gathered is None:
            return bool(super().send_notifications(templates, context, recipients, **kwargs))  # type: ignore[misc]
        gathered += [(self.notification, person, context["page"]) for person in recipients]
        return True


class TaskNotifier(_Gathering, wagtail_mail.GroupApprovalTaskStateSubmissionEmailNotifier):
    pass


class ApprovalNotifier(_Gathering, wagtail_mail.WorkflowStateApprovalEmailNotifier):
    pass


# module-level names: signals hold receivers by weak references, so unnamed ones would be collected at once
task_notifier, approval_notifier = TaskNotifier(), ApprovalNotifier()


def connect_notifiers() -> None:
    """Connect our notifiers before Wagtail connects its own, under the same names: then Wagtail's are not connected."""
    task_submitted.connect(
        task_notifier, sender=TaskState, dispatch_uid="group_approval_task_submitted_email_notification"
    )
    workflow_approved.connect(
        approval_notifier, sender=WorkflowState, dispatch_uid="workflow_state_approved_email_notification"
    )


@contextmanager
def one_mail(course: CoursePage) -> Iterator[None]:
    gathered: list[Notice] = []
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        # also after an error: the pages before it are committed, and people must hear of them
        _gathered.reset(token)
        for notification, person in dict.fromkeys((what, who) for what, who, _page in gathered):
            pages = [page for what, who, page in gathered if (what, who) == (notification, person)]
            _tell(notification, person, course, pages)


def _tell(notification: str, person: User, course: CoursePage, pages: list[Page]) -> None:
    context = {"person": person, "course": course, "pages": pages}
    subject, body = mail_text(f"courses/mail/whole_{notification}.txt", person.language, context)
    wagtail_mail.send_mail(subject, body, [person.email])
