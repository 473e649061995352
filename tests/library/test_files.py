"""Files and pictures go out through the door, whole or in part, and nowhere else."""

import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from learning.enrollment.actions import change_status
from learning.enrollment.statuses import Status
from learning.library.kinds import FORMATS, Kind, check_upload
from learning.library.models import Picture, StoredFile
from learning.library.views import parse_range
from tests import school

MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(range(256)) * 40
DATA = b"canary-in-a-file " * 100


@pytest.fixture
def shown(small: SimpleNamespace) -> Any:
    """A lesson that shows a picture, offers a file and plays a video."""
    small.picture = school.picture(of=small.course)
    small.file = school.stored("notes.txt", DATA, of=small.course)
    small.video = school.stored("film.mp4", MP4, of=small.course)
    small.lesson = school.lesson(
        small.modules[0],
        "With files",
        blocks=[
            {"type": "image", "value": {"image": small.picture.pk, "alt": "A leaf"}, "id": str(uuid.uuid4())},
            {"type": "file", "value": {"file": small.file.pk}, "id": str(uuid.uuid4())},
            {"type": "video", "value": {"file": small.video.pk, "title": "Film"}, "id": str(uuid.uuid4())},
        ],
    )
    small.rendition = small.picture.get_rendition("width-20")
    small.urls = [small.rendition.url, small.file.url, small.video.url]
    return small


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_readers_get_the_bytes(shown: Any, visit: Any) -> None:
    for who in (shown.student, shown.teacher, shown.editor, shown.admin):
        for url in shown.urls:
            assert visit(who).get(url).status_code == 200
    assert body(visit(shown.student).get(shown.file.url)) == DATA
    page = visit(shown.student).get(school.path_of(shown.lesson)).content.decode()
    assert shown.file.url in page
    assert "/stored/" not in page


def test_others_get_nothing_and_do_not_learn_whether_it_exists(shown: Any, visit: Any) -> None:
    for who in (None, shown.stranger, shown.classmate, shown.other_teacher):
        for url in shown.urls:
            for method in ("get", "head"):
                assert getattr(visit(who), method)(url).status_code == 404
            assert visit(who).get(url, headers={"Range": "bytes=0-3"}).status_code == 404
    assert visit(shown.stranger).get("/documents/999999/notes.txt").status_code == 404


def test_the_door_is_asked_at_each_fetch(shown: Any, visit: Any) -> None:
    client = visit(shown.student)
    etags = [client.get(url)["ETag"] for url in shown.urls]
    for url, etag in zip(shown.urls, etags, strict=True):
        response = client.get(url, headers={"If-None-Match": etag})
        assert response.status_code == 304
        assert response["Cache-Control"] == "private, no-cache"
    change_status(enrollment=shown.enrollment, after=Status.REMOVED, actor=shown.admin)
    for url, etag in zip(shown.urls, etags, strict=True):
        assert client.get(url, headers={"If-None-Match": etag}).status_code == 404


def test_storage_paths_answer_404_for_everyone(shown: Any, visit: Any) -> None:
    names = [shown.picture.file.name, shown.rendition.file.name, shown.file.file.name]
    for who in (None, shown.student, shown.admin):
        for name in names:
            for prefix in ("/media/", "/stored/", "/", "/static/", "/documents/"):
                assert visit(who).get(prefix + name).status_code == 404, prefix + name


