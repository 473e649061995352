"""What `make test` runs: every test on PostgreSQL and Redis, and on SQLite what may differ there (`tests/parts.py`).

With `--fast` (`make test-fast`) it runs on SQLite only, without browsers, running servers and the slowest tests.

Installs from Debian's packages what is missing when it may (root on Debian); otherwise says in one
loud line what it leaves out.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

BASE = Path(__file__).resolve().parents[1]
PACKAGES = {
    "chromium": lambda: shutil.which("chromium"),
    "espeak-ng": lambda: shutil.which("espeak-ng"),
    "gettext": lambda: shutil.which("xgettext"),
    "nginx": lambda: shutil.which("nginx"),
    "postgresql": lambda: any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or shutil.which("initdb"),
    "redis-server": lambda: shutil.which("redis-server"),
}


def install_missing() -> list[str]:
    """Install what is missing where that is allowed; returns what is missing still."""
    missing = [name for name, is_there in PACKAGES.items() if not is_there()]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        print(f"Installing from Debian: {', '.join(missing)}", flush=True)
        quiet = {"env": env, "check": False, "stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)  # noqa: PLW1510
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], **quiet)  # noqa: PLW1510
    return [name for name, is_there in PACKAGES.items() if not is_there()]


def pytest(env: dict[str, str], *args: str) -> int:
    workers = str(min(4, os.cpu_count() or 1))  # one more than there are cores was no faster
    command = [sys.executable, "-m", "pytest", "-n", workers, "--dist", "loadgroup", "--durations", "10", *args]
    return subprocess.run(command, cwd=BASE, env=env, check=False).returncode


def main() -> int:
    chosen = sys.argv[1:]
    if "--fast" in chosen:
        chosen.remove("--fast")
        with prepared() as env:
            return pytest(env, "-m", "not browser and not stack and not slow", *chosen)
    missing = install_missing()
    with prepared() as env:
        failed = test_all(env, missing, *chosen)
    for name in {"chromium", "espeak-ng", "gettext", "nginx"} & set(missing):
        print(f"!! LEFT OUT: what needs {name}, which is not installed here.", flush=True)
    return failed


@contextlib.contextmanager
def prepared() -> Iterator[dict[str, str]]:
    """Compile the translations; gives the environment of the tests, with a place for the migrated school."""
    pybabel = [sys.executable, "-m", "babel.messages.frontend", "-q"]
    subprocess.run([*pybabel, "compile", "-D", "django", "-d", "locale"], cwd=BASE, check=True)
    with tempfile.TemporaryDirectory(prefix="parta-tests-") as folder:
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        own = {"PYTHONPATH": f"{BASE}/site:{BASE}", "TEST_TEMPLATE": str(Path(folder) / "template.sqlite3")}
        yield {**kept, **own}


def test_all(env: dict[str, str], missing: list[str], *chosen: str) -> int:
    sys.path.insert(0, str(BASE))
    from tests.services import postgres, redis

    if {"postgresql", "redis-server"} & set(missing):
        print("!! LEFT OUT: the suite on PostgreSQL and Redis, which are not installed here.", flush=True)
        return pytest(env, *chosen)
    print("== PostgreSQL and Redis", flush=True)
    with contextlib.ExitStack() as stack:
        services = {"DATABASE_URL": stack.enter_context(postgres()), "REDIS_URL": stack.enter_context(redis())}
        failed = pytest({**env, **services}, *chosen)
    print("== SQLite and memory: what may differ there", flush=True)
    return pytest({**env, "TESTS_OF": "sqlite"}, *chosen) or failed


if __name__ == "__main__":
    sys.exit(main())
