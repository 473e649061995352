"""Courses, enrolments, progress and groups over the API: the same access and actions as the pages."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router

from learning.accounts.api import anyone, signed_in
from learning.accounts.requests import PersonRequest
from learning.base.api import ApiError, Key, Page, Problem, Rate, not_found, paged
from learning.courses.catalogue import clean_query
from learning.courses.models import CoursePage, Subject
from learning.enrollment import actions, counting, progress
from learning.enrollment.access import access_to_course, access_to_part
from learning.enrollment.api_schemas import (
    CourseDetail,
    CourseOut,
    CourseQuery,
    CoursesOut,
    DoneIn,
    EnrollIn,
    EnrollmentOut,
    EnrollmentsOut,
    GroupOut,
    GroupsOut,
    LessonOut,
    Me,
    ModuleOut,
    ProgressOut,
    StatusIn,
    StatusName,
    StudentOut,
    StudentsOut,
)
from learning.enrollment.joining import join
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.plans import programme_for
from learning.enrollment.rights import manages_course
from learning.enrollment.scopes import LEARN, MANAGE, READ, TEACH
from learning.enrollment.served import served_lesson
from learning.enrollment.statuses import READING, Status

courses = Router(tags=["Courses"])
learning = Router(tags=["Learning"])
teaching = Router(tags=["Teaching"])

SEARCHED = 500  # courses that a search looks through
READS = Rate("read", people=600, visitors=120)
WRITES = Rate("write", people=120, visitors=20)

PUBLIC: dict[Any, Any] = {frozenset({400, 401, 403, 404, 422, 429}): Problem}
CHANGES: dict[Any, Any] = {frozenset({400, 401, 403, 404, 409, 422, 429}): Problem}


def _found(asked: CourseQuery) -> QuerySet[CoursePage]:
    rows = CoursePage.objects.live().public()
    if asked.subject:
        # PostgreSQL refuses NUL in a text: without `replace` this input would be a 500 (promise 32)
        subject = Subject.objects.filter(slug=asked.subject.replace("\x00", "")).first()
        rows = rows.filter(subjects=subject) if subject else rows.none()
    if asked.level:
        rows = rows.filter(level=asked.level.replace("\x00", ""))
    if asked.language:
        rows = rows.filter(language=asked.language.replace("\x00", ""))
    words = clean_query(asked.q)
    if words:
        # keys first: results of Wagtail's search cannot be filtered by the cursor
        found = [page.pk for page in CoursePage.objects.live().public().search(words)[:SEARCHED]]
        rows = rows.filter(pk__in=found)
    return rows.order_by("path")


@courses.get("/courses", response={200: CoursesOut, **PUBLIC}, auth=anyone(READ), throttle=[READS])
def list_courses(request: HttpRequest, asked: Query[CourseQuery], page: Query[Page]) -> Any:
    """The catalogue, in its order."""
    rows = _found(asked)
    after = page.word()
    if after is not None:
        rows = rows.filter(path__gt=after)
    found, following = paged(rows, page.limit, lambda course: course.path)
    return {"items": [CourseOut.of(course) for course in found], "next": following}


def _course(pk: int) -> CoursePage:
    page = CoursePage.objects.live().public().filter(pk=pk).first()
    if page is None:
        raise not_found()
    return page


@courses.get("/courses/{id}", response={200: CourseDetail, **PUBLIC}, auth=anyone(READ), throttle=[READS])
def show_course(request: HttpRequest, id: Key) -> Any:  # noqa: A002  (the name in the address)
    """One course with its programme: titles and minutes, and when modules open; never a lesson's text."""
    page = _course(id)
    user: Any = request.user
    access = access_to_course(user, page)
    programme = programme_for(page, access.plan)
    done = counting.done_lessons(user, programme) if access.status else frozenset()
    closed = access.closed_modules
    modules = [
        ModuleOut(
            id=module.id,
            title=module.title,
            url=module.url,
            opens_at=closed.get(module.id),
            lessons=[
                LessonOut(
                    done=lesson.id in done,
                    **{
                        name: getattr(lesson, name)
                        for name in ("id", "title", "url", "minutes", "number", "free_preview")
                    },
                )
                for lesson in module.lessons
            ],
        )
        for module in programme.modules
    ]
    facts = CourseOut.of(page).dict()
    refusal = access.refusal.value if access.refusal else None
    return CourseDetail(**facts, status=access.status, readable=access.granted, refusal=refusal, modules=modules)


# --- learning -------------------------------------------------------------------------------


_CODES = {"too_many": 429, "wrong_key": 422, "choose_group": 422, "no_such_group": 422, "no_such_course": 404}


def _refused(error: actions.EnrollmentError) -> ApiError:
    return ApiError(_CODES.get(error.code, 409), error.code, error)


@learning.get("/me", response={200: Me, **PUBLIC}, auth=signed_in(READ), throttle=[READS])
def me(request: PersonRequest) -> Any:
    user = request.user
    names = ("email", "language", "time_zone")
    facts = {name: getattr(user, name) for name in names}
    return Me(id=user.pk, name=user.get_full_name(), roles=sorted(user.role_names), **facts)


@learning.get("/me/enrollments", response={200: EnrollmentsOut, **PUBLIC}, auth=signed_in(READ), throttle=[READS])
def my_enrollments(request: HttpRequest, page: Query[Page]) -> Any:
    """Your enrolments with progress, the newest first."""
    rows = Enrollment.objects.filter(user=request.user.pk, course__live=True).select_related("course", "group")
    after = page.number()
    if after is not None:
        rows = rows.filter(pk__lt=after)
    found, following = paged(rows.order_by("-pk"), page.limit, lambda row: row.pk)
    return {"items": [EnrollmentOut.of(row) for row in found], "next": following}


