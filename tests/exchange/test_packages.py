"""Packages as other systems write them: what they hide stays hidden, and every part has its line."""

import contextlib
import itertools
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from wagtail.models import Page

from learning.courses.models import CatalogPage, CoursePage, LessonPage, ModulePage
from learning.exchange import actions
from learning.exchange.actions import CartridgeError, import_cartridge
from learning.exchange.encodings import decoded
from learning.exchange.management.commands.import_course import StopRequest
from learning.exchange.models import CourseImport, ImportedPart
from learning.exchange.undoing import ABANDONED_AFTER, end_abandoned
from learning.library.archives import opened
from learning.library.models import Picture, StoredFile
from tests import school
from tests.template import lay_school

CANVAS = 'xmlns="http://canvas.instructure.com/xsd/cccv1p0"'
ROLE = (
    "<metadata><lom><educational><intendedEndUserRole><source>IMSGLC_CC_Rolesv1p1</source>"
    "<value>Instructor</value></intendedEndUserRole></educational></lom></metadata>"
)


def package(folder: Path, modules: str, resources: str, **entries: bytes | str) -> Path:
    path = folder / "package.imscc"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "imsmanifest.xml",
            "<manifest><metadata><lom><general><title><string>Pack</string></title></general></lom></metadata>"
            f"<organizations><organization><item>{modules}</item></organization></organizations>"
            f"<resources>{resources}</resources></manifest>",
        )
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/"), data)
    return path


def page(key: str, href: str, inside: str = "", kind: str = "webcontent") -> str:
    return f'<resource identifier="{key}" type="{kind}" href="{href}">{inside}<file href="{href}"/></resource>'


def item(key: str, title: str, inside: str = "") -> str:
    return f'<item identifier="i{key}" identifierref="{key}"><title>{title}</title>{inside}</item>'


def module(key: str, title: str, inside: str) -> str:
    return f'<item identifier="{key}"><title>{title}</title>{inside}</item>'


def run(path: Path, **options: Any) -> Any:
    return import_cartridge(path=path, catalog=CatalogPage.objects.get(), **{"publish": True, **options})


@pytest.fixture
def hiding(tmp_path: Path) -> Path:
    """A package with an unpublished module, an unpublished item, files for teachers, and links to them."""
    pages = {key: page(key, f"wiki_content/{key}.html") for key in ("open", "shut", "gone", "inside")}
    files = page("teach", "web_resources/teach.txt", ROLE) + page("lock", "web_resources/Secret/lock.txt")
    meta = (
        f'<modules {CANVAS}><module identifier="m2"><workflow_state>unpublished</workflow_state></module>'
        '<module identifier="m1"><title>One</title><workflow_state>active</workflow_state><items>'
        '<item identifier="ishut"><workflow_state>unpublished</workflow_state></item></items></module></modules>'
    )
    locked = f'<fileMeta {CANVAS}><folders><folder path="Secret"><locked>true</locked></folder></folders></fileMeta>'
    linking = (
        "<p>Words <a href='$IMS-CC-FILEBASE$/teach.txt'>one</a> <a href='$IMS-CC-FILEBASE$/Secret/lock.txt'>two</a></p>"
    )
    gone = (
        "<html><head><title>x</title><meta content='unpublished' name='workflow_state'></head><body>Gone</body></html>"
    )
    return package(
        tmp_path,
        module("m1", "One", item("open", "Open") + item("shut", "Shut") + item("gone", "Gone"))
        + module("m2", "Two", item("inside", "Inside")),
        "".join(pages.values()) + files,
        **{
            "wiki_content__open.html": linking,
            "wiki_content__shut.html": "Shut",
            "wiki_content__gone.html": gone,
            "wiki_content__inside.html": "Inside",
            "web_resources__teach.txt": "for teachers",
            "web_resources__Secret__lock.txt": "locked",
            "course_settings__module_meta.xml": meta,
            "course_settings__files_meta.xml": locked,
        },
    )


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
]


@pytest.mark.parametrize(("name", "said"), DECLARED)
def test_declared_encodings(name: str, said: str | None) -> None:
    text = {"cp1251": "Ёлка", "koi8-r": "ёж", "shift_jis": "日本語"}.get(name, "déjà vu à la carte")
    head = f'<meta charset="{said}">' if said else ""
    words = f"<html><head>{head}</head><body><p>{text}</p></body></html>"
    assert decoded(words.encode(name))[0] == words


def test_utf_8_with_one_broken_letter_stays_utf_8() -> None:
    assert decoded("Привет, это длинный текст на русском языке".encode() * 5 + b"\xff")[0].startswith("Привет")


