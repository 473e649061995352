# ruff: noqa: E501  (a table)
"""Every address of the project with real keys in it, for the walk past the door."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern
from wagtail.models import Collection, Site, Task, Workflow

ADDRESS = re.compile(r"<(?:(?P<kind>[\w]+):)?(?P<name>\w+)>")
GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")


def values(small: SimpleNamespace) -> dict[str, Any]:
    """What stands in an address by the name of its part; the course, lesson and files are the guarded ones."""
    lesson = small.secret
    revision = lesson.revisions.first()
    return {
        "course_id": small.course.pk, "lesson_id": lesson.pk, "page_id": lesson.pk, "parent_page_id": lesson.get_parent().pk,
        "page_to_move_id": lesson.pk, "destination_id": small.modules[1].pk, "parent_id": small.modules[0].pk,
        "revision_id": revision.pk, "revision_id_a": revision.pk, "revision_id_b": "live",
        "image_id": small.picture.pk, "document_id": small.file.pk, "document_filename": small.file.filename,
        "name": small.picture.get_rendition("width-20").file.name.rpartition("/")[2],
        "user_id": small.student.pk, "group_id": Group.objects.first().pk, "collection_id": Collection.objects.first().pk,
        "workflow_pk": Workflow.objects.first().pk, "task_pk": Task.objects.first().pk, "instance_pk": small.enrollment.pk,
        "content_type_id": ContentType.objects.get_for_model(lesson).pk, "content_type_app_label": "courses",
        "content_type_app_name": "courses", "content_type_model_name": "lessonpage", "app_label": "courses", "app_name": "courses",
        "model_name": "lessonpage", "action": "delete", "action_name": "approve", "site_pk": Site.objects.first().pk,
        "slug": "courses", "key": "x", "uidb36": "1", "uidb64": "MQ", "filter_spec": "width-20",
        "signature": "x", "path": "x", "app": "courses", "model": "lessonpage", "task_state_id": 1, "task_id": 1,
        "workflow_id": Workflow.objects.first().pk, "workflow_state_id": 1, "restriction_id": 1, "page_view_restriction_id": 1,
        "object_id": lesson.pk, "language": "en", "dismissible_id": "x", "pk": small.enrollment.pk, "id": lesson.pk,
        "task_app_label": "wagtailcore", "task_model_name": "groupapprovaltask", "locale_id": 1,
        "session_id": 1, "token": small.stop_token, "uploaded_image_id": 1, "uploaded_file_id": 1,
    }  # fmt: skip


def _leaves(resolver: URLResolver, before: str, names: tuple[str, ...]) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        part = str(entry.pattern)
        part = _plain(part) if isinstance(entry.pattern, RegexPattern) else part
        if isinstance(entry, URLResolver):
            yield from _leaves(entry, before + part, names)
        else:
            yield before + part, entry


def _plain(regex: str) -> str:
    """`^edit/(?P<pk>[-\\w]+)/$` → `edit/<pk>/`."""
    return GROUP.sub(r"<\1>", regex).lstrip("^").removesuffix("$").removesuffix("\\Z").replace("\\", "")


def addresses(small: SimpleNamespace) -> list[tuple[str, str]]:
    """(name of the pattern, address) of everything that has a fixed form; pages are added by the test."""
    known = values(small)
    # what a bare `pk` means differs: an enrolment, a lesson, a person, a picture, a file
    things = (small.enrollment, small.secret, small.student, small.picture, small.file, small.course)
    keys = list(dict.fromkeys(thing.pk for thing in things))
    found = []
    for route, pattern in _leaves(get_resolver(), "", ()):
        if pattern.name == "wagtail_serve" or ".*" in route or "(" in route:
            continue
        for key in keys if "<pk>" in route or ":pk>" in route else keys[:1]:
            here = {**known, "pk": key}
            if route.startswith("teaching/groups/"):
                here["group_id"] = small.study_group.pk
            if route.startswith("chat/"):
                here |= {"room_id": small.room.pk, "seq": 1, "key": small.attachment.key, "name": "notes.txt"}
            address = "/" + ADDRESS.sub(lambda m, here=here: str(here.get(m["name"], small.secret.pk)), route)
            found.append((pattern.name or route, address))
    return found
