"""Views behind the forms of the course page and the reader."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from learning.base.numbers import parse_id
from learning.courses.enums import Completes
from learning.courses.models import CoursePage, LessonPage
from learning.courses.programme import address_of
from learning.enrollment import actions, progress
from learning.enrollment.access import Viewing, access_to_part, reads_as_staff
from learning.enrollment.joining import join
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.models.groups import is_storable_date
from learning.enrollment.served import served_lesson
from learning.enrollment.statuses import Status
from learning.enrollment.viewing import start_viewing, stop_viewing

STATUS_OF = {"wrong_key": 422, "choose_group": 422, "too_many": 429}


def _course(pk: int) -> CoursePage:
    return get_object_or_404(CoursePage.objects.live().public(), pk=pk)


def _course_page_with(request: HttpRequest, course: CoursePage, error: Any, status: int) -> HttpResponse:
    """The course page again, with the error beside the button and what was typed still there."""
    request.enrollment_error = error  # type: ignore[attr-defined]
    request.is_preview = False  # type: ignore[attr-defined]
    response = course.serve(request)
    response.status_code = status
    return response


@require_POST
def enroll(request: HttpRequest, course_id: int) -> HttpResponse:
    """Enrol under the course's policy; `key` is asked for by the policy of that name."""
    course = _course(course_id)
    address = address_of(course.url_path)
    if not request.user.is_authenticated:
        return redirect_to_login(address)
    try:
        group_id = parse_id(request.POST.get("group"))
        enrollment = join(request, course, key=request.POST.get("key", ""), group_id=group_id)
    except actions.EnrollmentError as error:
        return _course_page_with(request, course, str(error), STATUS_OF.get(error.code, 409))
    said = {
        Status.ACTIVE: _("You are enrolled. Have a good start!"),
        Status.REQUESTED: _("Your request is with the school. You will get mail."),
        Status.WAITLISTED: _("You are on the waiting list. You will get mail when a seat is free."),
    }
    messages.success(request, said.get(Status(enrollment.status), _("You are enrolled already.")))
    return redirect(address)


@require_POST
def leave(request: HttpRequest, course_id: int) -> HttpResponse:
    course = _course(course_id)
    address = address_of(course.url_path)
    if not request.user.is_authenticated:
        return redirect_to_login(address)
    try:
        actions.leave(user=request.user, course=course)
    except actions.EnrollmentError as error:
        return _course_page_with(request, course, str(error), 409)
    messages.success(request, _("You have left the course. Your progress is kept, should you come back."))
    return redirect(address)


@require_POST
def view_as(request: HttpRequest, course_id: int) -> HttpResponse:
    """Let staff look at a course as a student of `group` (none when empty) would at the end of the day `on`.

    `stop` ends it. Anyone who is not staff of the course gets 404.
    """
    course = get_object_or_404(CoursePage, pk=course_id)
    if not reads_as_staff(request.user, course):
        raise Http404
    address = address_of(course.url_path)
    if "stop" in request.POST:
        stop_viewing(request)
        return redirect(address)
    group_id = parse_id(request.POST.get("group"))
    if group_id is not None and not StudyGroup.objects.filter(pk=group_id, course=course).exists():
        raise Http404
    try:
        day = date.fromisoformat(request.POST.get("on", ""))
        at = timezone.make_aware(datetime.combine(day, time.max))
        if not is_storable_date(at):
            raise ValueError
    except (ValueError, OverflowError):
        return _course_page_with(request, course, _("This is not a day of the calendar."), 422)
    start_viewing(request, Viewing(course.pk, group_id, at))
    return redirect(address)


def _lesson_of_student(request: HttpRequest, lesson_id: int) -> tuple[LessonPage, Enrollment]:
    """The lesson and the enrolment that reading it counts for; 404 for whoever may not read it as a student."""
    lesson = served_lesson(lesson_id, request)
    if lesson is None or not request.user.is_authenticated:
        raise Http404
    access = access_to_part(request.user, lesson)
    if not access.as_student or access.enrollment is None:
        raise Http404
    return lesson, access.enrollment


def _block_id(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("block", ""))
    except ValueError:
        return None


@require_POST
def mark_done(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Mark the lesson as done (`done=1`) or not done (`done=0`) for the student."""
    if not request.user.is_authenticated:
        return redirect_to_login("/me/")
    lesson, enrollment = _lesson_of_student(request, lesson_id)
    done = request.POST.get("done") == "1"
    address = address_of(lesson.url_path)
    if done and lesson.completes == Completes.BY_BLOCKS and lesson.required_blocks():
        messages.error(request, _("This lesson is done by itself when its videos and recordings have been played."))
        return redirect(address)
    was_completed = enrollment.status == Status.COMPLETED
    state = progress.set_done(enrollment=enrollment, lesson=lesson, done=done)
    if not done:
        return redirect(address)
    if state.finished and not was_completed:
        messages.success(request, _("That was the last lesson: the course is completed. Congratulations!"))
        return redirect(address_of(lesson.course.url_path))
    _before, after = state.programme.around(lesson.pk)
    if "stay" in request.POST:  # sent by the keyboard shortcut D: mark as done and stay on the page
        return redirect(address)
    return redirect(after.url if after else address_of(lesson.course.url_path))


@require_POST
def keep_position(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Store where the student is in the lesson; the page's script sends it in the background."""
    lesson, enrollment = _lesson_of_student(request, lesson_id)
    progress.set_position(enrollment=enrollment, lesson=lesson, block_id=_block_id(request))
    return HttpResponse(status=204)


@require_POST
def mark_played(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Record that a video or recording of the lesson has been played to 90 %."""
    lesson, enrollment = _lesson_of_student(request, lesson_id)
    block_id = _block_id(request)
    if block_id is None:
        return JsonResponse({"detail": _("There is no such block.")}, status=422)
    return JsonResponse({"done": progress.set_played(enrollment=enrollment, lesson=lesson, block_id=block_id)})
