"""Packages as other systems write them: what they hide stays hidden, and every part has its line."""

import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.exchange import build
from learning.exchange.build import PackageError
from learning.exchange.models import CourseImport
from learning.exchange.packages.encodings import decoded
from learning.library.archives import open_archive
from learning.library.models import Picture, StoredFile
from tests import school
from tests.exchange.made_packages import item, module, package, page, run


def test_what_the_package_hides_stays_a_draft(db: None, hiding: Path, visit: Any) -> None:
    report = run(hiding)
    live = set(LessonPage.objects.live().values_list("title", flat=True))
    assert live == {"Open"}
    assert set(ModulePage.objects.live().values_list("title", flat=True)) == {"One"}
    assert StoredFile.objects.count() == 2
    student = school.person()
    school.enrolled(student, report.course)
    for file in StoredFile.objects.all():
        assert visit(student).get(file.url).status_code == 404
    drafts = " ".join(report.drafts)
    for name in ("Shut", "Gone", "Inside", "teach.txt", "lock.txt"):
        assert name in drafts


def test_a_second_use_a_syllabus_and_a_header_have_their_place(db: None, tmp_path: Path) -> None:
    syllabus = page("s", "course_settings/syllabus.html", kind="associatedcontent/learning-application-resource")
    path = package(
        tmp_path,
        module("m1", "One", item("a", "First") + item("a", "Again") + "<item><title>Header</title></item>")
        + module("m2", "Two", item("a", "Once more") + item("none", "Dangling")),
        page("a", "deep/er/a.html") + page("b", "q.xml", kind="imsqti_xmlv1p2") + syllabus,
        **{"deep__er__a.html": "<p>A</p>", "course_settings__syllabus.html": "<p>The plan</p>", "stray.bin": "x"},
    )
    report = run(path)
    titles = list(LessonPage.objects.order_by("path").values_list("title", flat=True))
    assert titles == ["First", "Again", "Once more", "Syllabus"]
    first, again = LessonPage.objects.order_by("path")[:2]
    assert f'id="{first.pk}"' in str(again.body.raw_data[0])
    lines = "\n".join(f"{line.outcome} {line}" for line in report.lines)
    for part in ("First", "Again", "Header", "Once more", "Dangling", "q.xml", "stray.bin"):
        assert part in lines
    for resource in ("quiz", "header", "not name", "nothing in the package"):
        assert resource in lines


def test_a_package_of_links_becomes_lessons_of_links(db: None, tmp_path: Path) -> None:
    link = '<webLink><title>W</title><url href="{}" target="_blank"/></webLink>'
    path = package(
        tmp_path,
        module("m1", "Links", item("a", "Site") + item("b", "Film") + item("c", "Tool")),
        page("a", "a.xml", kind="imswl_xmlv1p1")
        + page("b", "b.xml", kind="imswl_xmlv1p1")
        + page("c", "c.xml", kind="imsbasiclti_xmlv1p0"),
        **{
            "a.xml": link.format("https://example.org/?a=1&amp;b=2"),
            "b.xml": link.format("https://vimeo.com/76979871"),
            "c.xml": "<x/>",
        },
    )
    report = run(path)
    lesson = LessonPage.objects.get()
    assert [block.block_type for block in lesson.body] == ["text", "video_link"]
    assert 'href="https://example.org/?a=1&amp;b=2"' in str(lesson.body.raw_data[0])
    assert any("LTI tool" in line for line in report.left_out)


