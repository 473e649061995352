"""What the views of private lessons share: pages with one form, refusals in words, ways back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from learning.tutoring.access import managed_lessons
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import Lesson
from learning.tutoring.schedule.busy import ClashError

UNPROCESSABLE, CONFLICT = 422, 409


def form_page(
    request: HttpRequest,
    form: BaseForm,
    *,
    title: Any,
    submit: Any,
    back: str,
    template: str = "tutoring/form.html",
    clash: dict[str, Any] | None = None,
    **context: Any,
) -> HttpResponse:
    """A page with one form; 422 where it has errors."""
    status = UNPROCESSABLE if form.is_bound and form.errors else CONFLICT if clash else 200
    facts = {"form": form, "title": title, "submit": submit, "back": back, "clash": clash, **context}
    return render(request, template, facts, status=status)


def clash_for(user: Any, error: ClashError) -> dict[str, Any]:
    """What clashes, as this person may know it: lessons of others are not named."""
    known = set(
        managed_lessons(user).filter(pk__in=[lesson.pk for lesson in error.lessons]).values_list("pk", flat=True)
    )
    return {
        "lessons": [lesson for lesson in error.lessons if lesson.pk in known],
        "hidden": len(error.lessons) - len(known),
        "free": error.free,
    }


def try_to(request: HttpRequest, action: Callable[[], Any], success: Any = "") -> bool:
    """Run an action; tell the person that it is done, or why not. Whether it was done."""
    try:
        action()
    except TutoringError as error:
        messages.error(request, str(error))
        return False
    if success:
        messages.success(request, success)
    return True


def to_lesson(lesson: Lesson) -> HttpResponse:
    return redirect("tutoring_lesson", lesson.pk)


def with_undo(address: str, *change_ids: int) -> str:
    """The address with the changes that can be undone there for some seconds."""
    base, _sep, fragment = address.partition("#")
    joined = f"{base}{'&' if '?' in base else '?'}undo={'-'.join(map(str, change_ids))}"
    return f"{joined}#{fragment}" if fragment else joined


def project_url(project_id: int) -> str:
    return reverse("tutoring_project", args=(project_id,))
