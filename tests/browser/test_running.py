"""The running school from outside, as `make run` starts it: processes, pages in a real browser, accessibility."""

import contextlib
import http.client
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import (
    MARKS,
    assert_no_rule_of_axe_is_broken,
    family,
    gone,
    page_of,
    start,
    wait_until_started,
)
from tests.services import free_port

LESSON = "/courses/python-first-line/choosing-and-repeating/lists-many-values/"
pytestmark = MARKS


def test_a_busy_port_is_said(school_at: tuple[str, Path, int], tmp_path: Path) -> None:
    second = start(tmp_path, school_at[2])
    assert second.wait(20) == 1
    assert "is in use" in (tmp_path / "run.log").read_text()


def test_storage_is_not_on_the_web(school_at: tuple[str, Path, int]) -> None:
    _base, folder, port = school_at
    files = [p for p in (folder / "media").rglob("*") if p.is_file()]
    assert len(files) > 8
    connection = http.client.HTTPConnection("localhost", port)
    for path in [*files[:6], folder / "db.sqlite3"]:
        name = path.relative_to(folder)
        for url in (f"/media/{name}", f"/{name}", f"/stored/{str(name).removeprefix('media/')}", f"/static/../{name}"):
            connection.request("GET", url)
            response = connection.getresponse()
            response.read()
            assert response.status in {404, 400, 301}, url


def test_newcomer_enrols_reads_leaves_and_comes_back(school_at: tuple[str, Path, int], browser: Browser) -> None:
    with page_of(browser, school_at[0], "newcomer@example.org") as page:
        page.goto(LESSON)
        assert page.get_by_text("This lesson is not open to you yet.").is_visible()
        page.get_by_role("button", name="Enrol", exact=True).click()
        page.get_by_role("link", name="Start").click()
        assert page.get_by_role("heading", level=1).inner_text() == "First words"  # the module introduces itself
        page.get_by_role("link", name="First lesson").click()
        assert page.get_by_role("heading", level=1).inner_text() == "One line that works"
        page.get_by_role("button", name="Done, next lesson").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Names for values"
        with page.expect_response("**/position/"):
            page.keyboard.press("j")
        page.wait_for_url("**/text-numbers-question/")
        page.wait_for_timeout(300)
        page.goto("/me/")
        page.get_by_role("link", name=re.compile("Continue.*Python from the first line")).click()
        page.wait_for_url("**/text-numbers-question/")
        page.goto("/courses/python-first-line/")
        page.get_by_text("Leave the course").click()
        page.get_by_role("button", name="Yes, leave").click()
        assert page.get_by_text("Your progress is kept, should you come back.").is_visible()
        page.get_by_role("button", name="Come back").click()
        assert page.get_by_text("1 of 9").first.is_visible()


def test_all_of_it_works_without_javascript(school_at: tuple[str, Path, int], browser: Browser) -> None:
    with page_of(browser, school_at[0], "student2@example.org", java_script_enabled=False) as page:
        page.goto("/courses/kak-uchitsya/")
        page.get_by_role("button", name="Enrol", exact=True).click()
        page.get_by_role("link", name="Start").click()
        page.get_by_role("link", name="First lesson").click()
        page.get_by_role("button", name="Done, next lesson").click()
        page.locator("footer").get_by_role("button", name="Русский").click()
        assert (
            page.get_by_role("button", name="Пройдено").is_visible() or page.locator("[data-done] button").is_visible()
        )
        assert page.locator("html").get_attribute("lang") == "ru"
        page.goto("/courses/kak-uchitsya/")
        page.locator(".course-side summary").click()
        page.locator(".course-side form button").click()
        assert page.locator(".message-success").is_visible()


def test_keys_and_reading_place(school_at: tuple[str, Path, int], browser: Browser) -> None:
    with page_of(browser, school_at[0], "student@example.org") as page:
        page.goto(LESSON)
        page.keyboard.press("?")
        assert page.get_by_role("dialog").is_visible()
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        page.keyboard.press("k")
        page.wait_for_url("**/if-otherwise/", wait_until="commit")
        page.goto(LESSON)
        page.wait_for_timeout(2500)  # opened and not moved: no place in it is told
        with page.expect_response(lambda r: r.url.endswith("/position/") and r.status == 204) as told:
            page.mouse.wheel(0, 1500)
        assert re.search(r'name="block"\s+[0-9a-f-]{36}', told.value.request.post_data or "")
        page.goto("/me/")
        page.get_by_role("link", name=re.compile("Continue.*Python from the first line")).click()
        page.wait_for_url(re.compile(re.escape(LESSON) + "#b-"))
        page.get_by_text("You stopped here").wait_for()


