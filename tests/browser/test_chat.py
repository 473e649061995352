"""The chat in real browsers: two people talk, a line that breaks, a phone, a keyboard, no script."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.conftest import BASE, MARKS, assert_no_rule_of_axe_is_broken, page_of

pytestmark = MARKS
STUDENT, CLASSMATE, TEACHER = "student@example.org", "student2@example.org", "teacher@example.org"
School = tuple[str, Path, int]


@contextmanager
def in_room(browser: Browser, school_at: School, email: str, **options: object) -> Iterator[Page]:
    """A page with the students' room open and its line up."""
    with page_of(browser, school_at[0], email, **options) as page:
        enter(page)
        yield page


def enter(page: Page) -> None:
    page.goto("/chat/")
    page.get_by_role("link", name="Autumn").click()
    page.wait_for_url(re.compile(r"/chat/\d+/$"))
    expect(page.locator("[data-here-count]")).not_to_be_empty()


def say(page: Page, text: str) -> None:
    page.locator("[data-text-input]").fill(text)
    page.locator("[data-text-input]").press("Enter")


def message(page: Page, text: str):  # type: ignore[no-untyped-def]
    return page.locator(".msg", has_text=text)


def do(page: Page, text: str, wish: str) -> None:
    item = message(page, text)
    item.hover()
    item.locator("[data-more]").click()
    page.get_by_role("menuitem", name=wish).click()


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


def test_what_is_written_without_a_line_is_sent_later_even_by_another_page(school_at: School, browser: Browser) -> None:
    tunnel, lines = [False], []

    def pass_through(line: WebSocketRoute) -> None:
        if tunnel[0]:
            line.close(code=1001)
            return
        lines.append(line)
        line.connect_to_server()

    with in_room(browser, school_at, CLASSMATE) as two, page_of(browser, school_at[0], STUDENT) as one:
        one.context.route_web_socket(re.compile("/ws/chat/"), pass_through)
        enter(one)
        address, tunnel[0] = one.url, True
        one.context.set_offline(True)
        lines[-1].close(code=1001)
        say(one, "Written in a tunnel")
        expect(message(one, "Written in a tunnel")).to_contain_text("Sending")
        expect(one.locator("[data-connection]")).to_be_visible(timeout=10_000)
        one.close()
        tunnel[0] = False
        one.context.set_offline(False)
        page = one.context.new_page()
        page.goto(address)
        expect(message(two, "Written in a tunnel")).to_have_count(1, timeout=10_000)
        expect(message(page, "Written in a tunnel")).to_have_count(1)
        expect(message(page, "Written in a tunnel")).not_to_contain_text("Sending")
        page.reload()
        expect(message(page, "Written in a tunnel")).to_have_count(1)
        page.close()


def test_a_broken_line_comes_again_and_brings_what_was_missed(school_at: School, browser: Browser) -> None:
    lines: list[WebSocketRoute] = []

    def pass_through(line: WebSocketRoute) -> None:
        lines.append(line)
        line.connect_to_server()

    with in_room(browser, school_at, CLASSMATE) as two, page_of(browser, school_at[0], STUDENT) as one:
        one.route_web_socket(re.compile("/ws/chat/"), pass_through)
        enter(one)
        say(two, "Before the break")
        expect(message(one, "Before the break")).to_have_count(1)
        lines[-1].close(code=1001)
        say(two, "In the break")
        say(two, "After the break")
        expect(message(one, "After the break")).to_have_count(1, timeout=5_000)
        texts = one.locator(".msg [data-text]").all_inner_texts()[-3:]
        assert texts == ["Before the break", "In the break", "After the break"]


