"""What the API takes and gives."""

from datetime import datetime
from typing import Literal

from ninja import Field, Schema

from learning.accounts.models import User
from learning.base.numbers import LARGEST_ID
from learning.courses.enums import CourseLanguage, Level
from learning.courses.models import CoursePage
from learning.courses.programme import address_of
from learning.enrollment.models import Enrollment


class CourseOut(Schema):
    id: int = Field(examples=[12])
    title: str = Field(examples=["Python: the first line"])
    summary: str
    url: str = Field(examples=["/courses/python-first-line/"])
    level: str = Field(examples=["beginner"])
    language: str = Field(examples=["en"])
    policy: str = Field(examples=["open"])
    starts_at: datetime | None
    ends_at: datetime | None

    @classmethod
    def of(cls, page: CoursePage) -> "CourseOut":
        names = ("title", "summary", "level", "language", "policy", "starts_at", "ends_at")
        return cls(id=page.pk, url=address_of(page.url_path), **{name: getattr(page, name) for name in names})


class CoursesOut(Schema):
    items: list[CourseOut]
    next: str | None


class LessonOut(Schema):
    id: int
    title: str
    url: str
    minutes: int
    number: int
    free_preview: bool
    done: bool


class ModuleOut(Schema):
    id: int
    title: str
    url: str
    opens_at: datetime | None = Field(description="For your study group, while it is still to come.")
    lessons: list[LessonOut]


class CourseDetail(CourseOut):
    status: str | None = Field(description="Of your own enrolment.", examples=["active"])
    readable: bool = Field(description="Whether you may read its lessons now.")
    refusal: str | None = Field(description="Why not.", examples=["not_enrolled"])
    modules: list[ModuleOut]


class CourseQuery(Schema):
    q: str = Field("", max_length=100)
    subject: str = Field("", max_length=100)
    level: str = Field("", max_length=16, examples=[*Level.values])
    language: str = Field("", max_length=8, examples=CourseLanguage.values[:3])


class EnrollmentOut(Schema):
    course_id: int
    course: str = Field(examples=["Python: the first line"])
    url: str
    status: str = Field(examples=["active"])
    group: str | None
    done: int = Field(examples=[3])
    percent: int = Field(examples=[25])
    enrolled_at: datetime
    last_read_at: datetime | None

    @classmethod
    def of(cls, row: Enrollment) -> "EnrollmentOut":
        return cls(
            course_id=row.course_id,
            course=row.course.title,
            url=address_of(row.course.url_path),
            status=row.status,
            group=row.group.name if row.group else None,
            done=row.done,
            percent=row.percent,
            enrolled_at=row.created_at,
            last_read_at=row.last_read_at,
        )


class EnrollmentsOut(Schema):
    items: list[EnrollmentOut]
    next: str | None


class Me(Schema):
    id: int
    email: str = Field(examples=["student@example.org"])
    name: str
    language: str
    time_zone: str = Field(examples=["Europe/Paris"])
    roles: list[str]


class EnrollIn(Schema):
    key: str = Field("", max_length=200, description="Under the policy `key`.")
    group: int | None = Field(None, ge=1, le=LARGEST_ID, description="Where students choose a study group.")


class DoneIn(Schema):
    done: bool = True


class ProgressOut(Schema):
    done: int
    of: int
    percent: int
    minutes_left: int
    next_lesson: str | None = Field(description="The address of the lesson to go on with.")


class GroupOut(Schema):
    id: int
    name: str
    capacity: int | None
    starts_at: datetime | None
    ends_at: datetime | None


class GroupsOut(Schema):
    items: list[GroupOut]
    next: str | None


class StudentOut(Schema):
    enrollment_id: int
    user_id: int
    name: str
    email: str
    status: str
    group_id: int | None
    done: int
    percent: int
    enrolled_at: datetime
    last_read_at: datetime | None

    @classmethod
    def of(cls, row: Enrollment) -> "StudentOut":
        person: User = row.user
        return cls(
            enrollment_id=row.pk,
            user_id=person.pk,
            name=person.get_full_name(),
            email="" if person.anonymised_at else person.email,
            status=row.status,
            group_id=row.group_id,
            done=row.done,
            percent=row.percent,
            enrolled_at=row.created_at,
            last_read_at=row.last_read_at,
        )


class StudentsOut(Schema):
    items: list[StudentOut]
    next: str | None


StatusName = Literal[
    "requested", "waitlisted", "active", "completed", "paused", "left", "removed", "declined", "expired"
]


class StatusIn(Schema):
    status: StatusName
    reason: str = Field("", max_length=500)
