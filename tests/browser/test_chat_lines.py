"""The chat where the line is bad: it breaks, it is away for long, sockets are blocked."""

import re

from playwright.sync_api import Browser, expect

from tests.browser.conftest import MARKS, page_of, run_in_school
from tests.browser.rooms import CLASSMATE, OFFLINE, STUDENT, TEACHER, Line, School, enter, in_room, message, say

pytestmark = MARKS
NO_PACE = {"CHAT_PER_SECOND": "10000", "CHAT_BURST": "10000"}
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


def test_what_is_written_without_a_line_is_sent_later_even_by_another_page(school_at: School, browser: Browser) -> None:
    with (
        in_room(browser, school_at, CLASSMATE) as two,
        page_of(browser, school_at[0], STUDENT, expected=OFFLINE) as one,
    ):
        line = Line(one)
        enter(one)
        address = one.url
        line.cut(offline=True)
        say(one, "Written in a tunnel")
        expect(message(one, "Written in a tunnel")).to_contain_text("Sending")
        expect(one.locator("[data-connection]")).to_be_visible(timeout=10_000)
        one.close()
        line.mend()
        page = one.context.new_page()
        page.goto(address)
        expect(message(two, "Written in a tunnel")).to_have_count(1, timeout=10_000)
        expect(message(page, "Written in a tunnel")).to_have_count(1)
        expect(message(page, "Written in a tunnel")).not_to_contain_text("Sending")
        page.reload()
        expect(message(page, "Written in a tunnel")).to_have_count(1)
        page.close()


def test_a_broken_line_comes_again_and_brings_what_was_missed(school_at: School, browser: Browser) -> None:
    with in_room(browser, school_at, CLASSMATE) as two, page_of(browser, school_at[0], STUDENT) as one:
        line = Line(one)
        enter(one)
        say(two, "Before the break")
        expect(message(one, "Before the break")).to_have_count(1)
        line.drop()
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


def test_unsent_messages_are_stored_in_the_order_in_which_they_were_written(
    school_at: School, browser: Browser
) -> None:
    """More than may be sent at once: those that have to wait are not overtaken by those behind them."""
    with page_of(browser, school_at[0], STUDENT, expected=OFFLINE) as page:
        line = Line(page)
        enter(page)
        line.cut(offline=True)
        for number in range(45):
            say(page, f"Unsent no. {number:02}.")
        line.mend()
        expect(page.locator(".msg.is-waiting:not(.is-sent)")).to_have_count(0, timeout=40_000)
        page.reload()
        found = [
            re.search(r"Unsent no\. (\d\d)", text)
            for text in page.locator(".msg", has_text="Unsent no.").all_inner_texts()
        ]
        assert [int(match[1]) for match in found if match] == list(range(45))


def test_after_a_jump_to_the_newest_the_room_is_read(school_at: School, browser: Browser) -> None:
    """Who missed more than is shown sees the newest page, and has read it."""
    with page_of(browser, school_at[0], CLASSMATE) as page:
        line = Line(page)
        enter(page)
        line.cut()
        room = re.search(r"/chat/(\d+)/", page.url)
        assert room
        run_in_school(school_at, POST_MANY.format(room=room[1], author=TEACHER), **NO_PACE)
        line.mend()
        expect(message(page, "Missed 329")).to_be_visible(timeout=30_000)
        page.wait_for_timeout(2500)  # reading is told a moment later
        page.goto("/me/")
        expect(page.locator("header [data-unread]")).to_be_hidden()
    run_in_school(school_at, FORGET_MANY)
