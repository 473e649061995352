"""Jobs of the exchange. Each may run twice and takes effect once."""

from django_tasks import task

from learning.exchange import people


@task(backend="queue")
def check_import(run_id: int) -> int:
    return people.check(run_id=run_id)


@task(backend="queue")
def apply_import(run_id: int) -> int:
    return people.apply(run_id=run_id)
