"""The running school and a browser, shared by all tests of this folder; these stay with one worker of the run."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.services import free_port
from tests.template import lay_school

BASE = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run",
         # a microphone that hears a tone
         "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # fmt: skip
STARTED = "Parta is at"
ALL_RULES: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS: dict[str, Any] = {**ALL_RULES, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
MARKS = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium; `make test` says so loudly"),
]


def start(folder: Path, port: int) -> subprocess.Popen[str]:
    kept = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}}
    env = {**kept, "PORT": str(port), "PARTA_DATA": str(folder), "PYTHONUNBUFFERED": "1"}
    log = (folder / "run.log").open("a+")
    return subprocess.Popen(
        [sys.executable, "site/deploy/run.py"], cwd=BASE, env=env, stdout=log, stderr=log, text=True
    )


def wait_until_started(process: subprocess.Popen[str], folder: Path, seconds: float = 150) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if STARTED in (folder / "run.log").read_text():
            return
        time.sleep(0.2)
    raise AssertionError((folder / "run.log").read_text()[-3000:])


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def gone(processes: list[psutil.Process], seconds: float = 15) -> bool:
    _gone, alive = psutil.wait_procs(processes, timeout=seconds)
    return not [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="package")
def school_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, int]]:
    folder, port = tmp_path_factory.mktemp("running"), free_port()
    lay_school(folder)
    process = start(folder, port)
    try:
        wait_until_started(process, folder)
        yield f"http://localhost:{port}", folder, port
    finally:
        children = family(process) if process.poll() is None else []
        process.send_signal(signal.SIGINT)
        process.wait(20)
        assert gone(children)


# of this folder alone: while Playwright's loop is open, Django keeps other tests from their database
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def assert_no_rule_of_axe_is_broken(page: Page, paths: Iterable[str]) -> None:
    """On a phone's and a desk's width, in both themes, with all that folds unfolded; and nothing scrolls sideways."""
    axe = Axe()
    for path in paths:
        page.goto(path)
        for opened in page.locator("main details").all():
            opened.evaluate("element => element.open = true")
        for width, theme in itertools.product((390, 1280), ("light", "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            # without motion: a colour on its way to the other theme is neither
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            # a theme changes colours and nothing else
            result = axe.run(page, options=ALL_RULES if theme == "light" else COLOURS)
            broken = [(v["id"], v["nodes"][0]["html"][:160]) for v in result.response["violations"]]
            assert broken == [], (path, width, theme, broken)
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{path} scrolls sideways at {width}"


# the session of each person, as the cookies that bear it: logging in takes longer than most pages
_sessions: dict[tuple[str, str], list[Any]] = {}


def _log_in(page: Page, base: str, email: str) -> None:
    """Go to the dashboard; through the form of logging in where this person has no session, or it has ended."""
    page.goto("/me/")
    if "/accounts/login/" in page.url:
        page.fill("[name=login]", email)
        page.fill("[name=password]", "parta-demo")
        page.click("main button[type=submit]")
        page.wait_for_url("**/me/")
    cookies = page.context.cookies()
    _sessions[base, email] = [cookie for cookie in cookies if cookie["name"] == "sessionid"]


@contextlib.contextmanager
def page_of(browser: Browser, base: str, email: str = "", *, expected: str = "", **options: Any) -> Iterator[Page]:
    """A page whose console must stay empty, but for what is expected, and that asks no other host for anything."""
    context = browser.new_context(base_url=base, **{"locale": "en", **options})
    context.add_cookies(_sessions.get((base, email), []))
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" and "status of 4" not in m.text else None)
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith((base, "data:", "blob:")) else problems.append(r.url))
    if email:
        _log_in(page, base, email)
    yield page
    said = list(problems)
    # Chromium has kept `close` waiting for ever where a page was still on its way to another
    with contextlib.suppress(PlaywrightError):
        page.goto("about:blank", timeout=10_000)
    context.close()
    assert [problem for problem in said if not expected or expected not in problem] == []


def run_in_school(school_at: tuple[str, Path, int], code: str, **more: str) -> None:
    """Run this code in the database of the running school, with more variables of the environment."""
    env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}}
    env |= {"PARTA_DATA": str(school_at[1]), "PYTHONPATH": f"{BASE}/site:{BASE}", **more}
    subprocess.run([sys.executable, str(BASE / "manage.py"), "shell", "-v0", "-c", code], env=env, check=True)
