"""`make bench`: CPU time of the pages that students open most, beside a floor and beside a tutorial's Wagtail.

CPU milliseconds per request of all server processes together (gunicorn, PostgreSQL, Redis), taken
in one run, in interleaved rounds. The result is printed as the table of `docs/performance.md`.
"""

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from tests.benchmarks import running
from tests.services import free_port, postgres, postgres_bin, redis, wait_for_port

BASE = Path(__file__).resolve().parents[1]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "60"))  # in each round
SCHOOL = os.environ.get("BENCH_SCHOOL", "courses=1000, people=20000, enrollments=200000")
GENERATE = f"from tests.benchmarks.generate_school import generate_school; print(generate_school({SCHOOL}))"
CHOSEN = os.environ.get("BENCH", "pages room tutoring words running race importing chat").split()
WARM = 12
WORKERS = 2


@dataclass
class Server:
    """A gunicorn with two workers, and a student's session in it."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    session: str
    shared: list[int]  # database and cache, whose CPU counts too

    def cpu(self) -> float:
        """CPU milliseconds so far of the server's processes and of the shared ones."""
        total = 0.0
        for pid in [self.process.pid, *self.shared]:
            with contextlib.suppress(psutil.NoSuchProcess):
                root = psutil.Process(pid)
                for process in [root, *root.children(recursive=True)]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        times = process.cpu_times()
                        total += times.user + times.system
        return total * 1000

    def get(self, path: str, count: int) -> int:
        """Ask `count` times on one connection; returns the size of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {"Cookie": f"sessionid={self.session}", "Accept-Language": "en", "Host": "127.0.0.1"}
        size = 0
        for _ in range(count):
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            size = len(response.read())
            if response.status != 200:
                raise RuntimeError(f"{self.name} {path}: {response.status}")
        connection.close()
        return size


@dataclass
class Subject:
    """One page of one server, with what was measured of it."""

    label: str
    server: Server
    path: str
    samples: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


def run_python(env: dict[str, str], *args: str) -> str:
    command = [sys.executable, *args]
    return subprocess.run(command, env=env, cwd=BASE, check=True, stdout=subprocess.PIPE, text=True).stdout


@contextlib.contextmanager
def gunicorn(  # noqa: PLR0917
    name: str,
    env: dict[str, str],
    application: str,
    session: str,
    shared: list[int],
    workers: int = WORKERS,
    threads: int = 2,
) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
    command += ["--no-control-socket", "--log-level", "error", "--timeout", "120", "--worker-class", "gthread"]
    command += ["--threads", str(threads)]
    process = subprocess.Popen(command, env=env, cwd=BASE)
    try:
        wait_for_port(port)
        yield Server(name, port, process, session, shared)
    finally:
        process.terminate()
        process.wait(20)


def measure(subjects: list[Subject]) -> None:
    for subject in subjects:
        subject.server.get(subject.path, WARM)
    for _round in range(ROUNDS):
        for subject in subjects:
            before = subject.server.cpu()
            subject.server.get(subject.path, REQUESTS)
            time.sleep(0.05)
            subject.samples.append((subject.server.cpu() - before) / REQUESTS)


def listening_pid(url: str) -> int:
    port = int(url.rsplit(":", 1)[1].split("/", maxsplit=1)[0])
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            return connection.pid
    raise RuntimeError(f"Nobody listens on {port}.")


def databases(url: str) -> dict[str, str]:
    """One database for each of the three on the same server."""
    import psycopg

    base = url.rsplit("/", 1)[0]
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("parta", "floor", "tutorial"):
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return {name: f"{base}/{name}" for name in ("parta", "floor", "tutorial")}


def last_json(output: str) -> dict[str, str]:
    return json.loads(output.strip().splitlines()[-1])


def main() -> None:
    folder = tempfile.mkdtemp(prefix="parta-bench-")
    with contextlib.ExitStack() as stack:
        server_url = stack.enter_context(postgres(shared_buffers="256MB"))
        cache_url = stack.enter_context(redis())
        urls = databases(server_url)
        common = {
            **os.environ,
            "PYTHONPATH": f"{BASE}/site:{BASE}",
            "PARTA_DATA": folder,
            "TUTORIAL_MEDIA": folder,
            "LOG_LEVEL": "ERROR",
        }
        parta = {**common, "DATABASE_URL": urls["parta"], "REDIS_URL": cache_url,
                 "DJANGO_SETTINGS_MODULE": "config.settings"}  # fmt: skip
        floor = {**common, "DATABASE_URL": urls["floor"], "DJANGO_SETTINGS_MODULE": "tests.benchmarks.floor"}
        tutorial = {**common, "DATABASE_URL": urls["tutorial"], "REDIS_URL": cache_url,
                    "DJANGO_SETTINGS_MODULE": "tests.benchmarks.tutorial.settings"}  # fmt: skip
        run_python(parta, "manage.py", "migrate", "-v0")
        started = time.monotonic()
        print(run_python(parta, "manage.py", "shell", "-v0", "-c", GENERATE).strip())
        print(f"generate_school: {time.monotonic() - started:.0f} s", flush=True)
        facts = last_json(run_python(parta, "manage.py", "shell", "-v0", "-c", "import tests.benchmarks.prepare_parta"))
        floor_facts = last_json(run_python(floor, "-m", "tests.benchmarks.prepare_floor"))
        tutorial_facts = last_json(run_python(tutorial, "-m", "tests.benchmarks.prepare_tutorial"))
        pids = [listening_pid(server_url), listening_pid(cache_url)]
        servers = [
            stack.enter_context(gunicorn("parta", parta, "config.wsgi", facts["session"], pids)),
            stack.enter_context(
                gunicorn("floor", floor, "django.core.wsgi:get_wsgi_application()", floor_facts["session"], pids)
            ),
            stack.enter_context(
                gunicorn(
                    "tutorial", tutorial, "django.core.wsgi:get_wsgi_application()", tutorial_facts["session"], pids
                )
            ),
        ]
        if "pages" in CHOSEN:
            report(servers, facts, tutorial_facts)
        if "room" in CHOSEN:
            room(servers[0], parta, facts)
        if "tutoring" in CHOSEN:
            private_lessons(servers[0], servers[1], parta)
        if "words" in CHOSEN:
            dictionary(servers[0], servers[1], parta)
        if "running" in CHOSEN:
            staff = running.Staff(servers[0].port, facts["admin_session"])
            running.lists(servers[0], facts["admin_session"], facts)
            running.bulk(staff, facts)
            running.export(servers[0], staff, facts)
            running.import_table(parta, staff, facts)
        if "race" in CHOSEN:
            with gunicorn("race", parta, "config.wsgi", "", pids, threads=16) as server:
                running.race(parta, server.port, "PostgreSQL")
    if "race" in CHOSEN:
        running.race_on_sqlite(gunicorn)
    if "importing" in CHOSEN:
        from tests.benchmarks.importing import main as import_beside_people  # which needs what the browser tests need

        import_beside_people()
    if "chat" in CHOSEN:
        from tests.benchmarks.chat.bench import main as chat_beside_others  # which reads this module

        chat_beside_others()


def room(school: Server, env: dict[str, str], facts: dict[str, str]) -> None:
    """What a page of a very long room costs: the newest messages, some in the middle, a search."""
    env = {**env, "BENCH_ENROLLMENT": str(facts["enrollment"])}
    made = run_python(env, "manage.py", "shell", "-v0", "-c", "import tests.benchmarks.prepare_room")
    path = last_json(made)["room"]
    pages = {
        "newest": path,
        "in the middle": f"{path}?at=50000",
        "search": f"/chat/search/?q=neither&room={path.split('/')[2]}",
    }
    subjects = [Subject(label, school, page) for label, page in pages.items()]
    measure(subjects)
    print("\n| room of 100,000 messages | bytes | CPU ms (limit 100) |\n|---|---|---|")
    for subject in subjects:
        print(f"| {subject.label} | {school.get(subject.path, 1)} | {subject.median:.1f} |")


def private_lessons(school: Server, floor: Server, env: dict[str, str]) -> None:
    """A teacher's week and a student's day, beside the same in a school of 100,000 lessons; rules and a statement.

    The large school is a copy of the small one with more rows, on a server of its own: both are measured in the same
    rounds.
    """
    prepare = ("manage.py", "shell", "-v0", "-c", "import tests.benchmarks.prepare_tutoring")
    facts = last_json(run_python(env, *prepare))
    many = {**env, "DATABASE_URL": copied_database(env["DATABASE_URL"], "large")}
    timed = json.loads(
        run_python({**many, "BENCH_OTHERS": "1", "BENCH_ACCOUNT": str(facts["account"])}, *prepare).splitlines()[-1]
    )
    vacuum(env["DATABASE_URL"])
    vacuum(many["DATABASE_URL"])
    pages = {"a teacher's week of 40 lessons": ("teacher", "/calendar/"), "a student's Today": ("student", "/me/")}
    with gunicorn("large", many, "config.wsgi", "", school.shared) as large:
        rows: dict[str, list[Subject]] = {}
        for label, (who, path) in pages.items():
            session = facts[f"{who}_session"]
            own = [replace(server, session=session) for server in (school, large)]
            size = own[0].get(path, 2)
            rows[label] = [*(Subject(label, server, path) for server in own), Subject(label, floor, f"/?bytes={size}")]
        measure([subject for row in rows.values() for subject in row])
    print("\n| private lessons | CPU ms | floor | × floor | with 100,000 lessons | change |\n|---|---|---|---|---|---|")
    for label, (small, among_many, base) in rows.items():
        times = f"{small.median:.1f} | {base.median:.1f} | {small.median / base.median:.2f} | {among_many.median:.1f}"
        print(f"| {label} | {times} | {among_many.median / small.median - 1:+.0%} |")
    print(f"\n5 lessons a week for 52 weeks: {statistics.median(timed['rules']):.2f} s (limit 0.5)")
    print(f"a statement of 500 lines: {statistics.median(timed['statement']):.0f} ms CPU (limit 100)")


def dictionary(school: Server, floor: Server, env: dict[str, str]) -> None:
    """The dictionary and reviews, with as many rows as a large school has after years."""
    from tests.benchmarks.vocabulary import words

    started = time.monotonic()
    made = run_python(env, "manage.py", "shell", "-v0", "-c", "import tests.benchmarks.prepare_vocabulary")
    vacuum(env["DATABASE_URL"])
    print(f"\nwords, cards and reviews made: {time.monotonic() - started:.0f} s", flush=True)
    for line in words(school, floor, last_json(made), ROUNDS, REQUESTS):
        print(line, flush=True)


def copied_database(url: str, name: str) -> str:
    """Copy a database that is in use; returns the address of the copy."""
    import psycopg

    programs = postgres_bin()
    assert programs is not None
    copy = f"{url.rsplit('/', 1)[0]}/{name}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    dumped = subprocess.run([programs / "pg_dump", url], check=True, stdout=subprocess.PIPE)
    read = [programs / "psql", "--quiet", "--set", "ON_ERROR_STOP=1", copy]
    subprocess.run(read, check=True, input=dumped.stdout, stdout=subprocess.DEVNULL)
    return copy


def vacuum(url: str) -> None:
    """Do now what PostgreSQL would do by itself while pages are measured."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def report(servers: list[Server], facts: dict[str, str], tutorial_facts: dict[str, str]) -> None:
    school, floor, tutorial = servers
    pages = {"lesson": facts["lesson"], "course page": facts["course"], "catalogue": "/courses/", "dashboard": "/me/"}
    subjects, floors, sizes = {}, {}, {}
    for label, path in pages.items():
        sizes[label] = school.get(path, 2)
        subjects[label] = Subject(label, school, path)
        floors[label] = Subject(f"floor of the {label}", floor, f"/?bytes={sizes[label]}")
    naive = Subject("tutorial's lesson", tutorial, tutorial_facts["lesson"])
    measure([*subjects.values(), *floors.values(), naive])
    print(f"\n{ROUNDS} rounds of {REQUESTS} requests; median of the rounds\n")
    print("| page | bytes | CPU ms | floor | × floor |\n|---|---|---|---|---|")
    for label, subject in subjects.items():
        own, base = subject.median, floors[label].median
        print(f"| {label} | {sizes[label]} | {own:.1f} | {base:.1f} | {own / base:.2f} |")
    share = subjects["lesson"].median / naive.median
    print(f"| the tutorial's lesson | {naive.server.get(naive.path, 1)} | {naive.median:.1f} | | |")
    print(f"\nlesson / tutorial's lesson: {share:.2f} (limit 0.25)")


if __name__ == "__main__":
    main()
