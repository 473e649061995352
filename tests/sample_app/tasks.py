from learning.jobs.registry import every_day, job


@job("Grant wishes", tick=every_day(hour=4, minute=1))
def grant() -> None:
    """Nothing: it is only there to be registered."""
