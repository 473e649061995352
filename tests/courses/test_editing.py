"""What editors and teachers do in the CMS: order, move, choose files, see who may read."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from wagtail.documents import get_document_model

from learning.courses.enums import Completes
from learning.enrollment.models import Completion
from learning.library.collections import collection_of
from tests import school
from tests.courses.test_authoring import edit_form

WRITERS = ("teacher", "editor", "moderator", "admin")
AVI = b"RIFF\x24\x00\x00\x00AVI LIST" + b"\x00" * 64
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 64
MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00" + b"\x00" * 64


def order_in(module: Any) -> list[int]:
    return [page.pk for page in school.fresh(module).get_children().order_by("path")]


@pytest.mark.parametrize("who", WRITERS)
def test_whoever_writes_a_course_reorders_its_lessons(small: SimpleNamespace, visit: Any, who: str) -> None:
    client = visit(getattr(small, who))
    first, second = small.lessons[:2]
    listing = client.get(f"/cms/pages/{small.modules[0].pk}/").content.decode()
    assert "data-w-orderable-item-id" in listing
    assert client.post(f"/cms/pages/{second.pk}/set_position/?position=0").status_code == 200
    assert order_in(small.modules[0]) == [second.pk, first.pk]
    said = "students see it without approval" in listing
    assert said == (who in ("teacher", "editor"))


def test_who_may_not_reorder_has_no_handle_and_changes_nothing(small: SimpleNamespace, visit: Any) -> None:
    catalog = small.course.get_parent()
    for who in ("teacher", "editor"):
        client = visit(getattr(small, who))
        for parent in (catalog, catalog.get_parent()):
            html = client.get(f"/cms/pages/{parent.pk}/?ordering=ord", follow=True).content.decode()
            if "w-orderable" in html:
                assert f"/cms/pages/{parent.pk}/" not in html, (who, parent)
        before = [page.pk for page in catalog.get_children().order_by("path")]
        client.post(f"/cms/pages/{small.other.pk}/set_position/?position=0")
        assert [page.pk for page in school.fresh(catalog).get_children().order_by("path")] == before
    visit(small.other_teacher).post(f"/cms/pages/{small.lessons[1].pk}/set_position/?position=0")
    assert order_in(small.modules[0]) == [lesson.pk for lesson in small.lessons[:2]]


def move(client: Any, page: Any, destination: Any) -> Any:
    return client.post(f"/cms/pages/{page.pk}/move/{destination.pk}/confirm/")


@pytest.mark.parametrize("who", WRITERS)
def test_whoever_writes_a_course_moves_live_lessons_inside_it(small: SimpleNamespace, visit: Any, who: str) -> None:
    client = visit(getattr(small, who))
    assert client.get(f"/cms/pages/{small.lessons[0].pk}/move/").status_code == 200
    assert move(client, small.lessons[0], small.modules[1]).status_code == 302
    assert order_in(small.modules[1]) == [small.lessons[2].pk, small.lessons[0].pk]
    assert "Words." in visit(small.student).get(school.path_of(school.fresh(small.lessons[0]))).content.decode()


def test_live_lessons_are_not_moved_into_another_course_without_publishing(small: SimpleNamespace, visit: Any) -> None:
    second = school.module(school.course("Mosses", team=(small.teacher,)), "Forest")
    for who in (small.teacher, small.editor):
        move(visit(who), small.lessons[0], second)
        assert order_in(second) == []
    assert move(visit(small.moderator), small.lessons[0], second).status_code == 302
    assert order_in(second) == [small.lessons[0].pk]


def test_a_teacher_moves_nothing_of_others(small: SimpleNamespace, visit: Any) -> None:
    move(visit(small.other_teacher), small.lessons[0], small.modules[1])
    move(visit(small.teacher), small.other_lesson, small.modules[1])
    assert order_in(small.modules[1]) == [small.lessons[2].pk]


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("video", ("film.mp4", MP4), ("talk.mp3", MP3)),
        ("audio", ("talk.mp3", MP3), ("notes.txt", b"words")),
        ("captions", ("film.vtt", b"WEBVTT\n\n"), ("film.mp4", MP4)),
    ],
)
def test_choosers_list_one_kind_and_name_the_wrong_one(
    small: SimpleNamespace, visit: Any, kind: str, right: tuple[str, bytes], wrong: tuple[str, bytes]
) -> None:
    client = visit(small.teacher)
    for name, data in (right, wrong):
        school.stored(name, data, of=small.course)
    html = client.get(f"/cms/documents/{kind}/results/").content.decode()
    assert right[0] in html
    assert wrong[0] not in html
    assert client.get(f"/cms/documents/{kind}/results/?q=film").status_code == 200
    assert client.get(f"/cms/documents/{kind}/?q=film").status_code == 200
    prefix = "document-chooser-upload"
    upload = SimpleUploadedFile(*wrong)
    data = {f"{prefix}-title": "T", f"{prefix}-file": upload, f"{prefix}-collection": collection_of(small.course).pk}
    answer = client.post(f"/cms/documents/{kind}/create/", data).json()
    assert answer["step"] == "reshow_creation_form"
    assert "is not a" in answer["htmlFragment"]
    assert wrong[0] in answer["htmlFragment"]
    assert get_document_model().objects.filter(title="T").count() == 0
    data[f"{prefix}-file"] = SimpleUploadedFile(*right)
    assert client.post(f"/cms/documents/{kind}/create/", data).json()["step"] == "chosen"


def test_an_avi_is_offered_for_download_and_is_no_condition(small: SimpleNamespace, visit: Any) -> None:
    film = school.stored("film.avi", AVI, of=small.course)
    assert film.kind == "video"
    block = {"type": "video", "id": "6b8f0f0e-0000-4000-8000-000000000001", "value": {"file": film.pk, "title": "Film"}}
    lesson = school.lesson(small.modules[0], "Film", blocks=[block], completes=Completes.BY_BLOCKS)
    client = visit(small.student)
    html = client.get(school.path_of(lesson)).content.decode()
    assert "<video" not in html
    assert f'href="{film.url}" download' in html
    client.post(reverse("lesson_done", args=(lesson.pk,)), {"done": "1"})
    assert Completion.objects.filter(user=small.student, lesson_id=lesson.pk).exists()


def test_a_playable_video_has_a_player_and_a_download_link(small: SimpleNamespace, visit: Any) -> None:
    film = school.stored("film.mp4", MP4, of=small.course)
    lesson = school.lesson(
        small.modules[0], "Film", blocks=[{"type": "video", "value": {"file": film.pk, "title": "Film"}}]
    )
    html = visit(small.student).get(school.path_of(lesson)).content.decode()
    assert "<video" in html
    assert f'href="{film.url}" download' in html


def test_the_editor_is_told_that_a_file_cannot_be_a_condition(small: SimpleNamespace, visit: Any) -> None:
    film = school.stored("film.avi", AVI, of=small.course)
    blocks = [{"type": "video", "value": {"file": film.pk, "title": "Film"}}]
    lesson = school.lesson(small.modules[0], "Film", blocks=blocks, live=False)
    body = {"body-count": "1", "body-0-deleted": "", "body-0-order": "0", "body-0-type": "video", "body-0-id": ""}
    value = {"file": str(film.pk), "title": "Film", "captions": "", "poster": ""}
    form = edit_form(lesson, completes="blocks", **body, **{f"body-0-value-{k}": v for k, v in value.items()})
    html = visit(small.moderator).post(f"/cms/pages/{lesson.pk}/edit/", {**form, "action-publish": "1"})
    assert "nobody could finish it this way" in html.content.decode()
    assert not school.fresh(lesson).live
    school.stored("film.mp4", MP4, of=small.course)
    form["completes"] = "student"
    visit(small.moderator).post(f"/cms/pages/{lesson.pk}/edit/", {**form, "action-publish": "1"})
    assert school.fresh(lesson).live


def test_a_teacher_has_both_pictures_and_documents_in_the_menu(small: SimpleNamespace, visit: Any) -> None:
    html = visit(small.teacher).get("/cms/").content.decode()
    assert "/cms/images/" in html
    assert "/cms/documents/" in html


@pytest.mark.parametrize("who", ["teacher", "editor", "admin"])
def test_uploads_go_to_the_course_that_is_edited(small: SimpleNamespace, visit: Any, who: str) -> None:
    school.course("Aardvarks", team=(small.teacher,))  # first in the alphabet
    own = collection_of(small.course).pk
    client = visit(getattr(small, who))
    editor = f"http://testserver/cms/pages/{small.lessons[0].pk}/edit/"
    for address in ("/cms/images/chooser/", "/cms/documents/chooser/", "/cms/documents/video/"):
        html = client.get(address, headers={"referer": editor}).json()["html"]
        assert f'<option value="{own}" selected>' in html, address
    html = client.get("/cms/images/multiple/add/", headers={"referer": editor}).content.decode()
    first = html[html.index('name="collection"') :].split("<option value=", 1)[1]
    assert first.startswith(f'"{own}"')


def test_a_closed_lesson_is_not_called_visible_to_all(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.moderator)
    closed = client.get(f"/cms/pages/{small.lessons[0].pk}/edit/").content.decode()
    assert "For students of the course" in closed
    assert "Visible to all" not in closed
    small.lessons[0].free_preview = True
    school.publish(small.lessons[0])
    assert "Visible to all" in client.get(f"/cms/pages/{small.lessons[0].pk}/edit/").content.decode()


def test_previews_may_be_framed_by_the_site_itself_and_pages_by_nobody(small: SimpleNamespace, visit: Any) -> None:
    home = small.course.get_parent().get_parent()
    for page in (home, small.course.get_parent(), small.course, small.modules[0], small.lessons[0]):
        preview = visit(small.editor).get(f"/cms/pages/{page.pk}/view_draft/")
        assert "frame-ancestors 'self'" in preview.headers["Content-Security-Policy"]
        shown = visit(small.student).get(school.path_of(page))
        assert "frame-ancestors 'none'" in shown.headers["Content-Security-Policy"]
