"""The page of the CMS that publishes, approves or submits a whole course, and the way to it."""

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy
from wagtail.admin import messages
from wagtail.admin.widgets.button import Button
from wagtail.models import Page

from learning.accounts.requests import PersonRequest
from learning.base.screens import header
from learning.courses.models import CoursePage
from learning.courses.whole import DONE_BY_CLICK, PageStep, StepKind, StepsResult, carry_out, plan

REFUSALS_SHOWN = 10


def whole_course(request: PersonRequest, page_id: int) -> HttpResponse:
    """Show the waiting pages, ask what to do with them, and do it."""
    course = get_object_or_404(CoursePage, pk=page_id)
    user = request.user
    may = course.permissions_for_user(user)
    # before the check: a reviewer may have no right on the course except through a workflow
    steps = plan(course, user)
    reviews = any(step.kind == StepKind.APPROVE for step in steps)
    if not (may.can_edit() or may.can_publish() or reviews):
        # 404, not 403: the answer does not tell whether the course exists (promise 5)
        raise Http404
    if request.method == "POST":
        _say(request, carry_out(course, user, set(request.POST.getlist("page"))))
        return redirect("wagtailadmin_explore", course.pk)
    title = _("The whole course “%(course)s”") % {"course": course.get_admin_display_title()}
    context = {
        **header(title, icon="doc-full-inverse"),
        "course": course,
        "groups": _in_words(steps),
        "count": sum(step.kind in DONE_BY_CLICK for step in steps),
    }
    return render(request, "courses/cms/whole.html", context)


def _in_words(steps: list[PageStep]) -> list[tuple[str, list[PageStep], bool]]:
    """Group the waiting pages by what would be done with them; groups without pages are left out."""
    words = {
        StepKind.PUBLISH: _("Published now"),
        StepKind.APPROVE: _("Approved now"),
        StepKind.SUBMIT: _("Submitted for approval"),
        StepKind.IN_REVIEW: _("Wait for others to approve them, and stay so"),
        StepKind.SENT_BACK: _("Sent back to their authors, and stay so"),
        StepKind.LOCKED: _("Locked or scheduled, and stay so"),
        StepKind.NOT_ALLOWED: _("Not yours to publish or submit, and stay so"),
    }
    groups = [(words[kind], [step for step in steps if step.kind == kind], kind in DONE_BY_CLICK) for kind in words]
    return [group for group in groups if group[1]]


def _say(request: HttpRequest, outcome: StepsResult) -> None:
    if outcome.is_empty:
        messages.warning(request, _("Nothing has changed: no page that was chosen waits for you."))
    done = (
        (outcome.published, ngettext_lazy("%(n)s page is published.", "%(n)s pages are published.", "n")),
        (outcome.scheduled, ngettext_lazy("%(n)s page is scheduled.", "%(n)s pages are scheduled.", "n")),
        (outcome.approved, ngettext_lazy("%(n)s page is approved.", "%(n)s pages are approved.", "n")),
        (
            outcome.submitted,
            ngettext_lazy("%(n)s page is submitted for approval.", "%(n)s pages are submitted for approval.", "n"),
        ),
    )
    for count, words in done:
        if count:
            messages.success(request, words % {"n": count})
    if outcome.changed:
        changed = ngettext(
            "%(n)s page has changed since you saw it and was left as it is. Look again.",
            "%(n)s pages have changed since you saw them and were left as they are. Look again.",
            outcome.changed,
        )
        messages.warning(request, changed % {"n": outcome.changed})
    for title, why in outcome.refused[:REFUSALS_SHOWN]:
        messages.error(request, _("“%(page)s” stays a draft: %(why)s") % {"page": title, "why": why})
    more = len(outcome.refused) - REFUSALS_SHOWN
    if more > 0:
        messages.error(request, ngettext("%(n)s more stays a draft.", "%(n)s more stay drafts.", more) % {"n": more})


def whole_course_button(page: Page, user: Any, view_name: str, next_url: str | None = None) -> Iterator[Button]:
    """Yield the button that leads from a course in the CMS to this page, for people who may write the course."""
    course = page.specific
    if isinstance(course, CoursePage) and course.pk and course.permissions_for_user(user).can_edit():
        label = (
            _("Publish the whole course")
            if course.permissions_for_user(user).can_publish()
            else _("Submit the whole course")
        )
        yield Button(label, reverse("whole_course", args=(course.pk,)), icon_name="upload", priority=6)


addresses = [path("courses/<int:page_id>/whole/", whole_course, name="whole_course")]
