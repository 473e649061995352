"""Imports of courses that end in the middle: undone, or gone on with, and never half published."""

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
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from wagtail.models import Page

from learning.courses.models import CatalogPage, CoursePage, LessonPage
from learning.exchange import build
from learning.exchange.build import PackageError
from learning.exchange.management.commands.import_course import StopRequest
from learning.exchange.models import CourseImport, ImportedPart
from learning.exchange.undoing import ABANDONED_AFTER, end_abandoned
from learning.library.models import Picture, StoredFile
from tests import school
from tests.exchange.made_packages import item, module, package, page, run
from tests.parts import ONCE
from tests.template import lay_school


def files_now() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def test_an_abandoned_import_is_undone(db: None, hiding: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files_now()
    monkeypatch.setattr(build, "undo_import", lambda journal: None)  # as if the process had been killed
    monkeypatch.setattr(build.LessonPage, "save", lambda *args, **kwargs: 1 / 0)
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


def test_an_import_that_was_resumed_meanwhile_is_not_undone(
    db: None, hiding: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock has read which imports are abandoned; before it comes to this one, another process goes on with it."""
    monkeypatch.setattr(build, "undo_import", lambda journal: None)  # as if the process had been killed
    monkeypatch.setattr(build.LessonPage, "save", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(hiding)
    monkeypatch.undo()
    CourseImport.objects.update(seen_at=timezone.now() - timedelta(seconds=ABANDONED_AFTER + 1))
    resumed = []

    def resume_first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not resumed and sql.startswith("UPDATE"):
            resumed.append(True)
            CourseImport.objects.update(seen_at=timezone.now())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(resume_first):
        assert end_abandoned() == 0
    assert resumed
    assert CoursePage.objects.exists()
    assert CourseImport.objects.exists()


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
    monkeypatch.setattr(build._Import, "give_up", lambda work: None)
    deaths = 0
    for pages in itertools.chain([1, 1, 2], itertools.count(3)):
        try:
            report = run(hiding, between=die_after(pages))
        except Died:
            deaths += 1
            with pytest.raises(PackageError, match="already"):  # perhaps it lives: nobody else has it
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
        dead.setattr(build._Import, "give_up", lambda work: None)
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
        build.import_cartridge(path=path, catalog=CatalogPage.objects.get(), between=stop.check)
    assert ended.value.code == 128 + signal.SIGTERM
    assert not CoursePage.objects.exists()


@pytest.mark.stack
@ONCE
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
