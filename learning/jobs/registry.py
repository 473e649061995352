"""The jobs of all apps. An app declares its own in `tasks.py`. Jobs that only the clock queues go into
`ticks.py` where `tasks.py` would make a circular import. No job is named here.

    @job(_("Send a letter to students"))
    def send_letter(letter_id: int) -> int: ...

    @job(_("End enrolments of courses that are over"), tick=every_minute(second=20))
    def expire_ended() -> int: ...

A job must take effect once even if it runs twice: its worker may die after the work, before the result is stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from django_tasks import task
from django_tasks.base import Task

P = ParamSpec("P")
T = TypeVar("T")
QUEUE = "queue"  # the back end of settings.TASKS whose jobs are rows of the database


@dataclass(frozen=True, slots=True)
class Tick:
    """When the clock puts a job into the queue."""

    cron: Mapping[str, int | str]  # fields of an APScheduler cron trigger, in UTC
    period: str  # time format; the job is queued once for each of its values, however many clocks run


@dataclass(frozen=True, slots=True)
class Job:
    task: Task[Any, Any]
    label: Any  # what people read
    tick: Tick | None = None


_jobs: dict[str, Job] = {}  # by the path of the task


def every_minute(*, second: int) -> Tick:
    return Tick({"second": second}, "%Y%m%d%H%M")


def every_minutes(count: int, *, second: int) -> Tick:
    return Tick({"minute": f"*/{count}", "second": second}, "%Y%m%d%H%M")


def every_hour(*, minute: int) -> Tick:
    return Tick({"minute": minute}, "%Y%m%d%H")


def every_day(*, hour: int, minute: int) -> Tick:
    return Tick({"hour": hour, "minute": minute}, "%Y%m%d")


def job(label: Any, *, tick: Tick | None = None) -> Callable[[Callable[P, T]], Task[P, T]]:
    """Declare a function of an app's `tasks.py` as a background job; call it by `.enqueue(…)`."""

    def declare(function: Callable[P, T]) -> Task[P, T]:
        declared: Task[P, T] = task(backend=QUEUE)(function)
        _jobs[declared.module_path] = Job(declared, label, tick)
        return declared

    return declare


def label_of(task_path: str) -> Any:
    """Return the label of the task with this path, or the path itself if no app declares it any more."""
    return _jobs[task_path].label if task_path in _jobs else task_path


def ticking_jobs() -> list[Job]:
    """The jobs that the clock queues."""
    return [found for found in _jobs.values() if found.tick is not None]