@pytest.mark.parametrize(
    ("header", "status", "expected"),
    [
        ("bytes=0-9", 206, MP4[:10]),
        ("bytes=100-", 206, MP4[100:]),
        ("bytes=-7", 206, MP4[-7:]),
        ("bytes=5-5", 206, MP4[5:6]),
        ("bytes=0-999999999", 206, MP4),
        ("bytes=999999999-", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=9-5", 200, MP4),
        ("bytes=0-1,4-5", 200, MP4),
        ("pages=1-2", 200, MP4),
        ("bytes=a-b", 200, MP4),
        ("", 200, MP4),
    ],
)
def test_ranges(shown: Any, visit: Any, header: str, status: int, expected: bytes) -> None:
    response = visit(shown.student).get(shown.video.url, headers={"Range": header})
    assert response.status_code == status
    assert body(response) == expected
    if status == 206:
        assert int(response["Content-Length"]) == len(expected)
        assert response["Content-Range"].endswith(f"/{len(MP4)}")


def test_if_range_with_another_etag_gets_the_whole(shown: Any, visit: Any) -> None:
    client = visit(shown.student)
    etag = client.get(shown.video.url)["ETag"]
    assert client.get(shown.video.url, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    assert client.get(shown.video.url, headers={"Range": "bytes=0-1", "If-Range": '"x"'}).status_code == 200


def test_asked_range_of_an_empty_file() -> None:
    with pytest.raises(ValueError, match="bytes"):
        parse_range("bytes=0-", 0)


def test_headers_keep_a_file_from_acting(shown: Any, visit: Any) -> None:
    client = visit(shown.student)
    text, video = client.get(shown.file.url), client.get(shown.video.url)
    assert text["Content-Disposition"].startswith("attachment")
    assert video["Content-Disposition"].startswith("inline")
    for response in (text, video):
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response["Content-Security-Policy"]


def test_a_picture_in_a_draft_is_for_those_who_work_on_it(shown: Any, visit: Any) -> None:
    only_draft = school.picture(of=shown.course)
    lesson = school.fresh(shown.lesson)
    lesson.body = [("image", {"image": only_draft, "alt": ""})]
    lesson.save_revision()
    url = only_draft.get_rendition("width-20").url
    assert visit(shown.student).get(url).status_code == 404
    assert visit(shown.teacher).get(url).status_code == 200
    assert visit(shown.other_teacher).get(url).status_code == 404


def test_cover_is_public_while_the_course_is(shown: Any, visit: Any) -> None:
    cover = school.picture(of=shown.course)
    shown.course.cover = cover
    school.publish(shown.course)
    url = cover.get_rendition("width-20").url
    assert visit().get(url).status_code == 200
    school.fresh(shown.course).unpublish()
    assert visit().get(url).status_code == 404


def test_picture_of_a_free_preview_is_open(shown: Any, visit: Any) -> None:
    free = school.picture(of=shown.course)
    school.lesson(shown.modules[0], "Taste", blocks=[{"type": "image", "value": {"image": free.pk}}], free_preview=True)
    assert visit().get(free.get_rendition("width-20").url).status_code == 200


def test_file_linked_in_rich_text_is_gated_and_given(shown: Any, visit: Any) -> None:
    file = school.stored("extra.txt", b"extra", of=shown.course)
    school.lesson(shown.modules[0], "Linked", html=f'<p><a linktype="document" id="{file.pk}">extra</a></p>')
    assert visit(shown.student).get(file.url).status_code == 200
    assert visit(shown.stranger).get(file.url).status_code == 404


def test_a_changed_picture_shows_at_once(shown: Any, visit: Any) -> None:
    client = visit(shown.student)
    before = client.get(school.path_of(shown.lesson)).content.decode()
    picture = Picture.objects.get(pk=shown.picture.pk)
    picture.file = SimpleUploadedFile("new.png", school.png(50, 50, "red"), "image/png")
    picture.save()
    picture.renditions.all().delete()
    after = client.get(school.path_of(shown.lesson)).content.decode()
    assert before != after
    address = after.split("/library/pictures/")[1].split()[0].strip('",')
    assert client.get("/library/pictures/" + address).status_code == 200


def test_names_on_disk_are_generated(shown: Any) -> None:
    evil = school.stored("../../évil «x».txt", b"ok", of=shown.course)
    assert ".." not in evil.file.name
    assert evil.file.name.startswith("files/")
    assert len(Path(evil.file.name).stem) == 32
    assert Path(settings.MEDIA_ROOT) in Path(evil.file.path).resolve().parents
    assert evil.filename == "évil «x».txt"


@pytest.mark.parametrize(
    ("name", "data", "fits"),
    [
        ("a.txt", b"plain", True),
        ("a.txt", b"nul\x00byte", False),
        ("a.txt", b"%PDF-1.7 in disguise", False),
        ("a.pdf", b"%PDF-1.7 ...", True),
        ("a.pdf", b"<html><script>alert(1)</script>", False),
        ("a.jpg", b"\xff\xd8\xff\xe0" + b"0" * 40, True),
        ("a.jpg", school.png(), False),
        ("a.png", school.png(), True),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600, True),
        ("a.doc", b"MZ" + b"0" * 60, False),
        ("a.avi", b"RIFF\x24\x00\x00\x00AVI LIST" + b"\x00" * 20, True),
        ("a.avi", b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 20, False),
        ("a.mp4", MP4, True),
        ("a.docx", b"PK\x03\x04 broken", False),
        ("a.vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi", True),
        ("a.vtt", b"not captions", False),
        ("a.exe", b"MZ", False),
        ("a.svg", b"<svg onload=alert(1)>", False),
        ("a.html", b"<p>", False),
        ("noextension", b"x", False),
    ],
)
def test_uploads_are_what_their_names_say(name: str, data: bytes, fits: bool) -> None:
    from io import BytesIO

    if fits:
        check_upload(BytesIO(data), name)
    else:
        with pytest.raises(ValidationError):
            check_upload(BytesIO(data), name)


@pytest.mark.parametrize(("bound", "value"), [("UNPACKED_MAX", 1_000_000), ("UNPACKED_FILES_MAX", 10)])
def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, value: int) -> None:
    import zipfile

    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(11):
            archive.writestr(f"{n}", b"\x00" * 100_000)
    with path.open("rb") as file:
        check_upload(file, "bomb.zip")
        monkeypatch.setattr(f"learning.library.kinds.{bound}", value)
        with pytest.raises(ValidationError, match="more than we take"):
            check_upload(file, "bomb.zip")


def test_kind_is_told_from_the_name_that_was_checked(db: None) -> None:
    assert school.stored("film.mp4", MP4).kind == Kind.VIDEO
    assert school.stored("film.mp4", MP4).content_type == "video/mp4"
    assert StoredFile.objects.filter(kind=Kind.VIDEO).count() == 2


def test_accel_redirect_hands_over_only_after_the_door(shown: Any, visit: Any, settings: Any) -> None:
    settings.ACCEL_REDIRECT_PREFIX = "/protected/"
    response = visit(shown.student).get(shown.video.url)
    assert response["X-Accel-Redirect"] == "/protected/" + shown.video.file.name
    assert response.content == b""
    assert "X-Accel-Redirect" not in visit(shown.stranger).get(shown.video.url).headers


def test_every_known_format_may_be_uploaded(settings: Any) -> None:
    """Wagtail has a list of its own beside ours."""
    assert set(settings.WAGTAILDOCS_EXTENSIONS) == set(FORMATS)
