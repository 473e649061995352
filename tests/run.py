"""What `make test` runs: every test on SQLite, then again on PostgreSQL and Redis, but for a few (`tests/once.py`).

Installs from Debian's packages what is missing when it may (root on Debian); otherwise says in one
loud line what it leaves out.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

BASE = Path(__file__).resolve().parents[1]
PACKAGES = {
    "chromium": lambda: shutil.which("chromium"),
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
    workers = str(min(4, os.cpu_count() or 1))
    command = [sys.executable, "-m", "pytest", "-n", workers, "--dist", "loadgroup", "--durations", "10", *args]
    return subprocess.run(command, cwd=BASE, env=env, check=False).returncode


def main() -> int:
    missing = install_missing()
    sys.path.insert(0, str(BASE))
    from tests.services import postgres, redis

    compile_translations = [
        sys.executable,
        "-m",
        "babel.messages.frontend",
        "-q",
        "compile",
        "-D",
        "django",
        "-d",
        "locale",
    ]
    subprocess.run(compile_translations, cwd=BASE, check=True)
    env = {**os.environ, "PYTHONPATH": f"{BASE}/site:{BASE}"}
    env.pop("DATABASE_URL", None)
    env.pop("REDIS_URL", None)
    chosen = sys.argv[1:]
    print("== SQLite and memory", flush=True)
    failed = pytest(env, *chosen)
    if {"postgresql", "redis-server"} & set(missing):
        print("!! LEFT OUT: the suite on PostgreSQL and Redis, which are not installed here.", flush=True)
    else:
        print("== PostgreSQL and Redis", flush=True)
        with contextlib.ExitStack() as stack:
            services = {"DATABASE_URL": stack.enter_context(postgres()), "REDIS_URL": stack.enter_context(redis())}
            # what drives the running school from outside has done so already
            failed = pytest({**env, **services}, "-m", "not browser", *chosen) or failed
    for name in {"chromium", "gettext", "nginx"} & set(missing):
        print(f"!! LEFT OUT: what needs {name}, which is not installed here.", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
