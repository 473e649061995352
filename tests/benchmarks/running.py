"""What it costs to run the school: long lists, bulk changes, import, export, and the last seat."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

BASE = Path(__file__).resolve().parents[2]
ROWS = int(os.environ.get("BENCH_IMPORT_ROWS", "10000"))
REQUESTS = 10
TOKEN = "x" * 32
MIB = 1024 * 1024


class Staff:
    """An administrator with a session, on one connection at a time."""

    def __init__(self, port: int, session: str) -> None:
        self.port = port
        self.headers = {
            "Cookie": f"sessionid={session}; csrftoken={TOKEN}",
            "Host": "127.0.0.1",
            "Accept-Language": "en",
        }

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/x-www-form-urlencoded") -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request(method, path, body, {**self.headers, "Content-Type": kind})
        response = connection.getresponse()
        response.body = response.read()  # type: ignore[attr-defined]
        connection.close()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {response.body[:500]!r}")  # type: ignore[attr-defined]
        return response

    def post(self, path: str, **data: Any) -> Any:
        return self.ask("POST", path, urlencode({"csrfmiddlewaretoken": TOKEN, **data}, doseq=True))

    def upload(self, path: str, name: str, content: bytes, **data: Any) -> Any:
        mark = "------------------------parta"
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in {"csrfmiddlewaretoken": TOKEN, **data}.items()
        ]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        parts.append(f"{head}Content-Type: text/csv\r\n\r\n".encode() + content + f"\r\n--{mark}--\r\n".encode())
        return self.ask("POST", path, b"".join(parts), f"multipart/form-data; boundary={mark}")


@contextmanager
def highest_memory(pid: int) -> Iterator[dict[str, float]]:
    """Resident MiB of a process and its children: before, and the highest while it lasts."""
    root = psutil.Process(pid)

    def now() -> float:
        total = 0
        for process in [root, *root.children(recursive=True)]:
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total / MIB

    found = {"before": now(), "highest": now()}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            found["highest"] = max(found["highest"], now())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()


def lists(server: Any, session: str, facts: dict[str, Any]) -> None:
    """CPU of the pages that staff open with the largest course."""
    course, group, student = facts["course_id"], facts["group_id"], facts["student_id"]
    pages = {
        "enrolments": "/cms/enrollment/enrollment/",
        "enrolments of the course, filtered": f"/cms/enrollment/enrollment/?course={course}&status=active&seen=not7",
        "enrolments, searched": f"/cms/enrollment/enrollment/?course={course}&q=person+1",
        "students of the course": f"/teaching/courses/{course}/",
        "students, by progress, page 100": f"/teaching/courses/{course}/?order=-progress&page=100",
        "students of a group, not seen": f"/teaching/courses/{course}/?group={group}&seen=not7",
        "heat strip": f"/teaching/courses/{course}/strip/",
        "study groups": f"/teaching/courses/{course}/groups/",
        "letter": f"/teaching/courses/{course}/letter/",
        "one student": f"/teaching/students/{student}/",
        "audit log": "/cms/audit/",
        "jobs": "/cms/jobs/",
    }
    kept, server.session = server.session, session
    print("\n| page | bytes | CPU ms (limit 400) |\n|---|---|---|")
    for label, path in pages.items():
        size = server.get(path, 2)
        samples = []
        for _round in range(3):
            before = server.cpu()
            server.get(path, REQUESTS)
            samples.append((server.cpu() - before) / REQUESTS)
        print(f"| {label} | {size} | {sorted(samples)[1]:.0f} |", flush=True)
    server.session = kept


def bulk(staff: Staff, facts: dict[str, Any]) -> None:
    """Pause all active students of a group, and resume them: “all of the list” of the CMS."""
    count = facts["group_active"]
    for verb, status in (("pause", "active"), ("resume", "paused")):
        listing = "/cms/enrollment/enrollment/?" + urlencode(
            {"course": facts["course_id"], "group": facts["group_id"], "status": status}
        )
        query = urlencode({"id": "all", "next": listing})
        started = time.monotonic()
        staff.post(f"/cms/bulk/enrollment/enrollment/{verb}/?{query}", reason="Measured")
        seconds = time.monotonic() - started
        print(
            f"bulk {verb} of {count}: {seconds:.1f} s, {1000 * seconds / count:.1f} s per 1,000 (limit 10)", flush=True
        )


def export(server: Any, staff: Staff, facts: dict[str, Any]) -> None:
    for kind in ("csv", "xlsx"):
        connection = http.client.HTTPConnection("127.0.0.1", staff.port, timeout=300)
        with highest_memory(server.process.pid) as memory:
            started = time.monotonic()
            connection.request("GET", f"/teaching/courses/{facts['course_id']}/?export={kind}", headers=staff.headers)
            response = connection.getresponse()
            first = response.read(1000)
            to_first = time.monotonic() - started
            size = len(first)
            while chunk := response.read(1 << 16):
                size += len(chunk)
            whole = time.monotonic() - started
        connection.close()
        grown = memory["highest"] - memory["before"]
        print(
            f"export {kind}: {size} bytes, first byte after {to_first:.2f} s, whole {whole:.1f} s, +{grown:.0f} MiB",
            flush=True,
        )


def import_table(env: dict[str, str], staff: Staff, facts: dict[str, Any]) -> None:
    """Half of the rows are people of the school who are not in the course, half are unknown."""
    emails = facts["outsiders"][: ROWS // 2]
    emails += [f"guest{n}@import.example.org" for n in range(ROWS - len(emails))]
    content = ("email\n" + "\n".join(emails)).encode()
    environment = {**env, "EMAIL_URL": "dummymail://"}
    worker = subprocess.Popen([sys.executable, "manage.py", "work"], cwd=BASE, env=environment)
    try:
        time.sleep(6)
        page = staff.upload("/cms/import/", "people.csv", content, course=facts["second_course_id"])
        run = page.headers["Location"].split("/")[3]
        with highest_memory(worker.pid) as memory:
            for label, path, data in (
                ("check", f"/cms/import/{run}/columns/", {"email": "0"}),
                ("carry out", f"/cms/import/{run}/start/", {}),
            ):
                started = time.monotonic()
                staff.post(path, **data)
                while b'http-equiv="refresh"' in staff.ask("GET", f"/cms/import/{run}/").body:
                    time.sleep(0.2)
                print(
                    f"import of {len(emails)} rows, {label}: {time.monotonic() - started:.1f} s (limit 120)", flush=True
                )
        grown = memory["highest"] - memory["before"]
        print(f"memory of the worker: {memory['before']:.0f} MiB idle, +{grown:.0f} MiB (limit 150)", flush=True)
    finally:
        worker.terminate()
        worker.wait(60)


def race(env: dict[str, str], port: int, label: str) -> None:
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", "import tests.benchmarks.race"]
    environment = {**env, "RACE_PORT": str(port)}
    output = subprocess.run(command, env=environment, cwd=BASE, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads(output.strip().splitlines()[-1])
    print(f"last seat on {label}: {found['exact']} of {found['of']} with {found['crowd']} at once; {found['answers']}")


def race_on_sqlite(gunicorn: Any) -> None:
    """The same with what `make run` starts: SQLite, one process."""
    with tempfile.TemporaryDirectory(prefix="parta-bench-") as folder:
        env = {**os.environ, "PYTHONPATH": f"{BASE}/site:{BASE}", "PARTA_DATA": folder, "LOG_LEVEL": "ERROR"}
        env["DJANGO_SETTINGS_MODULE"] = "config.settings"
        for name in ("DATABASE_URL", "REDIS_URL"):
            env.pop(name, None)
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=env, cwd=BASE, check=True)
        with gunicorn("sqlite", env, "config.wsgi", "", [], workers=1, threads=12) as server:
            race(env, server.port, "SQLite")
