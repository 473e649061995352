"""A whole course in one step: its modules and lessons that wait are published, approved or submitted together."""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation
from wagtail.admin import mail as wagtail_mail
from wagtail.locks import BasicLock
from wagtail.models import Page, TaskState, WorkflowState
from wagtail.signals import task_submitted, workflow_approved

from learning.accounts.models import User
from learning.courses.models import CoursePage


@dataclass
class Plan:
    """What one click does with the pages of a course that wait; each page is in one list."""

    publish: list[Page] = field(default_factory=list)
    approve: list[Page] = field(default_factory=list)
    submit: list[Page] = field(default_factory=list)
    in_review: list[Page] = field(default_factory=list)  # others approve them
    locked: list[Page] = field(default_factory=list)
    not_ours: list[Page] = field(default_factory=list)  # this person may do nothing with them

    @property
    def count(self) -> int:
        return len(self.publish) + len(self.approve) + len(self.submit)


@dataclass
class Outcome:
    published: int = 0
    approved: int = 0
    submitted: int = 0
    refused: dict[str, str] = field(default_factory=dict)  # title of a page → why it was left as it is


def waiting_pages(course: CoursePage) -> list[Page]:
    """The course and what is below it that is a draft or has unpublished changes, parents first."""
    below = Q(path__startswith=course.path, depth__gte=course.depth)
    rows = Page.objects.filter(below, Q(live=False) | Q(has_unpublished_changes=True), alias_of=None)
    return list(rows.order_by("path").annotate_approved_schedule().specific())


def plan(course: CoursePage, user: Any) -> Plan:
    """What this person may do with each page that waits; a fixed number of queries for any number of pages."""
    found, pages = Plan(), waiting_pages(course)
    tasks = _tasks_of(pages)
    has_workflow = course.has_workflow
    for page in pages:
        _place_of(page, user, tasks.get(page.pk), has_workflow, found).append(page)
    return found


def _tasks_of(pages: list[Page]) -> dict[int, Any]:
    """The tasks that pages in a workflow are on, by the key of the page."""
    running = WorkflowState.objects.active().filter(
        base_content_type=ContentType.objects.get_for_model(Page), object_id__in=[str(page.pk) for page in pages]
    )
    rows = running.exclude(current_task_state=None).select_related("current_task_state__task")
    states = {int(state.object_id): state.current_task_state.task for state in rows}
    specific = {task.pk: task.specific for task in set(states.values())}
    return {pk: specific[task.pk] for pk, task in states.items()}


def _place_of(page: Page, user: Any, task: Any, has_workflow: bool, found: Plan) -> list[Page]:
    may = page.permissions_for_user(user)
    if task is not None:
        actions = {name for name, _label, _modal in task.get_actions(page, user)}
        return found.approve if "approve" in actions else found.in_review
    if page.approved_schedule or (page.locked and BasicLock(page).for_user(user)):
        return found.locked
    if may.can_publish():
        return found.publish
    return found.submit if has_workflow and may.can_edit() else found.not_ours


def carry_out(course: CoursePage, user: User, chosen: Container[str]) -> Outcome:
    """Publish, approve or submit the chosen ones of the pages that wait, by their keys as typed, as this person may.

    Each page has a transaction of its own, so a long course does not hold the database; a page that lacks something
    is left as it is, and the rest goes on. Everyone who is told by mail gets one, not one for each page.
    """
    outcome = Outcome()
    with one_mail(course):
        for page in waiting_pages(course):
            if str(page.pk) in chosen:
                with transaction.atomic():
                    _carry_out_page(page, user, outcome)
    return outcome


def _carry_out_page(page: Page, user: User, outcome: Outcome) -> None:
    """Under the lock of the page's row, with what it is by then: two who click at once do nothing twice."""
    fresh = Page.objects.select_for_update().filter(pk=page.pk).first()
    if fresh is None:
        return
    page, now = fresh.specific, Plan()
    if page.live and not page.has_unpublished_changes:
        return
    task = _tasks_of([page]).get(page.pk)
    _place_of(page, user, task, page.has_workflow, now).append(page)
    if not now.count:
        return
    try:
        page.get_latest_revision_as_object().check_publishable()
    except ValidationError as error:
        outcome.refused[page.get_admin_display_title()] = " ".join(error.messages)
        return
    if now.publish:
        (page.get_latest_revision() or page.save_revision(user=user)).publish(user=user)
        outcome.published += 1
    elif now.submit:
        page.get_workflow().start(page, user)
        outcome.submitted += 1
    elif task is not None:
        task.on_action(page.current_workflow_task_state, user, "approve", comment="")
        outcome.approved += 1


# --- One mail for all: Wagtail's own notices of workflows wait while a whole course is carried out ---

Notice = tuple[str, User, Page]  # what happened, who is told, of which page
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


task_notifier, approval_notifier = TaskNotifier(), ApprovalNotifier()


def take_over_notices() -> None:
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
        _gathered.reset(token)
        for notification, person in dict.fromkeys((what, who) for what, who, _page in gathered):
            pages = [page for what, who, page in gathered if (what, who) == (notification, person)]
            _tell(notification, person, course, pages)


def _tell(notification: str, person: User, course: CoursePage, pages: list[Page]) -> None:
    context = {"person": person, "course": course, "pages": pages, "base_url": settings.BASE_URL}
    with translation.override(person.language or settings.LANGUAGE_CODE):
        text = render_to_string(f"courses/mail/whole_{notification}.txt", context)
    subject, _blank, body = text.strip().partition("\n")
    wagtail_mail.send_mail(subject.strip(), body.strip() + "\n", [person.email])