PAGES = ["/", "/courses/", "/courses/reading-a-map/", "/search/?q=map", "/accounts/login/", "/accounts/signup/"]
OWN = ["/me/", "/me/profile/", LESSON, "/courses/python-first-line/", "/accounts/2fa/", "/accounts/sessions/"]


@pytest.mark.parametrize(
    ("email", "paths"), [("", PAGES), ("student@example.org", OWN), ("admin@example.org", ["/styleguide/"])]
)
def test_no_rule_of_axe_is_broken(
    school_at: tuple[str, Path, int], browser: Browser, email: str, paths: list[str]
) -> None:
    """On a phone's and a desk's width, in both themes; and nothing scrolls sideways."""
    with page_of(browser, school_at[0], email) as page:
        assert_no_rule_of_axe_is_broken(page, paths)


@pytest.mark.parametrize(
    ("path", "email"),
    [
        ("/", ""),
        ("/courses/", ""),
        (LESSON, "student@example.org"),
        ("/me/", "student@example.org"),
        ("a room", "student@example.org"),
    ],
)
def test_pages_are_light(school_at: tuple[str, Path, int], browser: Browser, path: str, email: str) -> None:
    with page_of(browser, school_at[0], email, viewport={"width": 390, "height": 844}) as page:
        if path == "a room":
            page.goto("/chat/")
            path = str(page.get_by_role("link", name="Autumn").get_attribute("href"))
        client = page.context.new_cdp_session(page)
        client.send("Network.enable")
        client.send("Network.setCacheDisabled", {"cacheDisabled": True})
        sizes: list[float] = []
        asked: dict[str, str] = {}
        addresses: dict[str, str] = {}
        urls: list[str] = []

        def begun(event: dict[str, Any]) -> None:
            asked[event["requestId"]] = event["documentURL"]
            addresses[event["requestId"]] = event["request"]["url"]

        client.on("Network.requestWillBeSent", begun)

        def finished(event: dict[str, Any]) -> None:
            # what the page before had still under way is not this page's
            if asked.get(event["requestId"], "").endswith(path) and not addresses[event["requestId"]].startswith(
                "data:"
            ):
                sizes.append(event["encodedDataLength"])
                urls.append(addresses[event["requestId"]])

        client.on("Network.loadingFinished", finished)
        page.goto(path, wait_until="networkidle")
        assert sizes
        assert sum(sizes) <= 200 * 1024, sum(sizes)
        # beside the favicon, which is asked for once, the pictures of whoever speaks (three with the demo's talk), and
        # older messages, which come when one reads near the top; one font more where someone wrote in Russian
        counted = [url for url in urls if not any(part in url for part in ("favicon", "/people/", "/history?"))]
        assert len(counted) <= (13 if path.startswith("/chat/") else 15), "\n".join(sorted(urls))


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": f"localhost:{port}"})
    return connection.getresponse().status


