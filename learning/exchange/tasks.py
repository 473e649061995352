"""Jobs of the exchange. Each may run twice and takes effect once."""

from django_tasks import task

from learning.exchange import people, undoing


@task(backend="queue")
def check_import(run_id: int) -> int:
    return people.check(run_id=run_id)


@task(backend="queue")
def apply_import(run_id: int) -> int:
    return people.apply(run_id=run_id)


@task(backend="queue")
def undo_abandoned_imports() -> int:
    """Take away the courses whose import has died."""
    return undoing.undo_abandoned()
