"""What `make run` starts: the school on this machine, with everything it needs, until Ctrl-C.

Prepares what is not prepared yet (translations, database, static files, demo school), then runs web, sockets, worker
and clock, and before web and sockets a front that shares out one port. A part that dies is started again; one that
keeps dying ends all of them.
"""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import FrameType

BASE = Path(__file__).resolve().parents[2]
DATA = Path(os.environ["PARTA_DATA"]).resolve() if os.environ.get("PARTA_DATA") else BASE / "var"
PORT = int(os.environ.get("PORT") or "8000")
HOST = "127.0.0.1"
RESTARTS, RESTARTS_WITHIN = 5, 60.0  # how often a part is started again within so many seconds
GRACE = 8  # seconds for a process to end by itself
# Seconds that an idle connection stays open. With gunicorn's 2, a request that comes while it closes gets no answer.
KEEP_ALIVE = "75"
# Bytes that a socket may send at once. Up to here, text that is too long gets an error; above, the socket is closed.
MOST_FRAME = str(1024 * 1024)
WATCHED = ("*/migrations/*.py", "*/*/migrations/*.py", "static/**/*", "locale/**/*.po", "requirements.txt")


def port_is_free() -> bool:
    with socket.socket() as probe:
        # a port in TIME_WAIT after the last run counts as free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, PORT))
        except OSError:
            return False
    return True


def environment() -> dict[str, str]:
    base_url = os.environ.get("PARTA_BASE_URL") or f"http://localhost:{PORT}"
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(BASE / "site"), str(BASE)]),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PARTA_BASE_URL": base_url,
        "PARTA_COLLECTED_STATIC": "1",
        "PARTA_SOCKETS_ONLY": "1",
        "PYTHONUNBUFFERED": "1",
    }


def fingerprint() -> str:
    """Return a digest that changes when something has to be prepared again."""
    digest = hashlib.sha256(os.environ.get("DATABASE_URL", "").encode())
    for pattern in WATCHED:
        for path in sorted(BASE.glob(pattern)):
            if path.is_file() and "var" not in path.relative_to(BASE).parts[:1]:
                digest.update(f"{path}{path.stat().st_mtime_ns}{path.stat().st_size}".encode())
    return digest.hexdigest()


def prepare(env: dict[str, str]) -> None:
    mark = DATA / "prepared"
    wanted = fingerprint()
    database = DATA / "db.sqlite3"
    is_there = bool(env.get("DATABASE_URL")) or database.exists()
    if is_there and mark.exists() and mark.read_text() == wanted:
        return
    subprocess.run([sys.executable, str(BASE / "site/deploy/prepare.py")], env=env, check=True)
    mark.write_text(fingerprint())


def die_with_parent() -> None:
    """Linux ends the child when this process is killed; elsewhere only orderly ends are covered."""
    if sys.platform == "linux":
        import ctypes

        # 1 is PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on at this moment."""
    # all are open at the same time, so that the system gives different ports
    probes = [socket.socket() for _number in range(count)]
    for probe in probes:
        probe.bind((HOST, 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def commands() -> dict[str, list[str]]:
    """The processes of a school; the front is on the port that people know."""
    logs = DATA / "log"
    logs.mkdir(parents=True, exist_ok=True)
    manage = [sys.executable, str(BASE / "manage.py")]
    web_port, sockets_port = free_ports(2)
    # One process: without Redis the cache, and with it the limits on log-in, live in its memory.
    web = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"{HOST}:{web_port}", "--workers", "1"]
    web += ["--threads", "12", "--worker-class", "gthread", "--timeout", "60", "--no-control-socket"]
    web += ["--access-logfile", str(logs / "access.log"), "--log-level", "warning"]
    web += ["--logger-class", "config.logs.MaskingLogger", "--keep-alive", KEEP_ALIVE]
    sockets = [sys.executable, "-m", "daphne", "config.asgi:application", "-b", HOST, "-p", str(sockets_port)]
    sockets += ["--websocket-max-message-size", MOST_FRAME, "--websocket-max-frame-size", MOST_FRAME]
    sockets += ["--access-log", str(logs / "sockets.log"), "-v", "0"]
    front = [sys.executable, str(BASE / "site/deploy/front.py"), str(PORT), str(web_port), str(sockets_port)]
    return {
        "front": front,
        "web": web,
        "sockets": sockets,
        "worker": [*manage, "work"],
        "clock": [*manage, "run_ticks"],
    }


class School:
    """The processes of a school. One that ends is started again, unless it ends again and again."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.commands = commands()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ended_at: dict[str, list[float]] = {name: [] for name in self.commands}
        for name in self.commands:
            self._start(name)

    def _start(self, name: str) -> None:
        self.processes[name] = subprocess.Popen(
            self.commands[name],
            env=self.env,
            cwd=BASE,
            # Ctrl-C in the terminal then reaches this process alone, which ends the others in order
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )

    def restart_ended(self) -> str | None:
        """Restart the processes that have ended; returns the name of one that ends again and again."""
        for name, process in self.processes.items():
            if process.poll() is None:
                continue
            now = time.monotonic()
            ended = [at for at in self.ended_at[name] if now - at < RESTARTS_WITHIN]
            if len(ended) >= RESTARTS:
                return name
            self.ended_at[name] = [*ended, now]
            print(f"{name} has ended ({process.returncode}); it is started again.", file=sys.stderr, flush=True)
            time.sleep(min(2.0, 0.2 * 2 ** len(ended)))
            self._start(name)
        return None


def answers() -> bool:
    """Whether pages come through the front."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{PORT}/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def wait_for_web(school: School) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and school.restart_ended() is None:
        if answers():
            return True
        time.sleep(0.1)
    return False


def stop(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in processes.values():
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    for process in processes.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            # the whole group: gunicorn's workers are children of their own
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def welcome() -> None:
    print(f"\n  Parta is at http://localhost:{PORT}/   (editing: http://localhost:{PORT}/cms/)\n")
    print("  Demo log-ins, password parta-demo:")
    print("    admin@example.org  moderator@example.org  editor@example.org  teacher@example.org")
    print("    teacher2@example.org  student@example.org  student2@example.org  newcomer@example.org\n")
    print("  Mail is printed here. Ctrl-C stops everything.\n", flush=True)


def main() -> int:
    if not port_is_free():
        print(f"Port {PORT} is in use. Stop what runs there, or choose another: PORT=8001 make run", file=sys.stderr)
        return 1
    DATA.mkdir(parents=True, exist_ok=True)
    env = environment()

    def leave(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # for SIGINT too: a shell without job control starts its background processes with SIGINT ignored
    signal.signal(signal.SIGINT, leave)
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    school: School | None = None
    try:
        prepare(env)
        school = School(env)
        if wait_for_web(school):
            welcome()
        while (dead := school.restart_ended()) is None:
            time.sleep(0.3)
        print(f"{dead} ends again and again; stopping the rest.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    except subprocess.CalledProcessError as error:
        return error.returncode or 1
    finally:
        # a second Ctrl-C must not break off the orderly end
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if school is not None:
            stop(school.processes)


if __name__ == "__main__":
    sys.exit(main())
