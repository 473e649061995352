"""PostgreSQL, Redis, two Daphnes and a gunicorn that can be killed and started again on the same ports."""

import contextlib
import getpass
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import template
from tests.chaos.plan import Fault, Kind
from tests.services import postgres_bin, wait_for_port

BASE = Path(__file__).resolve().parents[2]
DAPHNES = 2
MOST_FRAME = str(1024 * 1024)  # bytes, as in `site/deploy/run.py`
PATIENCE = 15  # seconds for a server to end in order


def steady_port() -> int:
    """A port below those that the system lends to outgoing connections: nobody takes it while its server is down."""
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(15000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Server:
    """One process that listens on a port of its own."""

    name: str
    command: list[str]
    port: int
    env: dict[str, str]
    logs: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def launch(self) -> None:
        with (self.logs / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self.env, cwd=BASE, stdout=log, stderr=log)

    def start(self) -> None:
        self.launch()
        wait_for_port(self.port)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> str:
        """In order if it can; tells how it went."""
        if self.process is None:
            return "was not running"
        began = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return "had to be killed"
        return f"ended in {time.monotonic() - began:.1f} s"

    def reload(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGHUP)


class Database:
    """A PostgreSQL that keeps what it has confirmed. It refuses to run as root, so root lends it another user."""

    def __init__(self) -> None:
        programs = postgres_bin()
        if programs is None:
            raise RuntimeError("PostgreSQL is not installed.")
        as_root = os.geteuid() == 0
        before = ["runuser", "-u", "postgres", "--"] if as_root else []
        self.folder = Path(tempfile.mkdtemp(prefix="parta-chaos-pg-"))
        if as_root:
            shutil.chown(self.folder, "postgres")
        data, port = str(self.folder / "data"), steady_port()
        self._run(*before, str(programs / "initdb"), "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.url = f"postgres://{'postgres' if as_root else getpass.getuser()}@127.0.0.1:{port}/postgres"
        settings = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder)}
        settings |= {"fsync": "on", "synchronous_commit": "on", "max_connections": "200"}
        self.flags = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.control = [*before, str(programs / "pg_ctl"), "-D", data, "-l", str(self.folder / "log"), "-w"]

    def _run(self, *command: str, check: bool = True) -> None:
        subprocess.run(command, stdout=subprocess.DEVNULL, check=check, cwd="/")

    def start(self) -> None:
        self._run(*self.control, "-o", self.flags, "start")

    def crash(self) -> None:
        self._run(*self.control, "-m", "immediate", "stop")

    def remove(self) -> None:
        self._run(*self.control, "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class School:
    """The running servers."""

    database: Database
    redis: Server
    daphnes: list[Server]
    web: Server
    env: dict[str, str]

    def wait(self) -> None:
        for server in (*self.daphnes, self.web):
            wait_for_port(server.port)

    def suffer(self, fault: Fault) -> str:
        """Do the fault and mend it; returns what was done."""
        if fault.kind is Kind.GUNICORN_RELOADED:
            self.web.reload()
            return fault.kind.value
        victim, words = self._strike(fault)
        time.sleep(fault.down)
        victim.start()
        return f"{fault.kind.value}{words}"

    def _strike(self, fault: Fault) -> tuple[Server | Database, str]:
        """Put one server down; returns it, and what there is to say of that."""
        daphne = self.daphnes[fault.which]
        if fault.kind is Kind.DAPHNE_STOPPED:
            return daphne, f": {daphne.name}, which {daphne.stop()}"
        if fault.kind is Kind.DAPHNE_KILLED:
            daphne.kill()
            return daphne, f": {daphne.name}"
        if fault.kind is Kind.REDIS_KILLED:
            self.redis.kill()
            return self.redis, ""
        self.database.crash()
        return self.database, ""


def _environment(database: str, redis_port: int, folder: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": f"{BASE}/site:{BASE}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database,
        "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "PARTA_DATA": folder,
        "LOG_LEVEL": "WARNING",
        "CHAT_PER_SECOND": "1000",
        "CHAT_BURST": "1000",
        "CHAT_SOCKETS_PER_PERSON": "2500",
    }


def _daphne(number: int, env: dict[str, str], logs: Path) -> Server:
    port = steady_port()
    command = [sys.executable, "-m", "daphne", "config.asgi:application", "-p", str(port), "-b", "127.0.0.1", "-v", "0"]
    command += ["--websocket-max-message-size", MOST_FRAME, "--websocket-max-frame-size", MOST_FRAME]
    return Server(f"daphne-{number}", command, port, env, logs)


def _gunicorn(env: dict[str, str], logs: Path) -> Server:
    port = steady_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    command += ["--threads", "4", "--no-control-socket", "--log-level", "error"]
    return Server("gunicorn", command, port, env, logs)


def _redis(logs: Path) -> Server:
    port = steady_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    return Server("redis", command, port, dict(os.environ), logs)


@contextlib.contextmanager
def school(keep_logs: str | None = None) -> Iterator[School]:
    """The migrated school, its servers launched; gone afterwards but for the logs, where they are wanted."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="parta-chaos-"))
        logs = Path(keep_logs or folder)
        logs.mkdir(parents=True, exist_ok=True)
        database, redis = Database(), _redis(logs)
        stack.callback(database.remove)
        database.start()
        env = _environment(database.url, redis.port, folder)
        daphnes = [_daphne(number, env, logs) for number in range(1, DAPHNES + 1)]
        web = _gunicorn(env, logs)
        stack.callback(redis.stop)
        redis.start()
        if not template.restore(database.url):
            manage(env, "migrate", "-v0")
        for server in (*daphnes, web):
            stack.callback(server.stop)
            server.launch()
        yield School(database, redis, daphnes, web, env)


def manage(env: dict[str, str], *args: str) -> str:
    command = [sys.executable, "manage.py", *args]
    return subprocess.run(command, env=env, cwd=BASE, check=True, stdout=subprocess.PIPE, text=True).stdout