def files_now() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def test_an_abandoned_import_is_undone(db: None, hiding: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files_now()
    monkeypatch.setattr(actions, "undo_import", lambda journal: None)  # as if the process had been killed
    monkeypatch.setattr(actions.LessonPage, "save", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(hiding)
    monkeypatch.undo()
    assert CoursePage.objects.exists()
    CourseImport.objects.update(seen_at=timezone.now() - timedelta(seconds=ABANDONED_AFTER - 5))
    assert end_abandoned() == 0
    CourseImport.objects.update(seen_at=timezone.now() - timedelta(seconds=ABANDONED_AFTER + 1))
    assert end_abandoned() == 1
    assert not CoursePage.objects.exists()
    assert not StoredFile.objects.exists()
    assert not Picture.objects.exists()
    assert files_now() == before


class Died(BaseException):
    """The process of an import is gone: nothing of ours runs any more."""


def die_after(pages: int) -> Callable[[], None]:
    left = [pages]

    def between() -> None:
        left[0] -= 1
        if not left[0]:
            raise Died

    return between


def made(report: Any) -> list[Any]:
    """What an import has made, without its keys."""
    course = CoursePage.objects.get(pk=report.course.pk)
    pages = [page.specific for page in course.get_descendants(inclusive=True).order_by("path")]
    keys = {str(row.pk): row.title for model in (Page, StoredFile, Picture) for row in model.objects.all()}
    bodies = [json.dumps(list(page.body.raw_data)) if isinstance(page, LessonPage) else "" for page in pages]
    bodies = [re.sub(r'"id": "[0-9a-f-]{36}"', "", body) for body in bodies]
    bodies = [re.sub(r'(id=.*?|"(?:file|image)": )"?(\d+)', lambda m: m[1] + keys[m[2]], body) for body in bodies]
    facts = [
        (p.title, p.slug if p.depth > course.depth else "", p.live, p.revisions.count(), body)
        for p, body in zip(pages, bodies, strict=True)
    ]
    counts = (report.modules, report.lessons, report.pictures, report.files)
    return [facts, counts, [str(line) for line in report.lines]]


def test_an_import_goes_on_after_its_process_died(
    db: None, hiding: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies after every few pages, and each time the same import is started again."""
    before = len(files_now())
    whole = made(run(hiding))
    between = len(files_now())
    monkeypatch.setattr(actions._Import, "give_up", lambda work: None)
    deaths = 0
    for pages in itertools.chain([1, 1, 2], itertools.count(3)):
        try:
            report = run(hiding, between=die_after(pages))
        except Died:
            deaths += 1
            with pytest.raises(CartridgeError, match="already"):  # perhaps it lives: nobody else has it
                run(hiding)
            CourseImport.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
        else:
            break
    assert deaths > 5
    assert report.resumed
    assert made(report) == whole
    assert len(files_now()) - between == between - before
    assert CoursePage.objects.count() == 2
    assert not CourseImport.objects.exists()
    assert not ImportedPart.objects.exists()


def test_an_interrupted_import_belongs_to_its_package_and_options(
    db: None, hiding: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dead:
        dead.setattr(actions._Import, "give_up", lambda work: None)
        with pytest.raises(Died):
            run(hiding, between=die_after(3))
    CourseImport.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
    assert not run(hiding, publish=False).resumed
    assert not run(hiding, owner=school.person()).resumed
    assert not run(hiding, language="fr").resumed
    assert CoursePage.objects.count() == 4
    CoursePage.objects.get(pk=CourseImport.objects.get().course_id).delete()  # an editor did not want it
    report = run(hiding)
    assert not report.resumed
    assert report.course.live


def test_what_was_stored_whole_is_published_if_nobody_starts_it_again(db: None, hiding: Path) -> None:
    """Ended in order while its pages are published: nothing is undone, and the tick goes on."""
    whole = made(run(hiding))
    for pages in itertools.count(1):
        with contextlib.suppress(Died):
            run(hiding, between=die_after(pages))
        if CourseImport.objects.exists():  # all was stored
            break
        assert CoursePage.objects.count() == 1
    course_import = CourseImport.objects.get()
    assert course_import.is_whole
    assert end_abandoned() == 1
    course = CoursePage.objects.get(pk=course_import.course_id)
    lives = [page.live for page in course.get_descendants(inclusive=True).order_by("path")]
    assert lives == [live for _title, _slug, live, _revisions, _body in whole[0]]
    assert not CourseImport.objects.exists()
    assert not end_abandoned()


def test_words_of_ours_stand_in_the_language_of_the_course_and_reasons_in_the_readers(db: None, hiding: Path) -> None:
    with translation.override("fr"):
        report = run(hiding, language="ru")
    titles = {page.title for page in CoursePage.objects.get(pk=report.course.pk).get_descendants()}
    assert "Файлы" in titles
    assert any("le paquet le cache aux étudiants" in line for line in report.drafts)


def test_a_refused_package_still_has_its_report(db: None, tmp_path: Path) -> None:
    path = package(tmp_path, item("q", "Quiz"), page("q", "q.xml", kind="imsqti_xmlv1p2"), **{"q.xml": "<x/>"})
    with pytest.raises(CartridgeError) as caught:
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
    except CartridgeError:
        pass
    assert time.monotonic() - began < 5


def test_too_many_entries_are_refused_before_the_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3000):
            archive.writestr(str(number), b"")
    with path.open("rb") as file, pytest.raises(ValidationError, match="more than we take"):
        opened(file, entries_max=2000, unpacked_max=10**9)
    broken = path.read_bytes()[:-10]
    (tmp_path / "broken.zip").write_bytes(broken)
    with (tmp_path / "broken.zip").open("rb") as file, pytest.raises(ValidationError, match="damaged"):
        opened(file, entries_max=2000, unpacked_max=10**9)


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
        taken.add(actions.free_slug_among(taken, "Same"))
    assert len(taken) == 1000
    assert time.monotonic() - began < 2


def test_a_wish_to_end_that_python_drops_is_heard_after_the_page(db: None, tmp_path: Path) -> None:
    """As when the signal comes while a finaliser runs: the handler's exception goes nowhere."""
    stop = StopRequest()
    parts = item("a", "A") + item("b", "B")
    path = package(
        tmp_path, parts, page("a", "a.html") + page("b", "b.html"), **{f"{n}.html": "<p>x</p>" for n in "ab"}
    )
    with contextlib.suppress(SystemExit):
        stop(signal.SIGTERM, None)
    with pytest.raises(SystemExit) as ended:
        actions.import_cartridge(path=path, catalog=CatalogPage.objects.get(), between=stop.check)
    assert ended.value.code == 128 + signal.SIGTERM
    assert not CoursePage.objects.exists()


@pytest.mark.stack
@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="has a database of its own: once is enough")
def test_a_terminated_import_leaves_nothing_and_a_killed_one_goes_on(tmp_path: Path) -> None:
    """Real processes, ended in the middle."""
    entries = {f"r{n}.html": f"<p>Page {n}</p>" for n in range(40)}
    lessons = "".join(item(f"r{n}", f"Lesson {n}") for n in range(40))
    resources = "".join(page(f"r{n}", f"r{n}.html") for n in range(40)) + page("f", "f.txt")
    path = package(tmp_path, module("m", "M", lessons), resources, **entries, **{"f.txt": "x"})
    kept = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}}
    env = {**kept, "PARTA_DATA": str(tmp_path / "data"), "PYTHONPATH": f"{settings.BASE_DIR}/site:{settings.BASE_DIR}"}
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    lay_school(tmp_path / "data")
    database = tmp_path / "data" / "db.sqlite3"

    def ask(sql: str) -> int:
        with contextlib.closing(sqlite3.connect(database, timeout=20)) as asked, asked:
            return (asked.execute(sql).fetchone() or [0])[0]

    def ended(number: signal.Signals, when: str, least: int) -> int:
        """The exit code of an import that is sent this signal when the query gives as many."""
        process = subprocess.Popen([*manage, "import_course", str(path), "--publish"], env=env)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None and ask(when) < least:
            time.sleep(0.02)
        process.send_signal(number)
        return process.wait(60)

    stored = "SELECT count(*) FROM courses_lessonpage"
    live = "SELECT count(*) FROM wagtailcore_page WHERE live AND depth = 6"
    count = "SELECT (SELECT count(*) FROM courses_coursepage) + (SELECT count(*) FROM library_storedfile)"
    media = tmp_path / "data" / "media"
    assert ended(signal.SIGTERM, stored, 10) == 128 + signal.SIGTERM
    assert ask(count) == 0
    assert not [path for path in media.rglob("*") if path.is_file()]

    for when, least in ((stored, 10), ("SELECT count(*) FROM exchange_importedpart WHERE is_filled", 10), (live, 5)):
        assert ended(signal.SIGKILL, when, least) == -signal.SIGKILL
        assert ask("SELECT count(*) FROM exchange_courseimport") == 1
        ask("UPDATE exchange_courseimport SET seen_at = '2020-01-01 00:00:00'")
    said = subprocess.run(
        [*manage, "import_course", str(path), "--publish"], env=env, check=True, capture_output=True, text=True
    ).stdout
    assert "lessons: 41" in said
    assert "went on" in said
    assert ask(count) == 2
    assert ask(live) == ask(stored) == 41
    assert ask("SELECT count(DISTINCT object_id) FROM wagtailcore_revision") == 1 + 2 + 41
    assert ask("SELECT count(*) FROM wagtailcore_revision") == 1 + 2 + 41
    assert len([path for path in media.rglob("*") if path.is_file()]) == 1


def test_a_course_in_use_is_never_undone(db: None, hiding: Path) -> None:
    report = run(hiding)
    assert not CourseImport.objects.exists()
    old = timezone.now() - timedelta(hours=2)
    CourseImport.objects.create(course_id=report.course.pk, filename="x", seen_at=old)
    school.enrolled(school.person(), report.course)
    assert end_abandoned() == 1
    assert CoursePage.objects.filter(pk=report.course.pk).exists()
    assert StoredFile.objects.count() == 2
    assert not CourseImport.objects.exists()


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
        opened(file, entries_max=20_000, unpacked_max=10**9)
    assert time.monotonic() - began < 0.2