def is_school(process: psutil.Process, folder: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        return "site/deploy/run.py" in process.cmdline() and process.environ().get("PARTA_DATA") == str(folder)
    return False


def parts(folder: Path, port: int) -> dict[str, psutil.Process]:
    """The running parts of the school on this port, by name."""
    marks = {"worker": "work", "clock": "run_ticks", "sockets": "daphne", "web": "gunicorn", "front": str(port)}
    schools = [process for process in psutil.process_iter() if is_school(process, folder)]
    # a child that has not yet become another program still has the name and the environment of its parent
    school = min(schools, key=lambda process: process.create_time())
    found = {}
    for child in school.children():
        with contextlib.suppress(psutil.Error):
            line = child.cmdline()
            found.update({name: child for name, word in marks.items() if word in line})
    return found


def test_a_part_that_dies_is_started_again(school_at: tuple[str, Path, int]) -> None:
    _base, folder, port = school_at
    before = parts(folder, port)
    assert set(before) == {"worker", "clock", "sockets", "web", "front"}
    for process in before.values():
        process.kill()
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if len(parts(folder, port)) == len(before) and status_of(port, "/courses/") == 200:
                break
        time.sleep(0.3)
    after = parts(folder, port)
    assert set(after) == set(before)
    assert all(after[name].pid != before[name].pid for name in before)
    assert status_of(port, "/courses/") == 200
    said = (folder / "run.log").read_text()
    assert all(f"{name} has ended" in said for name in before)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_behind(school_at: tuple[str, Path, int], tmp_path: Path, signal_number: int) -> None:
    """Started on the data of the running school's copy, so that there is nothing to prepare."""
    _base, folder, _port = school_at
    for name in ("db.sqlite3", "prepared"):
        shutil.copy(folder / name, tmp_path / name)
    shutil.copytree(folder / "static", tmp_path / "static")
    process = start(tmp_path, free_port())
    began = time.monotonic()
    wait_until_started(process, tmp_path, 60)
    children = family(process)
    assert len(children) >= 3
    assert time.monotonic() - began < 20
    process.send_signal(signal_number)
    process.wait(20)
    assert gone(children)


def test_the_reader_by_keyboard(school_at: tuple[str, Path, int], browser: Browser) -> None:
    """First Tab is the skip link, D stays, J goes on, menus close behind the focus, / opens the search."""
    with page_of(browser, school_at[0], "student@example.org", viewport={"width": 1280, "height": 800}) as page:
        page.goto("/courses/python-first-line/")
        lesson = str(page.locator(".thread a").nth(5).get_attribute("href"))
        page.goto(lesson)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("/")
        expect(page.locator("[data-search-dialog]")).to_be_visible()
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("d")
        page.wait_for_load_state()
        assert page.url.endswith(lesson)
        expect(page.locator('[data-done] [name="done"][value="0"]')).to_be_visible()
        page.keyboard.press("d")
        expect(page.locator('[data-done] [name="done"][value="1"]')).to_be_visible()
        menu = page.locator("header details[data-menu]")
        menu.locator("summary").click()
        expect(menu).to_have_attribute("open", "")
        page.locator("main h1").evaluate("el => { el.tabIndex = -1; el.focus(); }")
        expect(menu).not_to_have_attribute("open", "")
        following = page.locator("[data-next]").get_attribute("href")
        page.keyboard.press("j")
        page.wait_for_url(f"**{following}")


def test_code_is_copied_and_pictures_open_large(school_at: tuple[str, Path, int], browser: Browser) -> None:
    with page_of(browser, school_at[0], permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto("/courses/python-first-line/")
        page.get_by_role("link", name="One line that works").click()
        page.locator("[data-copy]").first.click()
        expect(page.locator("[data-copy]").first).to_have_text("Copied")
        assert "print" in page.evaluate("navigator.clipboard.readText()")
    with page_of(browser, school_at[0], "student@example.org") as page:
        page.goto("/courses/python-first-line/")
        page.get_by_role("link", name="Names for values").click()
        page.locator("[data-enlarge]").first.click()
        expect(page.locator("dialog.enlarged img")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("dialog.enlarged")).to_have_count(0)


def test_pages_move_little_while_their_fonts_come(school_at: tuple[str, Path, int], browser: Browser) -> None:
    """Cumulative layout shift on a phone and on a desk, without a cache; the budget of the look is .02."""
    for path in ("/", "/courses/", "/courses/python-first-line/", "/courses/kak-uchitsya/"):
        for viewport in ({"width": 390, "height": 844}, {"width": 1280, "height": 900}):
            with page_of(browser, school_at[0], viewport=viewport) as page:
                page.add_init_script(
                    "window.moved = 0; new PerformanceObserver(list => { for (const entry of list.getEntries())"
                    " if (!entry.hadRecentInput) window.moved += entry.value; })"
                    ".observe({ type: 'layout-shift', buffered: true });"
                )
                page.goto(path)
                page.wait_for_timeout(700)
                assert page.evaluate("window.moved") <= 0.02, (path, viewport)


def test_the_access_log_keeps_no_key(school_at: tuple[str, Path, int]) -> None:
    paths = (
        "/accounts/password/reset/key/1-secretkey123/",
        "/accounts/confirm-email/secretkey123/?next=/",
        "/letters/stop/secretkey123/",
    )
    for path in paths:
        connection = http.client.HTTPConnection("127.0.0.1", school_at[2], timeout=20)
        connection.request("GET", path, headers={"Referer": f"http://localhost{path}"})
        connection.getresponse().read()
    logs = "".join(log.read_text() for log in school_at[1].rglob("*.log"))
    assert "/accounts/password/reset/key/…/" in logs
    assert "secretkey123" not in logs


def test_a_kept_connection_is_answered_after_a_pause(school_at: tuple[str, Path, int]) -> None:
    """Browsers go on with a connection after seconds of reading; gunicorn closes it after two unless told otherwise."""
    connection = http.client.HTTPConnection("127.0.0.1", school_at[2], timeout=20)
    for _ in range(2):
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        kept = connection.sock
        time.sleep(4)
    connection.request("GET", "/healthz")
    assert connection.sock is kept
    assert connection.getresponse().status == 200
