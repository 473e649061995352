"""Reviewing words in a real browser: keys, undo, no network, no script; and looking a word up where one reads."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import MARKS, assert_no_rule_of_axe_is_broken, page_of, run_in_school

TEACHER, STUDENT, OTHER = "teacher@example.org", "student@example.org", "student2@example.org"
School = tuple[str, Path, int]
pytestmark = MARKS
NUMBER = """
from learning.vocabulary.models import Card, Review
from pathlib import Path
rows = Review.objects.filter(owner__email={email!r}, undone_at=None, received_at__gte={since!r})
Path({file!r}).write_text(str(rows.count()) + " " + str(rows.values("id").distinct().count()))
"""
NEW_DECK = """
from learning.accounts.models import User
from learning.vocabulary.models import Card, DeckSettings, Lexeme
from learning.vocabulary.reviews.deck import save_words
person = User.objects.get(email={email!r})
User.objects.filter(pk=person.pk).update(language="en")  # other tests choose others
Card.objects.filter(owner=person).delete()
settings, _new = DeckSettings.objects.update_or_create(owner=person, defaults={{"types_answers": {types}}})
rows = Lexeme.objects.filter(language__code="en", lemma__in={lemmas!r}).select_related("language").order_by("pk")
save_words(owner=person, lexemes=rows, settings=settings)
"""


ONLY_PRODUCE = """
from learning.vocabulary.models import Card
Card.objects.filter(owner__email={email!r}, kind="recognise").delete()
"""


def new_deck(school_at: School, email: str, *lemmas: str, types: bool = False) -> None:
    run_in_school(school_at, NEW_DECK.format(email=email, lemmas=list(lemmas), types=types))


def stored(school_at: School, email: str, since: str) -> tuple[int, int]:
    file = school_at[1] / "count.txt"
    run_in_school(school_at, NUMBER.format(email=email, since=since, file=str(file)))
    first, second = file.read_text().split()
    return int(first), int(second)


def kept_answers(page: Page) -> int:
    """How many answers wait in this browser."""
    return int(page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('parta-answer-')).length"))


def wait_until_sent(page: Page) -> None:
    # not `wait_for_function`: the content security policy of our pages allows no text that is run
    deadline = time.monotonic() + 20
    while kept_answers(page):
        assert time.monotonic() < deadline, kept_answers(page)
        page.wait_for_timeout(100)


def now(page: Page) -> str:
    return str(page.evaluate("new Date().toISOString()"))


def test_cards_are_reviewed_by_keys_and_an_answer_is_taken_back(school_at: School, browser: Browser) -> None:
    new_deck(school_at, OTHER, "come", "go", "take")
    with page_of(browser, school_at[0], OTHER) as page:
        since = now(page)
        page.goto("/words/")
        page.get_by_role("link", name="Start").click()
        prompt = page.locator(".prompt")
        expect(prompt).to_have_text("come")
        expect(page.locator(".answer")).to_be_hidden()
        page.keyboard.press("Space")
        expect(page.locator(".answer")).to_be_visible()
        page.keyboard.press("3")
        expect(prompt).to_have_text("go")
        expect(page.locator("[data-done]")).to_have_text("1")
        page.keyboard.press("u")
        expect(prompt).to_have_text("come")
        page.keyboard.press("Space")
        page.keyboard.press("4")
        expect(prompt).to_have_text("go")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(prompt).to_have_text("take")
        expect(page.locator("[data-done]")).to_have_text("2")
    assert stored(school_at, OTHER, since) == (2, 2)


def test_without_a_network_answers_wait_and_are_sent_once(school_at: School, browser: Browser) -> None:
    new_deck(school_at, OTHER, "come", "give", "go", "take")
    offline = "Failed to load resource"
    with page_of(browser, school_at[0], OTHER, expected=offline, viewport={"width": 390, "height": 844}) as page:
        since = now(page)
        with page.expect_response("**/words/answers/"):
            page.goto("/words/review/")
        page.context.set_offline(True)
        for lemma in ("come", "give"):
            expect(page.locator(".prompt")).to_have_text(lemma)
            page.get_by_role("button", name="Show the answer").click()
            page.locator("[data-rate] [value='3']").click()
        expect(page.locator(".prompt")).to_have_text("go")
        expect(page.get_by_text("No network")).to_be_visible()
        assert stored(school_at, OTHER, since) == (0, 0)
        with page.expect_response("**/words/answers/"):
            page.context.set_offline(False)
        expect(page.get_by_text("No network")).to_be_hidden()
        expect(page.locator("[data-done]")).to_have_text("2")
        wait_until_sent(page)
    assert stored(school_at, OTHER, since) == (2, 2)


def test_answers_survive_a_closed_page(school_at: School, browser: Browser) -> None:
    new_deck(school_at, OTHER, "go", "come")
    with page_of(browser, school_at[0], OTHER, expected="Failed to load resource") as page:
        since = now(page)
        with page.expect_response("**/words/answers/"):
            page.goto("/words/review/")
        page.context.set_offline(True)
        page.keyboard.press("Space")
        page.keyboard.press("3")
        expect(page.get_by_text("No network")).to_be_visible()
        page.context.set_offline(False)
        with page.expect_response("**/words/answers/"):
            page.goto("/words/review/")  # the page of before is gone, with its script
        expect(page.locator("[data-done]")).to_have_text("1")
        # the server did not know of the answer and has shown the same card again: it is not asked twice
        expect(page.locator(".prompt")).to_have_text("go")
    assert stored(school_at, OTHER, since) == (1, 1)


MANY = ("come", "go", "take", "give", "bring", "see", "eat", "drink", "sing", "swim")


def test_a_few_answers_are_sent_together(school_at: School, browser: Browser) -> None:
    new_deck(school_at, OTHER, *MANY)
    with page_of(browser, school_at[0], OTHER) as page:
        since = now(page)
        sent: list[int] = []
        with page.expect_response("**/words/answers/"):
            page.goto("/words/review/")
        page.on("request", lambda r: sent.append(len(r.post_data_json["answers"])) if "answers" in r.url else None)
        for place in range(3):
            answer_with(page, "3", place + 1)
        # what was not sent is taken back here, with the numbers of the day
        page.keyboard.press("u")
        expect(page.locator("[data-done]")).to_have_text("2")
        expect(page.locator("[data-new]")).to_have_text("8")
        assert (sent, kept_answers(page)) == ([], 2)
        answer_with(page, "3", 3)
        with page.expect_response("**/words/answers/"):
            answer_with(page, "4", 4)
        wait_until_sent(page)
        assert sent == [4]
        expect(page.locator("[data-done]")).to_have_text("4")
    assert stored(school_at, OTHER, since) == (4, 4)


def test_answers_are_stored_before_the_next_page_and_when_the_page_is_closed(
    school_at: School, browser: Browser
) -> None:
    new_deck(school_at, OTHER, *MANY)
    with page_of(browser, school_at[0], OTHER) as page:
        since = now(page)
        with page.expect_response("**/words/answers/"):
            page.goto("/words/review/")
        answer_with(page, "4", 1)
        page.locator("[data-review]").locator("xpath=..").get_by_role("link", name="Words").click()
        expect(page.get_by_role("link", name="Start")).to_be_visible()
        assert stored(school_at, OTHER, since) == (1, 1)
        with page.expect_response("**/words/answers/"):
            page.get_by_role("link", name="Start").click()
        answer_with(page, "4", 2)
        other = page.context.new_page()
        page.close(run_before_unload=True)
        deadline = time.monotonic() + 20
        while stored(school_at, OTHER, since) != (2, 2):
            assert time.monotonic() < deadline
        other.close()


def answer_with(page: Page, rating: str, done: int) -> None:
    page.keyboard.press("Space")
    page.keyboard.press(rating)
    expect(page.locator("[data-done]")).to_have_text(str(done))


def test_an_answer_that_is_being_taken_back_is_not_sent_again(school_at: School, browser: Browser) -> None:
    new_deck(school_at, OTHER, "go", "come")

    def slowly(route: Route) -> None:
        answer = route.fetch()
        time.sleep(7)  # longer than the page waits until it sends again what got no answer
        route.fulfill(response=answer)

    with page_of(browser, school_at[0], OTHER, expected="Failed to load resource") as page:
        since = now(page)
        with page.expect_response("**/words/answers/"):
            page.goto("/words/review/")
        page.route("**/words/answers/", lambda route: route.abort())
        answer_with(page, "3", 1)
        expect(page.get_by_text("No network")).to_be_visible()
        page.unroute("**/words/answers/")
        page.route("**/words/undo/", slowly)
        with page.expect_response("**/words/undo/"):
            page.keyboard.press("u")
        expect(page.locator(".prompt")).to_have_text("come")
        expect(page.locator("[data-done]")).to_have_text("0")
        assert kept_answers(page) == 0
        page.wait_for_timeout(1000)
    assert stored(school_at, OTHER, since) == (0, 0)


def test_a_card_that_was_answered_while_the_page_was_on_its_way_is_not_asked_again(
    school_at: School, browser: Browser
) -> None:
    new_deck(school_at, OTHER, "go", "come")
    # a page that is not of the network may open no socket to this machine
    with page_of(browser, school_at[0], OTHER, expected="WebSocket connection") as page:
        since = now(page)
        first = page.goto("/words/review/")
        assert first is not None
        old_page, headers = first.body(), first.headers
        card = page.locator("[data-card]").get_attribute("data-card")
        person = page.locator("[data-review]").get_attribute("data-person")
        answer_with(page, "4", 1)
        wait_until_sent(page)
        # the page that the server has made before it knew of the answer, which the page before has seen confirmed
        page.route("**/words/review/", lambda route: route.fulfill(body=old_page, headers=headers))
        noted = f"localStorage.setItem('parta-confirmed-{person}', JSON.stringify({{ {card}: Date.now() }}))"
        page.add_init_script(noted)
        page.goto("/words/review/")
        expect(page.locator(".prompt")).to_have_text("go")
    assert stored(school_at, OTHER, since) == (1, 1)


def test_the_last_card_leads_to_the_end_of_the_day(school_at: School, browser: Browser) -> None:
    new_deck(school_at, OTHER, "come")
    with page_of(browser, school_at[0], OTHER) as page:
        since = now(page)
        page.goto("/words/review/")
        page.keyboard.press("Space")
        page.keyboard.press("4")
        expect(page.get_by_text("Done for today.")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".prompt")).to_have_text("come")
    assert stored(school_at, OTHER, since) == (0, 0)


def test_two_windows_keep_the_answers_of_each_other(school_at: School, browser: Browser) -> None:
    new_deck(school_at, OTHER, "come", "go", "take")
    with page_of(browser, school_at[0], OTHER, expected="Failed to load resource") as page:
        since = now(page)
        other = page.context.new_page()
        for window in (page, other):
            with window.expect_response("**/words/answers/"):
                window.goto("/words/review/")
        page.context.set_offline(True)
        for window, steps in ((page, 2), (other, 1)):
            for _n in range(steps):
                window.keyboard.press("Space")
                window.keyboard.press("3")
        other.close()
        assert kept_answers(page) == 3
        page.context.set_offline(False)
        wait_until_sent(page)
    assert stored(school_at, OTHER, since) == (3, 3)


def test_a_typed_answer_is_graded_letter_by_letter(school_at: School, browser: Browser) -> None:
    new_deck(school_at, OTHER, "bring", types=True)
    run_in_school(school_at, ONLY_PRODUCE.format(email=OTHER))
    with page_of(browser, school_at[0], OTHER, viewport={"width": 390, "height": 844}) as page:
        page.goto("/words/review/")
        page.keyboard.type("brinq")  # the field has the focus
        page.keyboard.press("Enter")
        expect(page.get_by_text("A slip of the keys")).to_be_visible()
        expect(page.locator(".difference del")).to_have_text("q")
        expect(page.locator(".difference ins")).to_have_text("g")
        # the suggestion is “hard”; Enter takes it
        expect(page.locator("[data-rate] [value='2']")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[data-done]")).to_have_text("1")


def test_cards_are_reviewed_without_a_script(school_at: School, browser: Browser) -> None:
    new_deck(school_at, OTHER, "come", "go")
    with page_of(browser, school_at[0], OTHER, java_script_enabled=False) as page:
        page.goto("/words/review/")
        page.get_by_role("button", name="Show the answer").click()
        expect(page.locator(".answer")).to_be_visible()
        page.locator("[data-rate] [value='3']").click()
        expect(page.locator(".prompt")).to_have_text("go")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".prompt")).to_have_text("come")


SELECT = """word => {
  const walker = document.createTreeWalker(document.querySelector("[data-body]"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const place = node.data.search(new RegExp(`\\\\b${word}\\\\b`));
    if (place < 0) continue;
    node.parentElement.scrollIntoView({ block: "center" });
    getSelection().setBaseAndExtent(node, place, node, place + word.length);
    const box = getSelection().getRangeAt(0).getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }
}"""
LESSON = "/courses/reading-a-map/the-flat-picture/what-a-map-leaves-out/"


@pytest.mark.parametrize("way", ["double click", "key", "button"])
def test_a_word_is_looked_up_where_one_reads_and_saved(school_at: School, browser: Browser, way: str) -> None:
    new_deck(school_at, OTHER, "take")
    with page_of(browser, school_at[0], OTHER) as page:
        page.goto("/words/settings/")
        page.get_by_label("Underline saved words where you read").check()
        page.get_by_role("button", name="Save").click()
        page.wait_for_url("**/words/")
        page.goto(LESSON)
        done = page.locator('[data-done] [name="done"]')
        is_done = done.get_attribute("value")
        spot = page.evaluate(SELECT, "made")
        expect(page.locator(".lookup-button")).to_be_visible()
        if way == "double click":
            page.mouse.dblclick(spot["x"], spot["y"])
        elif way == "key":
            page.keyboard.press("d")
        else:
            page.locator(".lookup-button").click()
        panel = page.locator(".lookup")
        expect(panel.get_by_role("link", name="make")).to_be_visible()
        panel.get_by_role("button", name="Save").first.click()
        expect(panel.get_by_role("status").first).to_have_text("In your words")
        deadline = time.monotonic() + 10
        while not page.evaluate("CSS.highlights.get('saved-words')?.size ?? 0"):
            assert time.monotonic() < deadline
            page.wait_for_timeout(100)
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        # without a selected word the same key marks the lesson; this one did not
        assert done.get_attribute("value") == is_done


def test_no_rule_of_axe_is_broken(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], STUDENT) as page:
        assert_no_rule_of_axe_is_broken(
            page,
            ["/words/", "/words/review/", "/words/list/", "/words/statistics/", "/words/settings/", "/words/sets/"],
        )
    with page_of(browser, school_at[0], TEACHER) as page:
        assert_no_rule_of_axe_is_broken(page, ["/words/sets/1/", "/teaching/words/"])