def test_where_sockets_are_blocked_the_chat_goes_by_requests(school_at: School, browser: Browser) -> None:
    with in_room(browser, school_at, CLASSMATE) as two, page_of(browser, school_at[0], STUDENT) as one:
        one.add_init_script(
            "window.WebSocket = class extends EventTarget { constructor() { super(); this.readyState = 0;"
            " setTimeout(() => { this.readyState = 3;"
            " this.dispatchEvent(new CloseEvent('close', { code: 1006 })); }, 50); }"
            " send() {} close() {} }; Object.assign(window.WebSocket, { OPEN: 1, CLOSING: 2 });"
        )
        one.goto(two.url)
        expect(one.locator("[data-connection]")).to_contain_text("blocked", timeout=15_000)
        say(two, "By socket")
        expect(message(one, "By socket")).to_have_count(1, timeout=10_000)
        say(one, "By request")
        expect(message(two, "By request")).to_have_count(1, timeout=10_000)
        expect(message(one, "By request")).not_to_contain_text("Sending", timeout=10_000)


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
        page.wait_for_load_state()
        assert page.locator(".msg").last.locator("em").inner_text() == "скрипта"
        page.locator(".msg").last.locator("[data-more]").click()
        page.locator("main form button[value='🎉']").click()
        assert "🎉" in page.locator(".msg").last.inner_text()


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


def test_unsent_messages_are_stored_in_the_order_in_which_they_were_written(
    school_at: School, browser: Browser
) -> None:
    """More than may be sent at once: those that have to wait are not overtaken by those behind them."""
    tunnel, lines = [False], []

    def pass_through(line: WebSocketRoute) -> None:
        if tunnel[0]:
            line.close(code=1001)
            return
        lines.append(line)
        line.connect_to_server()

    with page_of(browser, school_at[0], STUDENT) as page:
        page.context.route_web_socket(re.compile("/ws/chat/"), pass_through)
        enter(page)
        tunnel[0] = True
        page.context.set_offline(True)
        lines[-1].close(code=1001)
        for number in range(45):
            say(page, f"Unsent no. {number:02}.")
        tunnel[0] = False
        page.context.set_offline(False)
        expect(page.locator(".msg.is-waiting:not(.is-sent)")).to_have_count(0, timeout=90_000)
        page.reload()
        found = [
            re.search(r"Unsent no\. (\d\d)", text)
            for text in page.locator(".msg", has_text="Unsent no.").all_inner_texts()
        ]
        assert [int(match[1]) for match in found if match] == list(range(45))


POST_MANY = """
import uuid
from chat.models import Room
from chat.rooms.posting import Draft, post_messages
from learning.accounts.models import User
room, author = Room.objects.get(pk={room}), User.objects.get(email="{author}")
for number in range(330):
    post_messages([Draft(author.pk, room.pk, uuid.uuid4(), f"Missed {{number}}")])
"""


# so that the room is again as long as other tests expect it
FORGET_MANY = """
from chat.models import Message
Message.objects.filter(text__startswith="Missed ").delete()
"""


def run_in_school(school_at: School, code: str) -> None:
    """Run this in the database of the running school, where nobody is held to a pace."""
    env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}}
    env |= {"PARTA_DATA": str(school_at[1]), "PYTHONPATH": f"{BASE}/site:{BASE}"}
    env |= {"CHAT_PER_SECOND": "10000", "CHAT_BURST": "10000"}
    subprocess.run([sys.executable, str(BASE / "manage.py"), "shell", "-v0", "-c", code], env=env, check=True)


def test_after_a_jump_to_the_newest_the_room_is_read(school_at: School, browser: Browser) -> None:
    """Who missed more than is shown sees the newest page, and has read it."""
    tunnel, lines = [False], []

    def pass_through(line: WebSocketRoute) -> None:
        if tunnel[0]:
            line.close(code=1001)
            return
        lines.append(line)
        line.connect_to_server()

    with page_of(browser, school_at[0], CLASSMATE) as page:
        page.context.route_web_socket(re.compile("/ws/chat/"), pass_through)
        enter(page)
        tunnel[0] = True
        lines[-1].close(code=1001)
        room = re.search(r"/chat/(\d+)/", page.url)
        assert room
        run_in_school(school_at, POST_MANY.format(room=room[1], author=TEACHER))
        tunnel[0] = False
        expect(message(page, "Missed 329")).to_be_visible(timeout=30_000)
        page.wait_for_timeout(2500)  # reading is told a moment later
        page.goto("/me/")
        expect(page.locator("header [data-unread]")).to_be_hidden()
    run_in_school(school_at, FORGET_MANY)
