"""`make mutants`: breaks one line of the rules at a time and looks whether a test notices.

    python -m tests.mutants [--modules access seats …] [--sample 100] [--seed 1]

The tests run once with coverage, which tells which tests come by each line. Each change is then run against those
tests alone, the quickest first, until one fails. A change that no test notices is printed, unless `survivors.toml` says
why it is left. The end is 1 where less than `LEAST` of the changes of a module were noticed.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.mutants.changes import Change, changes_of

BASE = Path(__file__).resolve().parents[2]
MODULES = (
    *("learning/enrollment/access.py", "learning/enrollment/actions.py", "learning/enrollment/seats.py"),
    *("learning/enrollment/rights.py", "learning/enrollment/progress.py", "learning/library/access.py"),
    *("learning/library/policies.py", "learning/library/sharing.py"),
    *("learning/exchange/people/plan.py", "learning/exchange/people/importing.py"),
    *("chat/rooms/access.py", "chat/rooms/membership.py"),
)
LEAST = 0.9
WORKERS = os.cpu_count() or 2
SECONDS_OF_TESTS = 40.0  # of one change: the quickest tests that come by its line
TIMEOUT = 120  # seconds; a change that makes the tests hang is noticed
PYTEST = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
CHOSEN = "not browser and not stack and not slow"


@dataclass(frozen=True, slots=True)
class Tests:
    """Which tests come by each line of each file, and how long each takes."""

    by_line: dict[str, dict[int, set[str]]]
    seconds: dict[str, float]

    def of(self, path: str, change: Change) -> list[str]:
        lines = self.by_line.get(path, {})
        found: set[str] = set().union(*(lines.get(n, set()) for n in range(change.first_line, change.last_line + 1)))
        # a line that runs when the module is imported belongs to no test: then every test of the module may notice
        found = found or set().union(*lines.values())
        chosen, total = [], 0.0
        for test in sorted(found, key=lambda name: self.seconds.get(name, 1.0)):
            total += self.seconds.get(test, 1.0)
            if chosen and total > SECONDS_OF_TESTS:
                break
            chosen.append(test)
        return chosen


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return {**kept, "PYTHONPATH": f"{BASE}/site:{BASE}", "TEST_TEMPLATE": str(folder / "template.sqlite3"), **more}


def look_at_tests(folder: Path) -> Tests:
    """Run all tests once; those that fail with coverage, which makes everything slower, are left out."""
    config = folder / "coveragerc"
    sources = ",".join(sorted({str(BASE / Path(path).parent) for path in MODULES}))
    config.write_text(
        f"[run]\ndynamic_context = test_function\nparallel = true\npatch = subprocess\n"
        f"source = {sources}\ndata_file = {folder}/coverage\n"
        f"[json]\nshow_contexts = true\noutput = {folder}/coverage.json\n"
    )
    coverage = [sys.executable, "-m", "coverage"]
    report = folder / "tests.xml"
    pytest = ["-m", "pytest", "-q", "-n", str(WORKERS), "-p", "no:cacheprovider", "-m", CHOSEN, f"--junitxml={report}"]
    run = [*coverage, "run", f"--rcfile={config}", *pytest]
    subprocess.run(run, cwd=BASE, env=environment(folder), check=False, stdout=subprocess.DEVNULL)
    subprocess.run([*coverage, "combine", "-q", f"--rcfile={config}"], cwd=BASE, check=True)
    subprocess.run([*coverage, "json", "-q", f"--rcfile={config}"], cwd=BASE, env=environment(folder), check=True)
    by_line: dict[str, dict[int, set[str]]] = {}
    for path, facts in json.loads((folder / "coverage.json").read_text())["files"].items():
        lines = {
            int(line): {test_of(context) for context in found if context} for line, found in facts["contexts"].items()
        }
        by_line[path] = lines
    seconds: dict[str, float] = defaultdict(float)
    failed = set()
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314  (our own report)
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        seconds[name] += float(case.get("time") or 0)
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
    for found in by_line.values():
        for names in found.values():
            names.difference_update(failed)
    return Tests(by_line, seconds)


def test_of(context: str) -> str:
    """`tests.home.test_home.test_x`, as coverage names it, as pytest does."""
    module, _dot, name = context.rpartition(".")
    return f"{module.replace('.', '/')}.py::{name}"


def is_noticed(folder: Path, path: str, change: Change, tests: list[str]) -> bool:
    with tempfile.NamedTemporaryFile("w", suffix=".py", dir=folder, encoding="utf-8") as source:
        source.write(change.source)
        source.flush()
        module = path.removesuffix(".py").replace("/", ".")
        env = environment(folder, MUTANT_MODULE=module, MUTANT_SOURCE=source.name)
        run = [*PYTEST, "-p", "tests.mutants.plugin", "-m", CHOSEN, *tests]
        try:
            ended = subprocess.run(run, cwd=BASE, env=env, timeout=TIMEOUT, capture_output=True, check=False)
        except subprocess.TimeoutExpired:
            return True
    return ended.returncode != 0


def run_module(folder: Path, path: str, changes: list[Change], tests: Tests, reasons: dict[str, str]) -> float:
    """Print what nobody noticed; returns the share that was, of those without a reason."""
    with ThreadPoolExecutor(WORKERS) as pool:
        noticed = list(pool.map(lambda change: is_seen(folder, path, change, tests), changes))
    left = [change for change, seen in zip(changes, noticed, strict=True) if not seen]
    unexplained = [change for change in left if change.name not in reasons]
    counted = len(changes) - len(left) + len(unexplained)
    share = 1 - len(unexplained) / counted if counted else 1.0
    print(f"{path}: {sum(noticed)} of {len(changes)} noticed, {len(left) - len(unexplained)} explained: {share:.1%}")
    for change in unexplained:
        print(f"  {change.first_line}: {change.name}")
    sys.stdout.flush()
    return share


def is_seen(folder: Path, path: str, change: Change, tests: Tests) -> bool:
    chosen = tests.of(path, change)
    return bool(chosen) and is_noticed(folder, path, change, chosen)


def main() -> int:
    parser = argparse.ArgumentParser(description="Break one line at a time; the tests must notice.")
    parser.add_argument("--modules", nargs="*", default=[], help="parts of the paths; all by default")
    parser.add_argument("--sample", type=int, default=0, help="so many changes of each module, by chance")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311  (nothing secret)
    reasons = tomllib.loads((BASE / "tests/mutants/survivors.toml").read_text(encoding="utf-8"))
    chosen = [path for path in MODULES if not options.modules or any(part in path for part in options.modules)]
    shares = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tests = look_at_tests(folder)
        for path in chosen:
            changes = changes_of((BASE / path).read_text(encoding="utf-8"))
            if options.sample and options.sample < len(changes):
                changes = chance.sample(changes, options.sample)
            shares.append(run_module(folder, path, changes, tests, reasons.get(path, {})))
    return int(min(shares) < LEAST)


if __name__ == "__main__":
    sys.exit(main())