@learning.post(
    "/courses/{id}/enroll",
    response={200: EnrollmentOut, **CHANGES},
    auth=signed_in(LEARN),
    throttle=[WRITES],
)
def enroll(request: HttpRequest, id: Key, wish: EnrollIn) -> Any:  # noqa: A002
    """Enrol under the course's policy. Enrolling twice gives the same enrolment."""
    page = _course(id)
    try:
        row = join(request, page, key=wish.key, group_id=wish.group)
    except actions.EnrollmentError as error:
        raise _refused(error) from error
    return EnrollmentOut.of(Enrollment.objects.select_related("course", "group").get(pk=row.pk))


@learning.post(
    "/courses/{id}/leave", response={200: EnrollmentOut, **CHANGES}, auth=signed_in(LEARN), throttle=[WRITES]
)
def leave(request: PersonRequest, id: Key) -> Any:  # noqa: A002
    """Leave the course or its queue; progress stays."""
    user = request.user
    try:
        row = actions.leave(user=user, course=_course(id))
    except actions.EnrollmentError as error:
        raise _refused(error) from error
    return EnrollmentOut.of(Enrollment.objects.select_related("course", "group").get(pk=row.pk))


@learning.put("/lessons/{id}/done", response={200: ProgressOut, **CHANGES}, auth=signed_in(LEARN), throttle=[WRITES])
def mark_done(request: PersonRequest, id: Key, wish: DoneIn) -> Any:  # noqa: A002
    """Mark a lesson done, or not done after all."""
    user = request.user
    lesson = served_lesson(id, request)
    if lesson is None:
        raise not_found()
    access = access_to_part(user, lesson)
    # 404 and not 403: a refusal does not tell whether the lesson exists (promise 5)
    if not access.as_student or access.enrollment is None:
        raise not_found()
    if wish.done and lesson.required_blocks():
        detail = _("This lesson is done by itself when its videos and recordings have been played.")
        raise ApiError(409, "by_blocks", detail)
    state = progress.set_done(enrollment=access.enrollment, lesson=lesson, done=wish.done)
    following = state.next_lesson.url if state.next_lesson else None
    return ProgressOut(
        done=state.count, of=state.of, percent=state.percent, minutes_left=state.minutes_left, next_lesson=following
    )


# --- teaching -------------------------------------------------------------------------------


def _managed(request: PersonRequest, course_id: int) -> None:
    user = request.user
    # administrators manage every number, also that of a deleted course, whose enrolments stay
    if not manages_course(user, course_id) or not CoursePage.objects.filter(pk=course_id).exists():
        raise not_found()


def _students(rows: QuerySet[Enrollment], page: Page) -> dict[str, Any]:
    after = page.number()
    if after is not None:
        rows = rows.filter(pk__lt=after)
    found, following = paged(rows.select_related("user").order_by("-pk"), page.limit, lambda row: row.pk)
    return {"items": [StudentOut.of(row) for row in found], "next": following}


@teaching.get("/courses/{id}/groups", response={200: GroupsOut, **PUBLIC}, auth=signed_in(TEACH), throttle=[READS])
def groups(request: PersonRequest, id: Key, page: Query[Page]) -> Any:  # noqa: A002
    """The study groups of a course whose students you look after."""
    _managed(request, id)
    rows = StudyGroup.objects.filter(course_id=id).order_by("pk")
    after = page.number()
    if after is not None:
        rows = rows.filter(pk__gt=after)
    found, following = paged(rows, page.limit, lambda row: row.pk)
    names = ("name", "capacity", "starts_at", "ends_at")
    items = [GroupOut(id=row.pk, **{name: getattr(row, name) for name in names}) for row in found]
    return {"items": items, "next": following}


@teaching.get("/groups/{id}/members", response={200: StudentsOut, **PUBLIC}, auth=signed_in(TEACH), throttle=[READS])
def members(request: PersonRequest, id: Key, page: Query[Page]) -> Any:  # noqa: A002
    """Those who are in a study group now."""
    group = StudyGroup.objects.filter(pk=id).first()
    if group is None:
        raise not_found()
    _managed(request, group.course_id)
    return _students(Enrollment.objects.filter(group=group, status__in=READING), page)


@teaching.get(
    "/courses/{id}/enrollments",
    response={200: StudentsOut, **PUBLIC},
    auth=signed_in(TEACH),
    throttle=[READS],
)
def enrollments(request: PersonRequest, id: Key, page: Query[Page], status: StatusName | None = None) -> Any:  # noqa: A002
    """All enrolments of a course whose students you look after, the newest first."""
    _managed(request, id)
    rows = Enrollment.objects.filter(course_id=id)
    return _students(rows.filter(status=status) if status else rows, page)


@teaching.post(
    "/enrollments/{id}/status",
    response={200: StudentOut, **CHANGES},
    auth=signed_in(MANAGE),
    throttle=[WRITES],
)
def change_status(request: PersonRequest, id: Key, wish: StatusIn) -> Any:  # noqa: A002
    """Approve, decline, pause, resume, remove: the same steps as in the CMS."""
    row = Enrollment.objects.filter(pk=id).first()
    if row is None:
        raise not_found()
    _managed(request, row.course_id)
    user = request.user
    try:
        row = actions.change_status(enrollment=row, after=Status(wish.status), actor=user, reason=wish.reason)
    except actions.EnrollmentError as error:
        raise _refused(error) from error
    return StudentOut.of(Enrollment.objects.select_related("user").get(pk=row.pk))
