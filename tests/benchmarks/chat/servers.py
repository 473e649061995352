"""The servers that are compared, each started as its users start it, and what they cost."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.benchmarks.chat.shape import Facts, plain_facts
from tests.services import free_port, wait_for_port

HERE = Path(__file__).resolve().parent
BASE = HERE.parents[2]
LAYERS = {
    "stock-core": "channels_redis.core.RedisChannelLayer",
    "stock-pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
TITLES = {
    "ours": "Parta",
    "stock-core": "Channels' tutorial, core layer",
    "stock-pubsub": "Channels' tutorial, pub/sub layer",
    "socketio": "socket.io, Redis adapter",
    "raw": "raw `websockets`, Redis pub/sub",
}


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and its children, those that have ended too."""
    total = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        times = root.cpu_times()
        total += times.children_user + times.children_system
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
    return total


@dataclass
class Redis:
    """A server that can be killed and started again on its port."""

    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@contextlib.contextmanager
def restartable_redis() -> Iterator[Redis]:
    server = Redis()
    server.start()
    try:
        wait_for_port(server.port)
        yield server
    finally:
        server.kill()


@dataclass
class Place:
    """Where servers find what they share, and where their logs lie."""

    folder: Path
    database: str  # URL without a name at its end
    redis: str

    def env(self, **more: str) -> dict[str, str]:
        common = {"PYTHONPATH": f"{BASE}/site:{BASE}", "REDIS_URL": self.redis, "PARTA_DATA": str(self.folder)}
        return {**os.environ, **common, "LOG_LEVEL": "ERROR", "CHAT_SOCKETS_PER_PERSON": "2500", **more}

    def env_of(self, name: str) -> dict[str, str]:
        """The environment of a server by its name."""
        if name in LAYERS:
            settings = "tests.benchmarks.chat.stock.settings"
            return self.env(
                DATABASE_URL=f"{self.database}/stock", DJANGO_SETTINGS_MODULE=settings, STOCK_LAYER=LAYERS[name]
            )
        if name == "ours":
            return self.env(
                DATABASE_URL=f"{self.database}/parta",
                DJANGO_SETTINGS_MODULE="config.settings",
                CHAT_PER_SECOND="1000",
                CHAT_BURST="1000",
            )
        return self.env()


@dataclass
class Server:
    """One process that listens."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def kind(self) -> str:
        return "stock" if self.name in LAYERS else self.name

    def cpu(self) -> float:
        return cpu_of(self.process.pid)

    def memory(self) -> int:
        """Resident bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


def command_of(name: str, place: Place, port: int) -> list[str]:
    daphne = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port)]
    if name in LAYERS:
        return [*daphne, "tests.benchmarks.chat.stock.asgi:application"]
    if name == "ours":
        return [*daphne, "--websocket-max-message-size", "4194304", "config.asgi:application"]
    if name == "socketio":
        return ["node", str(place.folder / "socketio" / "server.js")]
    return [sys.executable, "-m", "tests.benchmarks.chat.raw"]


@contextlib.contextmanager
def started(name: str, place: Place) -> Iterator[Server]:
    port = free_port()
    log = place.folder / f"{name}-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command_of(name, place, port),
            env={**place.env_of(name), "PORT": str(port)},
            cwd=BASE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        try:
            wait_for_port(port)
        except TimeoutError:
            raise RuntimeError(f"{name} does not start:\n{log.read_text()[-2000:]}") from None
        yield Server(name, port, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def python(env: dict[str, str], *args: str) -> str:
    command = [sys.executable, *args]
    return subprocess.run(command, env=env, cwd=BASE, check=True, stdout=subprocess.PIPE, text=True).stdout


def prepared(names: list[str], place: Place) -> dict[str, Facts]:
    """Make what each server needs; gives rooms and sessions by its name. Who cannot run here is left out."""
    found: dict[str, Facts] = {}
    stock = [name for name in names if name in LAYERS]
    if stock:
        output = python(place.env_of(stock[0]), "-m", "tests.benchmarks.chat.stock.prepare")
        found |= dict.fromkeys(stock, json.loads(output.strip().splitlines()[-1]))
    if "ours" in names:
        env = place.env_of("ours")
        python(env, "manage.py", "migrate", "-v0")
        output = python(env, "manage.py", "shell", "-v0", "-c", "import tests.benchmarks.chat.prepare")
        found["ours"] = json.loads(output.strip().splitlines()[-1])
    if "socketio" in names and install_socketio(place.folder / "socketio"):
        found["socketio"] = plain_facts()
    if "raw" in names:
        found["raw"] = plain_facts()
    return {name: found[name] for name in names if name in found}


def install_socketio(folder: Path) -> bool:
    if not (shutil.which("node") and shutil.which("npm")):
        print("socket.io is left out: node or npm is not installed.")
        return False
    shutil.copytree(HERE / "socketio", folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--omit=dev", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"socket.io is left out: npm install failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    return done.returncode == 0
