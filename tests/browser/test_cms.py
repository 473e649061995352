"""The CMS as its people use it: the preview panel, and putting pages in order by drag and by keyboard."""

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import BASE, MARKS, page_of

pytestmark = MARKS
WRITERS = ["teacher@example.org", "editor@example.org", "moderator@example.org", "admin@example.org"]


def titles_in_order(page: Page) -> list[str]:
    return [row.inner_text().strip() for row in page.locator("tbody tr .title-wrapper a").all()]


def asked(folder: Path, sql: str) -> int:
    """A number out of the database of the running school."""
    with sqlite3.connect(folder / "db.sqlite3") as database:
        return int(database.execute(sql).fetchone()[0])


PAGES = {
    "home": "SELECT page_ptr_id FROM home_homepage",
    "catalogue": "SELECT page_ptr_id FROM courses_catalogpage",
    "course": "SELECT page_ptr_id FROM courses_coursepage",
    "module": "SELECT page_ptr_id FROM courses_modulepage",
    "lesson": "SELECT page_ptr_id FROM courses_lessonpage",
}
MODULE = """SELECT m.id FROM wagtailcore_page m JOIN wagtailcore_page c ON m.path LIKE c.path || '____'
            WHERE c.slug = 'python-first-line' ORDER BY m.path"""


def module_called(title: str) -> str:
    return f"SELECT id FROM wagtailcore_page WHERE title = '{title}' AND depth = 5"  # noqa: S608


PLANT = """
from learning.courses.models import LessonPage, ModulePage
lesson = LessonPage(title="With a fault", slug="with-a-fault", live=False)
lesson.body = [("heading", {"text": "Too deep", "level": "3"}), ("text", "<p>Some words stand here.</p>")]
ModulePage.objects.first().add_child(instance=lesson)
lesson.save_revision()
print("planted", lesson.pk)
"""


@pytest.mark.parametrize("kind", PAGES)
def test_the_preview_panel_shows_the_page_and_counts_its_words(
    school_at: tuple[str, Path, int], browser: Browser, kind: str
) -> None:
    with page_of(browser, school_at[0], "moderator@example.org", viewport={"width": 1400, "height": 900}) as page:
        page.goto(f"/cms/pages/{asked(school_at[1], PAGES[kind])}/edit/")
        title = page.locator("#id_title").input_value()
        page.get_by_role("button", name="Toggle preview").click()
        shown = page.frame_locator("[data-preview-panel] iframe, iframe#w-preview-iframe").first.locator("h1").first
        expect(shown).not_to_be_empty(timeout=20_000)
        if kind != "home":
            expect(shown).to_contain_text(title[:12])
        page.get_by_role("button", name="Toggle checks").click()
        words = page.locator("[data-side-panel=checks]")
        expect(words).to_contain_text(re.compile(r"Words\s+[1-9]\d*"), timeout=20_000)


def test_the_checks_count_a_fault_that_was_planted(school_at: tuple[str, Path, int], browser: Browser) -> None:
    """A lesson whose first title is of the third level: axe calls it a wrong order."""
    env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}}
    env |= {"PARTA_DATA": str(school_at[1]), "PYTHONPATH": f"{BASE}/site:{BASE}"}
    command = [sys.executable, str(BASE / "manage.py"), "shell", "-c", PLANT]
    said = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    lesson = said.split("planted")[1].strip()
    wide = {"width": 1400, "height": 900}
    with page_of(browser, school_at[0], "moderator@example.org", expected="axe.run", viewport=wide) as page:
        page.goto(f"/cms/pages/{lesson}/edit/")
        page.get_by_role("button", name="Toggle preview").click()
        frame = page.frame_locator("[data-preview-panel] iframe, iframe#w-preview-iframe").first
        expect(frame.get_by_text("Some words stand here.")).to_be_visible(timeout=20_000)
        page.get_by_role("button", name="Toggle checks").click()
        counted = page.locator("[data-side-panel=checks]")
        expect(counted).to_contain_text(re.compile(r"Issues found\s*[1-9]"), timeout=20_000)
        expect(counted).to_contain_text("Incorrect heading hierarchy")


@pytest.mark.parametrize("email", WRITERS)
def test_lessons_are_put_in_order_by_keyboard_and_by_drag(
    school_at: tuple[str, Path, int], browser: Browser, email: str
) -> None:
    with page_of(browser, school_at[0], email, viewport={"width": 1400, "height": 900}) as page:
        module = asked(school_at[1], MODULE)
        page.goto(f"/cms/pages/{module}/")
        before = titles_in_order(page)
        assert len(before) >= 2
        handle = page.locator("[data-w-orderable-target=handle], [data-w-orderable-target~=handle]").first
        handle.focus()
        with page.expect_response(lambda r: "set_position" in r.url) as moved:
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
        assert moved.value.status == 200
        page.reload()
        expected = [before[1], before[0], *before[2:]]
        assert titles_in_order(page) == expected
        handles = page.locator("[data-w-orderable-target~=handle]")
        first, second = handles.nth(0).bounding_box(), handles.nth(1).bounding_box()
        assert first is not None
        assert second is not None
        with page.expect_response(lambda r: "set_position" in r.url) as moved:
            page.mouse.move(first["x"] + 5, first["y"] + 5)
            page.mouse.down()
            page.mouse.move(second["x"] + 5, second["y"] + 10, steps=5)
            page.mouse.move(second["x"] + 5, second["y"] + second["height"] * 0.8, steps=10)
            page.mouse.up()
        assert moved.value.status == 200
        page.reload()
        assert titles_in_order(page) == before


@pytest.mark.parametrize("email", WRITERS)
def test_a_live_lesson_moves_into_another_module_and_back(
    school_at: tuple[str, Path, int], browser: Browser, email: str
) -> None:
    """By the menu of its row, the chooser and the question, as the CMS and the school's own page show it."""
    with page_of(browser, school_at[0], email, viewport={"width": 1400, "height": 900}) as page:
        page.goto("/courses/python-first-line/")
        before = [link.get_attribute("href") for link in page.locator(".thread a").all()]
        title, came_from, went_to = "Text, numbers and a question", "First words", "Choosing and repeating"
        for parent, target in ((came_from, went_to), (went_to, came_from)):
            page.goto(f"/cms/pages/{asked(school_at[1], module_called(parent))}/")
            row = page.locator("tbody tr", has_text=title)
            row.hover()
            row.get_by_role("button", name=re.compile("More options")).click()
            page.get_by_role("link", name=re.compile("^Move")).first.click()
            page.locator("main form button").first.click()
            page.get_by_role("button", name=re.compile("Choose another")).click()
            page.locator(".modal").get_by_role("link", name=target, exact=True).click()
            expect(page.locator("main form")).to_contain_text(target)
            page.get_by_role("button", name="Confirm").click()
            page.get_by_role("button", name="Yes, move this page").click()
            expect(page.locator(".messages")).to_contain_text("moved")
            page.goto(f"/cms/pages/{asked(school_at[1], module_called(target))}/")
            assert title in titles_in_order(page)
            page.goto("/courses/python-first-line/")
            shown = [str(link.get_attribute("href")) for link in page.locator(".thread a").all()]
            part = {"First words": "first-words", "Choosing and repeating": "choosing-and-repeating"}[target]
            assert [link for link in shown if part in link and "text-numbers" in link]
        assert sorted(shown) == sorted(map(str, before))
