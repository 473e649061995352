"""The dictionary in a real browser: looked up as one types, without a script, and written in the CMS."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import MARKS, assert_no_rule_of_axe_is_broken, page_of

TEACHER, STUDENT = "teacher@example.org", "student@example.org"
School = tuple[str, Path, int]
pytestmark = MARKS


def test_words_are_found_as_one_types(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], STUDENT, viewport={"width": 390, "height": 844}, locale="ru") as page:
        page.goto("/dictionary/")
        page.keyboard.type("yeu")  # the field has the focus
        expect(page.locator("[data-results] a")).to_have_count(0)
        page.keyboard.type("x")
        expect(page.locator("[data-results] a")).to_have_text("l’œil")
        page.locator("[data-results] a").click()
        expect(page.locator("h1")).to_have_text("œil")
        expect(page.get_by_text("глаз", exact=False).first).to_be_visible()


def test_words_are_found_without_a_script(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], STUDENT, java_script_enabled=False) as page:
        page.goto("/dictionary/")
        page.fill("#q", "went")
        page.get_by_role("button", name="Find", exact=True).click()
        page.get_by_role("link", name="go", exact=True).click()
        expect(page.locator("h1")).to_have_text("go")


def test_a_teacher_writes_an_entry_and_a_student_finds_it(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], TEACHER) as page:
        page.goto("/cms/vocabulary/word/new/")
        page.select_option("[name=language]", label="French")
        page.fill("[name=lemma]", "papillon")
        page.select_option("[name=part_of_speech]", "noun")
        page.select_option("[name=gender]", "m")
        page.select_option("[name=state]", "approved")
        page.click("#id_senses-ADD")
        page.fill("[name=senses-0-definition]", "Insecte")
        page.click("#id_senses-0-translations-ADD")
        page.select_option("[name=senses-0-translations-0-language]", label="English")
        page.fill("[name=senses-0-translations-0-text]", "butterfly")
        page.locator("form button[type=submit]").last.click()
        page.wait_for_url("**/cms/vocabulary/word/")
    with page_of(browser, school_at[0], STUDENT) as page:
        page.goto("/dictionary/?q=butterfly")
        page.get_by_role("link", name="le papillon").click()
        expect(page.get_by_text("Insecte")).to_be_visible()


def test_no_rule_of_axe_is_broken(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], TEACHER) as page:
        paths = [
            "/dictionary/",
            "/dictionary/?q=livre",
            "/dictionary/?q=zzz",
            "/dictionary/fr/livre/",
            "/dictionary/en/book/",
        ]
        assert_no_rule_of_axe_is_broken(page, paths)


def test_a_teacher_records_a_word_and_a_student_hears_it(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], TEACHER, viewport={"width": 1280, "height": 900}) as page:
        page.goto("/dictionary/fr/chanson/")
        page.get_by_role("link", name="Edit").click()
        box = page.locator("[data-stored-input=sound]").first
        box.get_by_role("button", name="Record").click()
        expect(box.get_by_role("button", name="Stop")).to_be_visible()
        page.wait_for_timeout(700)
        box.get_by_role("button", name="Stop").click()
        expect(box.get_by_role("status")).to_contain_text("Stored")
        expect(box.locator("audio")).to_be_visible()
        page.get_by_role("button", name="Save").click()
        page.goto("/dictionary/fr/chanson/")
        page.get_by_role("link", name="Edit").click()
        expect(page.locator("[data-stored-input=sound] audio").first).to_be_visible()
    with page_of(browser, school_at[0], STUDENT) as page:
        page.goto("/dictionary/fr/chanson/")
        with page.expect_response(lambda response: "/dictionary/sound/" in response.url) as heard:
            page.get_by_role("link", name="Listen", exact=True).click()
        assert heard.value.status in {200, 206}
        assert heard.value.headers["content-type"] == "audio/webm"
        assert page.url.endswith("/dictionary/fr/chanson/")
