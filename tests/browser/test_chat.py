"""The chat in real browsers: two people talk, a phone, a keyboard, no script."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import MARKS, assert_no_rule_of_axe_is_broken, page_of
from tests.browser.rooms import CLASSMATE, STUDENT, TEACHER, School, do, enter, in_room, message, say

pytestmark = MARKS


def test_two_people_talk(school_at: School, browser: Browser) -> None:
    with in_room(browser, school_at, STUDENT) as one, in_room(browser, school_at, CLASSMATE) as two:
        expect(one.locator("[data-here-count]")).to_contain_text("2")
        two.locator("[data-text-input]").press_sequentially("I am wri")
        expect(one.locator("[data-typing]")).to_have_text("Tom Keller is typing…")
        two.locator("[data-text-input]").fill("")
        say(one, "Hello **you**, look at `this`")
        expect(message(two, "Hello you").locator("[data-text] strong")).to_have_text("you")
        expect(message(one, "Hello you")).to_have_count(1)
        # a mention is completed by keyboard and stands out for who is called
        two.locator("[data-text-input]").press_sequentially("@Ver")
        expect(two.get_by_role("option", name="Vera Blum", exact=True)).to_be_visible()
        two.keyboard.press("Enter")
        two.keyboard.type("hello yourself")
        two.keyboard.press("Enter")
        expect(message(one, "hello yourself")).to_have_class(re.compile("is-called"))
        # an answer quotes, and leads to what it answers
        do(one, "hello yourself", "Reply")
        say(one, "An answer to that")
        expect(message(two, "An answer to that").locator("[data-reply]")).to_contain_text("hello yourself")
        # a sign is put and taken back
        message(two, "An answer to that").hover()
        message(two, "An answer to that").locator("[data-more]").click()
        two.get_by_role("menuitem", name="React with 🎉").click()
        sign = message(one, "An answer to that").locator(".reaction")
        expect(sign).to_have_text(re.compile("1"))
        sign.click()
        expect(message(two, "An answer to that").locator(".reaction")).to_have_text(re.compile("2"))
        # what is changed or deleted changes for everyone
        do(one, "An answer to that", "Edit")
        expect(one.locator("[data-text-input]")).to_have_value("An answer to that")
        one.locator("[data-text-input]").fill("A better answer")
        one.keyboard.press("Enter")
        expect(message(two, "A better answer")).to_contain_text("edited")
        one.once("dialog", lambda dialog: dialog.accept())
        do(one, "A better answer", "Delete")
        expect(message(two, "This message was deleted.")).to_be_visible()


def test_unread_messages_are_counted_live_on_every_page(school_at: School, browser: Browser) -> None:
    with in_room(browser, school_at, CLASSMATE) as speaker, page_of(browser, school_at[0], STUDENT) as page:
        enter(page)  # reads everything there is
        expect(page.locator("header [data-unread]")).to_be_hidden()
        page.goto("/courses/python-first-line/")
        badge = page.locator("header [data-unread]")
        page.wait_for_timeout(600)
        say(speaker, "One")
        expect(badge).to_have_text("1")
        say(speaker, "Two")
        expect(badge).to_have_text("2")
        with page.context.expect_page() as opened:
            page.evaluate("window.open('/chat/')")
        other = opened.value
        other.get_by_role("link", name="Autumn").click()
        expect(other.locator(".new-line")).to_be_visible()
        other.bring_to_front()
        expect(badge).to_be_hidden(timeout=10_000)


def test_a_file_goes_along_and_a_teacher_pins_and_mutes(school_at: School, browser: Browser) -> None:
    with in_room(browser, school_at, STUDENT) as one, in_room(browser, school_at, TEACHER) as teacher:
        one.locator("[data-file]").set_input_files(
            files=[{"name": "notes.txt", "mimeType": "text/plain", "buffer": b"my notes"}]
        )
        expect(one.locator("[data-uploads]")).to_contain_text("notes.txt")
        expect(one.locator("[data-uploads]")).not_to_contain_text("Uploading")
        say(one, "My notes are here")
        expect(message(teacher, "My notes are here").get_by_role("link", name="notes.txt")).to_be_visible()
        do(teacher, "My notes are here", "Pin")
        expect(message(one, "My notes are here").locator("[data-pinned]")).to_be_visible()
        teacher.locator(".chat-head summary").click()
        teacher.get_by_role("link", name="People").click()
        person = teacher.locator(".people li", has=teacher.get_by_text("Tom Keller", exact=True))
        person.locator("summary").click()
        person.get_by_label("Why").fill("Shouting")
        person.get_by_role("button", name="Mute").click()
        with page_of(browser, school_at[0], CLASSMATE) as muted:
            muted.goto(one.url)
            expect(muted.locator(".chat-foot")).to_contain_text("Shouting")
            assert muted.locator("[data-composer]").count() == 0
        teacher.locator(".people li", has=teacher.get_by_text("Tom Keller", exact=True)).get_by_role(
            "button", name="Let them write again"
        ).click()


def test_a_place_of_a_lesson_is_discussed(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], STUDENT, viewport={"width": 1280, "height": 800}) as page:
        page.goto("/me/")
        page.get_by_role("link", name=re.compile("Continue|Start")).first.click()
        page.goto("/courses/python-first-line/")
        page.locator(".programme a").first.click()
        title = page.locator("h1").inner_text()
        page.get_by_role("link", name="Discuss in chat").click()
        page.wait_for_url(re.compile("/chat/"))
        draft = page.locator("[data-text-input]").input_value()
        assert "/courses/python-first-line/" in draft
        page.locator("[data-text-input]").press("End")
        page.locator(".composer-send").click()
        link = page.locator(".msg .lesson-link").last
        expect(link).to_have_text(title)


def test_no_rule_of_axe_is_broken_in_the_chat(school_at: School, browser: Browser) -> None:
    with in_room(browser, school_at, TEACHER) as page:
        say(page, "A message with `code`, **weight** and a [link](https://example.org)")
        expect(message(page, "A message with")).to_have_count(1)
        room = page.url
        seq = message(page, "A message with").get_attribute("data-seq")
        assert_no_rule_of_axe_is_broken(
            page,
            (
                room,
                f"{room}people/",
                f"{room}log/",
                f"{room}messages/{seq}/",
                "/chat/",
                "/chat/search/?q=message",
            ),
        )


def test_without_a_script_one_talks_all_the_same(school_at: School, browser: Browser) -> None:
    with page_of(browser, school_at[0], STUDENT, java_script_enabled=False, locale="ru") as page:
        page.goto("/chat/")
        page.get_by_role("link", name="Autumn").click()
        page.locator("textarea").fill("Без *скрипта*")
        page.locator(".composer-send").click()
        expect(page.locator(".msg").last.locator("em")).to_have_text("скрипта")
        page.locator(".msg").last.locator("[data-more]").click()
        page.locator("main form button[value='🎉']").click()
        # `expect` tries again: the page was just sent anew, and a message out of sight has no text to be seen yet
        expect(page.locator(".msg").last).to_contain_text("🎉")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.dataset.seq || document.activeElement.id"))


def test_one_key_leads_to_the_composer_and_arrows_from_message_to_message(school_at: School, browser: Browser) -> None:
    with in_room(browser, school_at, STUDENT) as page:
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("w")
        assert focused(page) == "chat-text"
        page.keyboard.type("w")
        expect(page.locator("#chat-text")).to_have_value("w")  # typed, not taken as the key
        page.locator("#chat-text").fill("")
        page.locator("[data-scroll]").focus()
        page.keyboard.press("ArrowUp")
        last = focused(page)
        page.keyboard.press("ArrowUp")
        assert int(focused(page)) == int(last) - 1
        page.keyboard.press("Tab")  # what belongs to this message, and not to all before it
        assert page.evaluate(f"document.activeElement.closest('.msg').dataset.seq == {int(last) - 1}")
        stops = page.locator('.msg [tabindex="0"]')
        assert page.evaluate("els => new Set(els.map(e => e.closest('.msg'))).size", stops.element_handles()) == 1


def test_open_states_break_no_rule_and_targets_are_large(school_at: School, browser: Browser) -> None:
    with in_room(browser, school_at, STUDENT) as page:
        axe = Axe()
        page.locator("#chat-text").focus()
        page.keyboard.type("@To")
        expect(page.get_by_role("option", name="Tom Keller", exact=True)).to_be_visible()
        assert [rule["id"] for rule in axe.run(page).response["violations"]] == []
        page.keyboard.press("Escape")
        page.locator("#chat-text").fill("")
        newest = page.locator(".msg[data-seq]:not(.is-deleted)").last
        newest.hover()
        newest.locator("[data-more]").click()
        expect(page.get_by_role("menu")).to_be_visible()
        assert [rule["id"] for rule in axe.run(page).response["violations"]] == []
        page.keyboard.press("Escape")
        page.locator("header [data-menu] summary").first.click()
        assert [rule["id"] for rule in axe.run(page).response["violations"]] == []
        page.keyboard.press("Control+k")
        expect(page.locator("[data-search-dialog]")).to_be_visible()
        assert [rule["id"] for rule in axe.run(page).response["violations"]] == []
        heights = page.locator(".msg-time:visible").evaluate_all(
            "els => els.map(e => e.getBoundingClientRect().height)"
        )
        assert min(heights) >= 24


def test_a_deleted_message_is_quoted_no_longer(school_at: School, browser: Browser) -> None:
    with in_room(browser, school_at, STUDENT) as one, in_room(browser, school_at, CLASSMATE) as two:
        say(one, "A word to be taken back")
        expect(message(two, "A word to be taken back")).to_have_count(1)
        do(two, "A word to be taken back", "Reply")
        say(two, "Answering that")
        quote = message(one, "Answering that").locator("[data-reply] span")
        expect(quote).to_contain_text("taken back")
        one.on("dialog", lambda dialog: dialog.accept())
        item = one.locator(".msg", has=one.locator("[data-text]", has_text="A word to be taken back"))
        item.hover()
        item.locator("[data-more]").click()
        one.get_by_role("menuitem", name="Delete").click()
        expect(quote).to_have_text("…")
        expect(message(two, "Answering that").locator("[data-reply] span")).to_have_text("…")


def test_scrolling_up_leaves_the_writer_where_they_write(school_at: School, browser: Browser) -> None:
    with in_room(browser, school_at, STUDENT) as page:
        for n in range(3):
            say(page, f"Filling the room {n}\n\n" + "line\n\n" * 40)
        box = page.locator("#chat-text")
        box.fill("Half a sentence")
        page.locator("[data-scroll]").evaluate("el => el.scrollTo(0, -el.scrollHeight)")
        page.wait_for_timeout(800)
        assert focused(page) == "chat-text"
        expect(box).to_have_value("Half a sentence")
        page.keyboard.type("!")
        expect(box).to_have_value("Half a sentence!")
