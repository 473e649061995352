"""Small factories. Each makes one real thing through the project's own code."""

import itertools
import uuid
from io import BytesIO
from typing import Any

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from PIL import Image as Pixels

from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.courses.models import CatalogPage, CoursePage, CoursePrerequisite, CourseTeacher, LessonPage, ModulePage
from learning.enrollment import actions
from learning.enrollment.models import Enrollment
from learning.library.collections import collection_of
from learning.library.models import Picture, StoredFile

PASSWORD = "a-long-enough-secret"
_numbers = itertools.count(1)


def person(name: str = "", role: Role | None = Role.STUDENT, **fields: Any) -> User:
    """Someone with a confirmed address, in the group of their role."""
    from allauth.account.models import EmailAddress

    name = name or f"person{next(_numbers)}"
    user = User.objects.create_user(f"{name}@example.org", PASSWORD, **{"display_name": name.title(), **fields})
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def text(html: str) -> dict[str, Any]:
    return {"type": "text", "value": html, "id": str(uuid.uuid4())}


def course(title: str = "", *, team: tuple[User, ...] = (), live: bool = True, **fields: Any) -> CoursePage:
    title = title or f"Course {next(_numbers)}"
    catalog = CatalogPage.objects.get()
    page = CoursePage(title=title, **{"summary": f"About {title}", **fields})
    page.team = [CourseTeacher(person=who, sort_order=place) for place, who in enumerate(team)]
    page.live = live
    catalog.add_child(instance=page)
    publish(page) if live else page.save_revision()
    return CoursePage.objects.get(pk=page.pk)


def requires(page: CoursePage, first: CoursePage) -> None:
    page.prerequisites = [CoursePrerequisite(required=first)]
    publish(page)


def module(of: CoursePage, title: str = "Module", *, live: bool = True, **fields: Any) -> ModulePage:
    page = ModulePage(title=title, slug=f"module-{next(_numbers)}", live=live, **fields)
    CoursePage.objects.get(pk=of.pk).add_child(instance=page)
    publish(page) if live else page.save_revision()
    return ModulePage.objects.get(pk=page.pk)


def lesson(
    of: ModulePage, title: str = "Lesson", *, html: str = "<p>Words.</p>", live: bool = True, **fields: Any
) -> LessonPage:
    blocks = fields.pop("blocks", None) or [text(html)]
    page = LessonPage(title=title, slug=f"lesson-{next(_numbers)}", live=live, **fields)
    page.body = LessonPage._meta.get_field("body").stream_block.to_python(blocks)
    ModulePage.objects.get(pk=of.pk).add_child(instance=page)
    publish(page) if live else page.save_revision()
    return LessonPage.objects.get(pk=page.pk)


def lesson_showing(file: StoredFile, of: ModulePage) -> LessonPage:
    """A lesson with this file in a block."""
    block = {"type": "file", "value": {"file": file.pk, "title": ""}, "id": str(uuid.uuid4())}
    return lesson(of, "With a file", blocks=[block])


def publish(page: Any, user: User | None = None) -> None:
    page.save_revision(user=user).publish(user=user, skip_permission_checks=True)


def fresh(thing: Any) -> Any:
    return type(thing).objects.get(pk=thing.pk)


def enrolled(user: User, in_course: CoursePage) -> Enrollment:
    return actions.enroll(user=user, course=in_course)


def png(width: int = 40, height: int = 30, colour: str = "green") -> bytes:
    buffer = BytesIO()
    Pixels.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def picture(title: str = "Picture", *, of: CoursePage | None = None, data: bytes | None = None) -> Picture:
    row = Picture(title=title)
    if of:
        row.collection = collection_of(of)
    row.file = ContentFile(data or png(), name="picture.png")
    row.save()
    return row


def stored(name: str = "notes.txt", data: bytes = b"words", *, of: CoursePage | None = None) -> StoredFile:
    row = StoredFile(title=name)
    if of:
        row.collection = collection_of(of)
    row.file = ContentFile(data, name=name)
    row.file_size = len(data)
    row.clean()
    row.save()
    return row


def path_of(page: Any) -> str:
    from learning.courses.programme import address_of

    return address_of(page.url_path)
