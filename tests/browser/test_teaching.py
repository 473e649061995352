"""A teacher's pages in a real browser: the board by drag and by keyboard, accessibility on a phone and a desk."""

from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.conftest import MARKS, assert_no_rule_of_axe_is_broken, page_of

COURSE = "Python from the first line"
TEACHER = "teacher@example.org"
pytestmark = MARKS


def open_course(page: Page) -> None:
    page.goto("/teaching/")
    page.get_by_role("link", name=COURSE).click()
    page.wait_for_url("**/teaching/courses/*/")


def column(page: Page, name: str) -> list[str]:
    section = page.locator(".column", has=page.get_by_role("heading", name=name))
    return section.locator("[data-card] label").all_inner_texts()


def test_students_are_dragged_and_moved_by_form(school_at: tuple[str, Path, int], browser: Browser) -> None:
    with page_of(browser, school_at[0], TEACHER) as page:
        open_course(page)
        page.get_by_role("link", name="Study groups").click()
        card = page.locator("[data-card]", has_text="Tom Keller")
        winter = page.locator(".column", has=page.get_by_role("heading", name="Winter")).locator("[data-drop]")
        with page.expect_response(lambda r: r.url.endswith("/place/") and r.status == 204):
            card.drag_to(winter)
        assert column(page, "Winter") == ["Tom Keller"]
        page.reload()
        assert column(page, "Winter") == ["Tom Keller"]
        box = page.get_by_role("checkbox", name="Tom Keller")
        box.focus()
        page.keyboard.press("Space")
        page.locator("#to-group").select_option(label="Autumn")
        page.get_by_role("button", name="Move there").press("Enter")
        page.wait_for_load_state()
        assert sorted(column(page, "Autumn")) == ["Tom Keller", "Vera Blum"]


def test_no_rule_of_axe_is_broken(school_at: tuple[str, Path, int], browser: Browser) -> None:
    with page_of(browser, school_at[0], TEACHER) as page:
        open_course(page)
        students = page.url
        paths = [students, f"{students}strip/", f"{students}groups/", f"{students}groups/new/", f"{students}letter/"]
        paths.append(str(page.locator("tbody").get_by_role("link", name="Vera Blum", exact=True).get_attribute("href")))
        page.goto(f"{students}groups/")
        paths.append(str(page.get_by_role("link", name="What opens when").first.get_attribute("href")))
        paths += ["/teaching/", "/me/data/"]
        assert_no_rule_of_axe_is_broken(page, paths)


def test_without_javascript_the_school_is_run_all_the_same(school_at: tuple[str, Path, int], browser: Browser) -> None:
    with page_of(browser, school_at[0], TEACHER, java_script_enabled=False, locale="ru") as page:
        page.goto("/teaching/")
        page.get_by_role("link", name=COURSE).click()
        assert page.locator("html").get_attribute("lang") == "ru"
        assert page.locator("tbody tr").count() >= 2
        page.locator("summary").nth(1).click()
        page.locator("main input[name=q]").fill("keller")
        page.locator(".filter-form button").click()
        assert page.locator("tbody tr").count() == 1
