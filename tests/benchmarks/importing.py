"""A course of 300 lessons is imported into the school of `make run`, on SQLite, while people log in and read.

What is wanted: no log-in fails, and no page takes longer than two seconds.
"""

import http.cookiejar
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.conftest import family, gone, start, wait_until_started
from tests.services import free_port

BASE = Path(__file__).resolve().parents[2]
LESSONS, MODULES = 300, 20
PAUSE = 2.5  # seconds between two log-ins: the school allows so many a minute from one address
PAGES = ("/", "/courses/", "/courses/python-first-line/", "/search/?q=python")


@dataclass
class Seen:
    """What happened meanwhile."""

    log_ins: list[float] = field(default_factory=list)  # seconds
    pages: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def package_of(lessons: int, folder: Path) -> Path:
    """A package of so many lessons of some 400 words each."""
    text = "<h2>Heading</h2>" + "<p>" + "A sentence of seven words stands here. " * 50 + "</p>"
    keys = [f"l{number}" for number in range(lessons)]
    parts = [keys[start::MODULES] for start in range(MODULES)]
    modules = "".join(
        f"<item identifier='m{n}'><title>Module {n}</title>"
        + "".join(f"<item identifier='i{k}' identifierref='{k}'><title>Lesson {k}</title></item>" for k in part)
        + "</item>"
        for n, part in enumerate(parts)
    )
    resources = "".join(
        f"<resource identifier='{k}' type='webcontent' href='{k}.html'><file href='{k}.html'/></resource>" for k in keys
    )
    path = folder / "course.imscc"
    manifest = (
        "<manifest><metadata><lom><general><title><string>Three hundred</string></title></general></lom></metadata>"
        f"<organizations><organization><item>{modules}</item></organization></organizations>"
        f"<resources>{resources}</resources></manifest>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("imsmanifest.xml", manifest)
        for key in keys:
            archive.writestr(f"{key}.html", f"<html><body>{text}</body></html>")
    return path


def log_in(base: str) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    form = opener.open(f"{base}/accounts/login/", timeout=30).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    data = {"csrfmiddlewaretoken": token[1] if token else "", "login": "student@example.org", "password": "parta-demo"}
    wanted = urllib.request.Request(f"{base}/accounts/login/", urllib.parse.urlencode(data).encode())  # noqa: S310
    wanted.add_header("Referer", f"{base}/accounts/login/")
    answer = opener.open(wanted, timeout=30)
    if not answer.url.endswith("/me/"):
        raise RuntimeError(f"led to {answer.url}")


def meanwhile(base: str, ended: threading.Event, seen: Seen) -> list[threading.Thread]:
    def log_in_again_and_again() -> None:
        while not ended.is_set():
            began = time.perf_counter()
            try:
                log_in(base)
                seen.log_ins.append(time.perf_counter() - began)
            except Exception as error:
                seen.failures.append(f"log-in: {type(error).__name__}: {error}")
            ended.wait(PAUSE)

    def read() -> None:
        while not ended.is_set():
            for path in PAGES:
                began = time.perf_counter()
                try:
                    urllib.request.urlopen(base + path, timeout=30).read()  # noqa: S310
                    seen.pages.append(time.perf_counter() - began)
                except Exception as error:
                    seen.failures.append(f"{path}: {type(error).__name__}: {error}")
                ended.wait(0.1)

    threads = [threading.Thread(target=work, daemon=True) for work in (log_in_again_and_again, read)]
    for thread in threads:
        thread.start()
    return threads


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="parta-importing-") as name:
        folder, port = Path(name), free_port()
        process = start(folder, port)
        try:
            wait_until_started(process, folder)
            seen, ended = Seen(), threading.Event()
            threads = meanwhile(f"http://localhost:{port}", ended, seen)
            env = {**os.environ, "PARTA_DATA": str(folder), "PYTHONPATH": f"{BASE}/site:{BASE}"}
            command = [sys.executable, "manage.py", "import_course", str(package_of(LESSONS, folder)), "--publish"]
            began = time.perf_counter()
            done = subprocess.run(command, cwd=BASE, env=env, check=False, capture_output=True, text=True)
            took = time.perf_counter() - began
            ended.set()
            for thread in threads:
                thread.join(35)
        finally:
            children = family(process)
            process.terminate()
            process.wait(20)
            gone(children)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    print(f"import of {LESSONS} lessons: {took:.0f} s")
    print(f"log-ins: {len(seen.log_ins)}, slowest {max(seen.log_ins):.2f} s")
    print(f"pages: {len(seen.pages)}, slowest {max(seen.pages):.2f} s (limit 2 s)")
    print(f"failed: {len(seen.failures)} {seen.failures[:3]}")


if __name__ == "__main__":
    main()
