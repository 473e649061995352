"""Nothing scrolls sideways on a narrow phone, in three languages, with words as long as they get.

And on a wide screen, notes stand in the margin.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import MARKS, page_of, run_in_school

pytestmark = MARKS
WIDTHS = (320, 360, 390)
PUBLIC = ("/", "/courses/", "/courses/reading-a-map/", "/courses/extremes/", "/accounts/login/", "/accounts/signup/")
OWN = ("/me/", "/me/profile/", "/chat/", "/courses/extremes/", "/courses/extremes/m/l/")
EXTREMES = """
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from learning.accounts.models import User
from learning.courses.models import CatalogPage, CoursePage, LessonPage, ModulePage
from learning.enrollment.actions import enroll
LONG = "Достопримечательности" * 3
course = CatalogPage.objects.first().add_child(
    instance=CoursePage(title=LONG, slug="extremes", summary="x" * 250, language="ru"))
module = course.add_child(instance=ModulePage(title=LONG, slug="m"))
lesson = LessonPage(title="W" * 120, slug="l")
lesson.body = [("heading", {"text": LONG, "level": "2"}), ("text", f"<p>{'y' * 300}</p><ul><li>{LONG}</li></ul>"),
               ("code", {"language": "", "code": "z" * 400}), ("callout", {"kind": "tip", "title": LONG, "text": LONG}),
               *[("callout", {"kind": "note", "title": name, "text": "<p>" + "word " * words + "</p>"})
                 for name, words in (("First", 50), ("Second", 50), ("Tall", 61))]]
module.add_child(instance=lesson)
for page in (course, module, lesson):
    page.save_revision().publish()
student = User.objects.create_user("long@example.org", "parta-demo", display_name="Ж" * 80)
EmailAddress.objects.create(user=student, email=student.email, verified=True, primary=True)
student.groups.add(Group.objects.get(name="Student"))
enroll(user=student, course=course)
"""


@pytest.fixture(scope="module")
def extremes(school_at: tuple[str, Path, int]) -> str:
    run_in_school(school_at, EXTREMES)
    return school_at[0]


@pytest.mark.parametrize("language", ["en", "ru", "fr"])
@pytest.mark.parametrize(("email", "paths"), [("", PUBLIC), ("long@example.org", OWN)], ids=["visitor", "student"])
def test_no_page_is_wider_than_the_screen(
    extremes: str, browser: Browser, language: str, email: str, paths: tuple[str, ...]
) -> None:
    wide = []
    with page_of(browser, extremes, email, locale=language) as page:
        if email:
            page.context.request.post(f"{extremes}/preferences/language/", form={"language": language})
        for path in paths:
            page.goto(path)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                if over > 0:
                    wide.append((path, width, over))
    assert wide == []


def test_short_notes_stand_in_the_margin_of_a_wide_screen(extremes: str, browser: Browser) -> None:
    places = """() => Object.fromEntries([
        ["body", document.querySelector(".body")], ["contents", document.querySelector(".margin")],
        ...[...document.querySelectorAll(".callout-note")].map((note) => [note.innerText.split("\\n")[0], note]),
    ].map(([name, element]) => [name, element.getBoundingClientRect().toJSON()]))"""
    with page_of(browser, extremes, "long@example.org", viewport={"width": 1280, "height": 900}) as page:
        page.goto("/courses/extremes/m/l/")
        at = page.evaluate(places)
        for name in ("contents", "First", "Second"):
            assert at[name]["left"] > at["body"]["right"], name
        assert at["contents"]["bottom"] <= at["First"]["top"]
        assert at["First"]["bottom"] <= at["Second"]["top"]
        assert at["Tall"]["right"] <= at["body"]["right"]
        page.set_viewport_size({"width": 390, "height": 800})
        at = page.evaluate(places)
        assert all(at[name]["right"] <= at["body"]["right"] for name in ("First", "Second", "Tall"))
        assert at["First"]["bottom"] <= at["Second"]["top"] < at["Tall"]["top"]


def test_the_links_of_the_bottom_bar_keep_away_from_what_is_under_it(extremes: str, browser: Browser) -> None:
    """A target needs a free circle of 24 px (WCAG 2.2, 2.5.8), also when the bar covers most of it."""
    with page_of(browser, extremes, "long@example.org", viewport={"width": 390, "height": 844}) as page:
        page.goto("/me/")
        bar = page.locator(".bottom-bar").bounding_box()
        assert bar is not None
        links = [link.bounding_box() for link in page.locator(".bottom-bar a").all()]
        assert len(links) == 4
        for box in links:
            assert box is not None
            assert box["y"] - bar["y"] >= 12
            assert box["height"] >= 44
            assert box["y"] + box["height"] <= 844
