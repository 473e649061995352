"""PostgreSQL and Redis of our own for tests and benchmarks: in a temporary folder, on free ports, gone afterwards."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WAIT = 30  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_bin() -> Path | None:
    """The folder of PostgreSQL's programs, the newest there is."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def missing_services() -> list[str]:
    return [
        name for name, there in (("PostgreSQL", postgres_bin()), ("Redis", shutil.which("redis-server"))) if not there
    ]


@contextmanager
def postgres(**options: str) -> Iterator[str]:
    """A running server; gives its DATABASE_URL. PostgreSQL refuses to run as root, so root lends it another user."""
    programs = postgres_bin()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed.")
    folder = Path(tempfile.mkdtemp(prefix="parta-pg-"))
    as_root = os.geteuid() == 0
    before = ["runuser", "-u", "postgres", "--"] if as_root else []
    user = "postgres" if as_root else getpass.getuser()
    if as_root:
        shutil.chown(folder, "postgres")
    port = free_port()
    settings = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder)}
    settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "120"}
    settings |= options
    flags = " ".join(f"-c {name}={value}" for name, value in settings.items())
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "check": True, "cwd": "/"}
    make = [*before, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run(make, **quiet)  # noqa: PLW1510
    control = [*before, str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w"]
    subprocess.run([*control, "-o", flags, "start"], **quiet)  # noqa: PLW1510
    try:
        yield f"postgres://{user}@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], stdout=subprocess.DEVNULL, check=False, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis() -> Iterator[str]:
    """A running server; gives its REDIS_URL."""
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"Nothing listens on port {port}.")