@pytest.mark.parametrize(
    "name", ["cp1251", "koi8-r", "iso8859-5", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_russian_pages_in_every_encoding(name: str) -> None:
    words = "<html><body><p>Привет, мир! Это обычная страница о том, как писать письма.</p></body></html>"
    assert decoded(words.encode(name))[0].lstrip("\ufeff") == words


DECLARED = [
    *(("cp1252", None), ("latin-1", "iso-8859-1"), ("cp1251", "windows-1251")),
    *(("koi8-r", "KOI8-R"), ("shift_jis", "shift_jis"), ("utf-8", "utf-16")),
    *(("utf-8", "unicode_escape"), ("utf-8", "raw_unicode_escape"), ("utf-8", "punycode")),
]


@pytest.mark.parametrize(("name", "said"), DECLARED)
def test_declared_encodings(name: str, said: str | None) -> None:
    text = {"cp1251": "Ёлка", "koi8-r": "ёж", "shift_jis": "日本語"}.get(name, "déjà vu à la carte")
    head = f'<meta charset="{said}">' if said else ""
    words = f"<html><head>{head}</head><body><p>{text}</p></body></html>"
    assert decoded(words.encode(name))[0] == words


def test_utf_8_with_one_broken_letter_stays_utf_8() -> None:
    assert decoded("Привет, это длинный текст на русском языке".encode() * 5 + b"\xff")[0].startswith("Привет")


def test_words_of_ours_stand_in_the_language_of_the_course_and_reasons_in_the_readers(db: None, hiding: Path) -> None:
    with translation.override("fr"):
        report = run(hiding, language="ru")
    titles = {page.title for page in CoursePage.objects.get(pk=report.course.pk).get_descendants()}
    assert "Файлы" in titles
    assert any("le paquet le cache aux élèves" in line for line in report.drafts)


def test_a_refused_package_still_has_its_report(db: None, tmp_path: Path) -> None:
    path = package(tmp_path, item("q", "Quiz"), page("q", "q.xml", kind="imsqti_xmlv1p2"), **{"q.xml": "<x/>"})
    with pytest.raises(PackageError) as caught:
        run(path)
    assert any("Quiz" in line for line in caught.value.report.left_out)
    assert not CourseImport.objects.exists()


def test_bytes_are_counted_while_they_are_unpacked(db: None, tmp_path: Path) -> None:
    path = package(tmp_path, item("a", "A"), page("a", "a.html"), **{"a.html": b"x" * 6_000_000})
    data = path.read_bytes()
    lied = data.replace((6_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(lied)
    began = time.monotonic()
    try:
        report = run(path)
        assert any("a.html" in line for line in report.left_out)
    except PackageError:
        pass
    assert time.monotonic() - began < 5


def test_too_many_entries_are_refused_before_the_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3000):
            archive.writestr(str(number), b"")
    with path.open("rb") as file, pytest.raises(ValidationError, match="more than we take"):
        open_archive(file, entries_max=2000, unpacked_max=10**9)
    broken = path.read_bytes()[:-10]
    (tmp_path / "broken.zip").write_bytes(broken)
    with (tmp_path / "broken.zip").open("rb") as file, pytest.raises(ValidationError, match="damaged"):
        open_archive(file, entries_max=2000, unpacked_max=10**9)


def test_pictures_keep_to_the_limits_of_uploads(db: None, tmp_path: Path) -> None:
    huge = school.png(8000, 7000)
    path = package(
        tmp_path, item("a", "A"), page("a", "a.html") + page("p", "p.png"),
        **{"a.html": "<p>x</p><img src='p.png'>", "p.png": huge},
    )  # fmt: skip
    report = run(path)
    assert not Picture.objects.exists()
    assert any("too many pixels" in line for line in report.left_out)


def test_three_thousand_equal_titles_have_slugs_of_their_own() -> None:
    taken: set[str] = set()
    began = time.monotonic()
    for _number in range(1000):
        taken.add(build.free_slug_among(taken, "Same"))
    assert len(taken) == 1000
    assert time.monotonic() - began < 2


def test_one_bad_page_does_not_stop_a_package(db: None, tmp_path: Path) -> None:
    path = package(
        tmp_path,
        module("m", "M", item("a", "Good") + item("b", "Large") + item("c", "Deep")),
        page("a", "a.html") + page("b", "b.html") + page("c", "c.html"),
        **{
            "a.html": "<p>Words</p>",
            "b.html": b"<p>" + b"x" * 6_000_000,
            "c.html": "<h1><div><a href='http://x'>q</a>" * 600,
        },
    )
    report = run(path)
    assert "Words" in str(LessonPage.objects.get(title="Good").body.raw_data[0])
    assert not LessonPage.objects.get(title="Large").live
    assert any("b.html" in line for line in report.left_out)


def test_an_archive_whose_list_is_longer_than_it_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lying.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"a-rather-long-name-{number}", b"")
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\x05\x06")
    data[end + 8 : end + 12] = b"\x01\x00\x01\x00"
    path.write_bytes(data)
    began = time.monotonic()
    with path.open("rb") as file, pytest.raises(ValidationError):
        open_archive(file, entries_max=20_000, unpacked_max=10**9)
    assert time.monotonic() - began < 0.2
