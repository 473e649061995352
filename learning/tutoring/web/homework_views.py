"""Homework: given by a teacher, done by a student, looked at one after the other."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Case, F, Q, When
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.accounts.models import User
from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_id
from learning.enrollment.models import StudyGroup
from learning.enrollment.rights import manages_course
from learning.library.kinds import media_type_of
from learning.library.views import serve_file
from learning.tutoring.access import (
    managed_copies,
    managed_copy_or_404,
    managed_lesson_or_404,
    managed_project_or_404,
    own_copy_or_404,
)
from learning.tutoring.errors import TutoringError
from learning.tutoring.homework import actions
from learning.tutoring.homework.files import store_answer_file
from learning.tutoring.homework.lessons import readable_lessons
from learning.tutoring.models import AttemptFile, Homework, HomeworkCopy, HomeworkItem, Lesson, Project
from learning.tutoring.models.homework import TO_DO, HomeworkState
from learning.tutoring.web.forms.homework import AnswerForm, HomeworkForm
from learning.tutoring.web.shown import form_page, project_url, try_to

PER_PAGE = 30


@require_safe
@login_required
def to_do(request: PersonRequest) -> HttpResponse:
    """A student's homework: what is to be done first, then the rest."""
    rows = HomeworkCopy.objects.of_student(request.user).select_related("homework__project", "homework__group")
    is_open = Q(state__in=TO_DO)
    ordered = rows.annotate(
        order=Case(When(is_open, then=0), default=1), due=Case(When(is_open, then=F("homework__due_at")))
    ).order_by("order", F("due").asc(nulls_last=True), "-changed_at", "-pk")
    page = Paginator(ordered, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page,
        "open_rows": [copy for copy in page if copy.is_to_do],
        "rest": [copy for copy in page if not copy.is_to_do],
    }
    return render(request, "tutoring/homework_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def copy(request: PersonRequest, copy_id: int) -> HttpResponse:
    """One's own homework: read it, answer it, hand it in."""
    row = own_copy_or_404(request.user, copy_id)
    error = ""
    if request.method == "POST":
        text = _text_of(request)
        upload = request.FILES.get("file")
        try:
            if upload is not None:
                _may_add(row)
                store_answer_file(copy=row, upload=upload)
            if "hand_in" in request.POST:
                actions.hand_in(copy=row, text=text)
                messages.success(request, _("Handed in. You can take it back until your teacher looks at it."))
            else:
                actions.save_draft(copy=row, text=text)
                messages.success(request, _("The draft is kept."))
            return redirect(row)
        except TutoringError as refused:
            actions.save_draft(copy=row, text=text)
            row = own_copy_or_404(request.user, copy_id)
            error = str(refused)
    return render(
        request, "tutoring/homework_copy.html", _shown_copy(row, request.user, error), status=422 if error else 200
    )


def _text_of(request: PersonRequest) -> str:
    return request.POST.get("text", "").replace("\r\n", "\n")


def _may_add(row: HomeworkCopy) -> None:
    if row.state not in TO_DO:
        raise TutoringError("closed", _("Nothing can be added now: this homework is handed in or closed."))


def _shown_copy(row: HomeworkCopy, reader: User, error: str = "") -> dict[str, Any]:
    attempts = list(row.attempts.filter(taken_back_at=None).prefetch_related("files").order_by("-number"))
    return {
        "copy": row,
        "homework": row.homework,
        "items": shown_items(row.homework, reader),
        "attempts": attempts,
        "files": list(row.files.filter(attempt=None)),
        "may_take_back": row.state == HomeworkState.HANDED_IN and row.opened_at is None,
        "error": error,
    }


def shown_items(homework: Homework, reader: User) -> list[dict[str, Any]]:
    """The parts of a homework; a lesson page with its present title and address, where this person may read it."""
    items = list(homework.items.all())
    pages = readable_lessons(reader, [one.object_id for one in items if one.kind == "page" and one.object_id])
    return [{"item": one, "page": pages.get(one.object_id or 0)} for one in items]


@require_POST
@login_required
def draft(request: PersonRequest, copy_id: int) -> HttpResponse:
    """Keep the draft while it is typed."""
    row = own_copy_or_404(request.user, copy_id)
    actions.save_draft(copy=row, text=_text_of(request))
    return JsonResponse({"kept": True})


@require_POST
@login_required
def take_back(request: PersonRequest, copy_id: int) -> HttpResponse:
    row = own_copy_or_404(request.user, copy_id)
    try_to(request, lambda: actions.take_back(copy=row), _("It is a draft again."))
    return redirect(row)


@require_POST
@login_required
def remove_file(request: PersonRequest, key: UUID) -> HttpResponse:
    """Take a file out of one's draft."""
    rows = AttemptFile.objects.filter(copy__student=request.user, attempt=None).select_related("copy__homework")
    row = get_object_or_404(rows, key=key)
    if "text" in request.POST:
        # the button stands in the form of the answer: what was typed there is not lost
        actions.save_draft(copy=row.copy, text=_text_of(request))
    row.delete()
    return redirect(row.copy)


@require_safe
@login_required
def answer_file(request: PersonRequest, key: UUID, name: str) -> Any:
    """A file of an answer: for its student, and once it is handed in for who looks at it."""
    row = AttemptFile.objects.filter(key=key).select_related("copy").first()
    if row is None:
        raise Http404
    is_own = HomeworkCopy.objects.of_student(request.user).filter(pk=row.copy_id).exists()
    if not is_own and (row.attempt_id is None or not managed_copies(request.user).filter(pk=row.copy_id).exists()):
        raise Http404
    media_type = media_type_of(str(row.file.name))
    return serve_file(request, row.file, etag=f"h{row.pk}", media_type=media_type, name=row.original_name, inline=False)


@require_safe
@login_required
def item_file(request: PersonRequest, key: UUID, name: str) -> Any:
    """A file that was given with homework: for who has it to do, and who gave it."""
    row = HomeworkItem.objects.filter(key=key).exclude(file="").first()
    if row is None:
        raise Http404
    copies = HomeworkCopy.objects.filter(homework=row.homework_id)
    is_given = HomeworkCopy.objects.of_student(request.user).filter(homework=row.homework_id).exists()
    if not is_given and not managed_copies(request.user).filter(pk__in=copies.values("pk")).exists():
        raise Http404
    media_type = media_type_of(str(row.file.name))
    return serve_file(request, row.file, etag=f"i{row.pk}", media_type=media_type, name=row.original_name, inline=False)


# --- the teacher ------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def give(request: PersonRequest, project_id: int, lesson_id: int | None = None) -> HttpResponse:
    """Give homework to students of a project, with a lesson or without."""
    project = managed_project_or_404(request.user, project_id)
    lesson = managed_lesson_or_404(request.user, lesson_id) if lesson_id else None
    if lesson is not None and lesson.project_id != project.pk:
        raise Http404
    back = lesson.get_absolute_url() if lesson else project_url(project_id)
    return _give(request, back=back, project=project, lesson=lesson)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def give_to_group(request: PersonRequest, group_id: int) -> HttpResponse:
    """Give homework to a study group of a course."""
    group = get_object_or_404(StudyGroup.objects.select_related("course"), pk=group_id)
    if not manages_course(request.user, group.course_id):
        raise Http404
    return _give(request, back=reverse("teaching_groups", args=(group.course_id,)), group=group)


def _give(
    request: PersonRequest,
    *,
    back: str,
    project: Project | None = None,
    group: StudyGroup | None = None,
    lesson: Lesson | None = None,
) -> HttpResponse:
    possible = actions.possible_students(project=project, group=group)
    data: Any = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = HomeworkForm(*data, students=possible, in_project=project is not None, reader=request.user)
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            actions.give_homework(
                teacher=request.user,
                title=facts["title"],
                items=_items(facts),
                students=facts["students"],
                project=project,
                group=group,
                lesson=lesson,
                due_at=facts["due_at"] if facts["due"] == "at" else None,
                due_next=facts["due"] == "next",
                points=facts["points"] or 0,
            )
        except TutoringError as error:
            form.add_error("file" if error.code == "bad_file" else None, str(error))
        else:
            messages.success(request, _("The homework is given."))
            return redirect(back)
    title = _("New homework: %(name)s") % {"name": project or group}
    return form_page(request, form, title=title, submit=_("Give homework"), back=back, has_files=True)


def _items(facts: dict[str, Any]) -> list[actions.Item]:
    kinds = HomeworkItem.Kind
    found = []
    if facts["text"].strip():
        found.append(actions.Item(kinds.TEXT, text=facts["text"]))
    if facts["link"]:
        found.append(actions.Item(kinds.LINK, link=facts["link"]))
    if facts["page"]:
        found.append(actions.Item(kinds.PAGE, object_id=facts["page"].pk))
    if facts["file"]:
        found.append(actions.Item(kinds.FILE, upload=facts["file"]))
    return found


@require_safe
@login_required
def to_look_at(request: PersonRequest) -> HttpResponse:
    """What students have handed in, the oldest first; `all` shows everything that was given."""
    user = request.user
    rows = managed_copies(user)
    if not rows.exists() and not user.has_perm("tutoring.teach_privately"):
        raise Http404
    shows_all = "all" in request.GET
    rows = rows if shows_all else rows.to_look_at()
    rows = rows.select_related("student", "homework__project", "homework__group")
    page = Paginator(rows.order_by("-pk") if shows_all else rows.order_by("handed_in_at", "pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {"page_obj": page, "shows_all": shows_all, "query": "all=1" if shows_all else ""}
    return render(request, "tutoring/homework_look.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def look(request: PersonRequest, copy_id: int) -> HttpResponse:
    """One answer: read it, comment, accept or return; then the next, without going back."""
    row = managed_copy_or_404(request.user, copy_id)
    attempt = row.last_attempt
    initial = {"attempt": attempt.number if attempt else 0, "points": row.points, "mark": row.mark}
    form = AnswerForm(request.POST or None, initial={**initial, "comment": attempt.comment if attempt else ""})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        state = HomeworkState.ACCEPTED if "accept" in request.POST else HomeworkState.RETURNED

        def answer() -> HomeworkCopy:
            return actions.answer(
                copy=row,
                state=state,
                attempt_number=data["attempt"],
                comment=data["comment"],
                points=data["points"],
                mark=data["mark"],
            )

        if _answered(form, answer):
            following = _neighbours(request, row)[1]
            messages.success(request, _("Accepted.") if state == HomeworkState.ACCEPTED else _("Returned for more."))
            return redirect("homework_look", following.pk) if following else redirect("homework_to_look_at")
        row.refresh_from_db()
        attempt = row.last_attempt
        # a newer attempt is below the error now: what is sent next is about that one
        form.data = {**request.POST.dict(), "attempt": attempt.number if attempt else 0}
    before, following = _neighbours(request, row)
    context = {
        **_shown_copy(row, request.user),
        "form": form,
        "attempt": attempt,
        "before": before,
        "following": following,
    }
    return render(request, "tutoring/homework_answer.html", context, status=422 if form.errors else 200)


def _answered(form: AnswerForm, answer: Callable[[], Any]) -> bool:
    try:
        answer()
    except TutoringError as error:
        form.add_error(None, str(error))
        return False
    return True


def _neighbours(request: PersonRequest, row: HomeworkCopy) -> tuple[HomeworkCopy | None, HomeworkCopy | None]:
    """The one before and the one after it, of those that wait."""
    rows = managed_copies(request.user).to_look_at().exclude(pk=row.pk).only("pk", "handed_in_at")
    if row.handed_in_at is None:
        return None, rows.order_by("handed_in_at", "pk").first()
    before = rows.filter(handed_in_at__lte=row.handed_in_at).order_by("-handed_in_at", "-pk").first()
    after = rows.filter(handed_in_at__gt=row.handed_in_at).order_by("handed_in_at", "pk").first()
    return before, after


@require_POST
@login_required
def opened(request: PersonRequest, copy_id: int) -> HttpResponse:
    """Note that the answer is on the screen: from now on the student cannot take it back.

    The page posts this by its script, since a GET changes nothing. Without the script an answer may be taken back while
    it is read; then the comment is refused, because it is about another attempt.
    """
    row = managed_copy_or_404(request.user, copy_id)
    actions.open_for_marking(copy=row, attempt_number=parse_id(request.POST.get("attempt", "")) or 0)
    return JsonResponse({"opened": True})


@require_POST
@login_required
def excuse(request: PersonRequest, copy_id: int) -> HttpResponse:
    row = managed_copy_or_404(request.user, copy_id)
    try_to(request, lambda: actions.excuse(copy=row), _("The student need not do it."))
    return redirect("homework_look", row.pk)


@require_POST
@login_required
def remind(request: PersonRequest, homework_id: int) -> HttpResponse:
    """Write to those who have not handed it in."""
    own = managed_copies(request.user).filter(homework=homework_id)
    copies = own.select_related("homework__project").first()
    if copies is None:
        raise Http404
    sent: list[int] = []
    if try_to(request, lambda: sent.append(actions.remind(homework=copies.homework))):
        count = sent[0]
        messages.success(
            request, ngettext("%(n)s student is reminded.", "%(n)s students are reminded.", count) % {"n": count}
        )
    project = copies.homework.project
    return redirect(project) if project else redirect("homework_to_look_at")
