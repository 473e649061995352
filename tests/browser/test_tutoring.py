"""Private lessons in a real browser: a teacher's first day and a student's, on a desk and a phone, also in Russian."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import MARKS, assert_no_rule_of_axe_is_broken, page_of

TEACHER, TEACHER_2, STUDENT = "teacher@example.org", "teacher2@example.org", "student@example.org"
School = tuple[str, Path, int]
pytestmark = MARKS
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def fill_new_project(page: Page, taught: str, email: str) -> None:
    page.goto("/tutoring/projects/new/")
    page.fill("[name=taught]", taught)
    page.fill("[name=email]", email)
    page.fill("[name=minutes]", "60")
    page.fill("[name=price]", "30")
    page.locator("main form .button").first.click()
    page.wait_for_url("**/schedule/")


@pytest.mark.parametrize(
    ("size", "locale", "taught"), [(DESK, "en", "Esperanto"), (PHONE, "ru", "Эсперанто"), (PHONE, "fr", "Espéranto")]
)
def test_a_teachers_first_day(
    school_at: School, browser: Browser, size: dict[str, int], locale: str, taught: str
) -> None:
    """A project, its weekly lessons previewed and applied, one moved by the form, homework given, a payment entered."""
    options = {"viewport": size, "locale": locale}
    with page_of(browser, school_at[0], TEACHER_2, **options) as page:
        fill_new_project(page, taught, f"pupil-{locale}@example.org")
        schedule = page.url
        hour = {"en": "07:00", "ru": "09:00", "fr": "11:00"}[locale]
        page.select_option("[name=day0]", "1")
        page.fill("[name=at0]", hour)
        page.locator("form", has=page.locator("[name=day0]")).locator(".button").first.click()
        expect(page.locator("[name=seen]")).to_be_attached()
        assert page.locator(".tallies strong").first.inner_text() in {"7", "8", "9"}
        page.locator("form", has=page.locator("[name=seen]")).locator("button.button").first.click()
        page.wait_for_url("**/schedule/")
        page.goto(schedule.replace("schedule/", ""))
        lesson = page.locator(".lesson-list a").first
        lesson.click()
        page.wait_for_url("**/lessons/*/")
        page.goto(page.url + "move/")
        later = {"en": "21:00", "ru": "22:00", "fr": "23:00"}[locale]
        page.fill("[name=at]", later)
        page.locator("main form button.button:not(.button-quiet)").click()
        page.wait_for_url("**/lessons/*/")
        page.reload()
        assert later in page.locator("h1").inner_text()
        page.fill("#id_theme", "Salutoj")
        page.locator("form", has=page.locator("#id_theme")).locator("button").click()
        page.reload()
        assert page.input_value("#id_theme") == "Salutoj"
        page.goto(schedule.replace("schedule/", "homework/"))
        page.fill("[name=title]", "Unua leciono")
        page.locator("main form button.button:not(.button-quiet)").click()
        page.wait_for_url("**/projects/*/")
        assert page.get_by_text("Unua leciono").count() == 1
        page.locator("form[action$='/account/'] button").click()
        page.wait_for_url("**/accounts/*/")
        page.goto(page.url + "payment/")
        page.fill("[name=amount]", "45")
        page.locator("main form button.button:not(.button-quiet)").click()
        page.wait_for_url("**/accounts/*/")
        assert "45" in page.locator(".statement").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_lesson_is_dragged_to_another_day_and_stays_there(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], TEACHER, viewport=DESK) as page:
        page.goto("/calendar/")
        page.get_by_role("link", name="Later").click()
        entry = page.locator("[data-entry]", has_text="English, Vera").first
        target = page.locator("[data-cell$='T15']").nth(2)
        url = entry.get_attribute("data-entry")
        with page.expect_response(lambda r: bool(url) and r.url.endswith(str(url)) and r.status == 200):
            entry.scroll_into_view_if_needed()
            start, end = entry.bounding_box(), target.bounding_box()
            assert start
            assert end
            page.mouse.move(start["x"] + 20, start["y"] + 6)
            page.mouse.down()
            page.mouse.move(end["x"] + 20, end["y"] + 10, steps=8)
            page.mouse.up()
        moved = target.locator("[data-entry]")
        expect(moved).to_contain_text("15:")  # the script loads the page again
        # its lower edge changes its length
        with page.expect_response(lambda r: bool(url) and r.url.endswith(str(url)) and r.status == 200):
            moved.scroll_into_view_if_needed()
            box = moved.bounding_box()
            assert box
            page.mouse.move(box["x"] + 30, box["y"] + box["height"] - 3)
            page.mouse.down()
            page.mouse.move(box["x"] + 30, box["y"] + box["height"] + 28, steps=6)
            page.mouse.up()
        expect(target.locator("[data-entry]")).to_have_attribute("data-minutes", "90")
        page.reload()
        expect(target.locator("[data-entry]")).to_have_attribute("data-minutes", "90")


def test_a_mark_is_one_click_and_can_be_undone(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], TEACHER, viewport=PHONE) as page:
        page.goto("/me/")
        page.locator("button[value=held]", has_text="French").click()
        page.wait_for_url("**/me/")
        page.get_by_role("button", name="Undo").click()
        page.wait_for_url("**/me/")
        assert page.locator("button[value=held]", has_text="French").count() == 1


def test_a_students_day(school_at: School, browser: Browser) -> None:
    """The next lesson, a wish to move it, and homework whose draft survives a closed tab."""
    with page_of(browser, school_at[0], STUDENT, viewport=PHONE) as page:
        page.goto("/me/")
        expect(page.locator("[data-countdown]")).to_be_visible()
        page.goto("/tutoring/")
        page.get_by_role("link", name="English", exact=True).click()
        page.locator(".lesson-list a").nth(1).click()
        page.get_by_role("link", name="Ask for another time").click()
        page.fill("[name=at]", "10:00")
        page.fill("[name=note]", "I have a train")
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.get_by_text("I have a train").or_(page.get_by_text("You have asked for"))).to_be_visible()
        page.goto("/homework/")
        page.get_by_role("link", name=re.compile("Page 44")).click()
        page.wait_for_url("**/homework/*/")
        address = page.url
        with page.expect_response(lambda r: r.url.endswith("/draft/") and r.status == 200):
            page.locator("#text").fill("1. have been")
        page.goto("/courses/")
        page.goto(address)
        assert page.input_value("#text") == "1. have been"
        page.get_by_role("button", name="Hand in").click()
        expect(page.get_by_role("button", name="Take it back")).to_be_visible()


def test_keys_lead_from_one_answer_to_the_next(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], STUDENT) as page:  # a second answer beside that of the demo
        page.goto("/homework/")
        page.get_by_role("link", name=re.compile("A film that you would show")).click()
        page.fill("#text", "The third man")
        page.get_by_role("button", name="Hand in").click()
        expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    with page_of(browser, school_at[0], TEACHER) as page:
        page.goto("/teaching/homework/")
        page.locator(".continue-list a").first.click()
        page.wait_for_url("**/teaching/homework/*/")
        first = page.url
        page.keyboard.press("j")
        page.wait_for_url(lambda url: url != first)
        page.keyboard.press("k")
        page.wait_for_url(first)
        page.fill("[name=comment]", "Well done")
        page.locator("[name=comment]").press("j")  # typed, not taken as the key
        expect(page.locator("[name=comment]")).to_have_value(re.compile("j"))
        page.get_by_role("button", name="Accept").click()
        page.wait_for_url(lambda url: url != first)


@pytest.mark.parametrize("who", [TEACHER, STUDENT])
def test_no_rule_of_axe_is_broken(school_at: School, browser: Browser, who: str) -> None:
    with page_of(browser, school_at[0], who) as page:
        page.goto("/tutoring/")
        project = str(page.locator(".card h2 a").first.get_attribute("href"))
        page.goto(project)
        lesson = str(page.locator(".lesson-list a").first.get_attribute("href"))
        page.goto("/tutoring/accounts/")
        account = str(page.locator(".continue-list a").first.get_attribute("href"))
        paths = [
            "/me/",
            "/calendar/",
            "/calendar/?view=month",
            "/calendar/?view=day",
            "/tutoring/",
            project,
            lesson,
            account,
        ]
        if who == TEACHER:
            paths += [
                f"{project}schedule/",
                f"{project}edit/",
                f"{project}homework/",
                f"{lesson}move/",
                "/tutoring/month/",
            ]
            paths += ["/tutoring/students/", "/teaching/homework/", "/tutoring/days-off/", f"{account}payment/"]
        else:
            paths += ["/homework/", "/calendar/subscribe/", f"{lesson}ask/"]
        assert_no_rule_of_axe_is_broken(page, paths)
