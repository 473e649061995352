"""What a person does in a room of the running school, and a line to it that can be cut."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.conftest import page_of

STUDENT, CLASSMATE, TEACHER = "student@example.org", "student2@example.org", "teacher@example.org"
School = tuple[str, Path, int]
OFFLINE = "ERR_INTERNET_DISCONNECTED"  # what the console says of requests while there is no network


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


class Line:
    """The socket of a page, which can be cut; while it is cut, new ones are closed at once."""

    def __init__(self, page: Page) -> None:
        self._page, self._is_cut = page, False
        self._routes: list[WebSocketRoute] = []
        page.context.route_web_socket(re.compile("/ws/chat/"), self._pass_through)

    def _pass_through(self, route: WebSocketRoute) -> None:
        if self._is_cut:
            route.close(code=1001)
            return
        self._routes.append(route)
        route.connect_to_server()

    def drop(self) -> None:
        """The socket breaks; the page may open another one."""
        self._routes[-1].close(code=1001)

    def cut(self, *, offline: bool = False) -> None:
        """No socket until `mend`; with `offline` no request either."""
        self._is_cut = True
        if offline:
            self._page.context.set_offline(True)
        self.drop()

    def mend(self) -> None:
        self._is_cut = False
        self._page.context.set_offline(False)
