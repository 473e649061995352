"""Import people and enrolments from a table.

The same plan is made for the dry run and for the real one; the real one then carries it out. Rows are
taken in batches, each in a transaction that also moves `position` on: whatever kills the worker, the
next one goes on with the first row that is not done, and no row takes effect twice.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation

from learning.accounts.actions import record
from learning.accounts.models import User
from learning.enrollment import actions
from learning.enrollment.invitations import Guest, invite_many
from learning.exchange import deeds
from learning.exchange.models import ImportRow, ImportRun
from learning.exchange.people.plan import Planner, RowStep
from learning.exchange.people.rows import Wish, wishes_of

# each batch is one transaction: short for others who write, and little to repeat after a crash
BATCH = 200
KEPT_DAYS = 90
Outcome = ImportRow.Outcome


def _batches(wishes: Iterator[Wish]) -> Iterator[list[Wish]]:
    while batch := list(islice(wishes, BATCH)):
        yield batch


def _rows(run: ImportRun, steps: list[RowStep]) -> list[ImportRow]:
    return [
        ImportRow(run=run, number=s.wish.number, email=s.wish.email[:254], outcome=s.outcome, said=s.said[:300])
        for s in steps
    ]


def give_up(run: ImportRun, error: ValidationError) -> None:
    ImportRun.objects.filter(pk=run.pk).update(
        state=ImportRun.State.FAILED, problem="\n".join(error.messages)[:500], finished_at=timezone.now()
    )


def check(*, run_id: int) -> int:
    """Do the dry run: store for every row what would be done. After an interruption it starts again.

    Returns the number of rows.
    """
    run = ImportRun.objects.select_related("owner").get(pk=run_id)
    if run.state != ImportRun.State.CHECKING:
        return 0
    with translation.override(run.owner.language or None):
        # the job may run twice (promise 35): rows of an interrupted dry run would be there twice
        ImportRow.objects.filter(run=run).delete()
        planner = Planner(run)
        try:
            # a first pass only to count: progress needs the total, and keeping all rows would need the memory
            total = sum(1 for _wish in wishes_of(run))
            ImportRun.objects.filter(pk=run.pk).update(total=total, position=0)
            for batch in _batches(wishes_of(run)):
                with transaction.atomic():
                    ImportRow.objects.bulk_create(_rows(run, planner.plan(batch)))
                    ImportRun.objects.filter(pk=run.pk).update(position=batch[-1].number - 1)
        except ValidationError as error:
            give_up(run, error)
            return 0
    ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State.CHECKED)
    return total


def apply(*, run_id: int) -> int:
    """Carry out the table from its `position` on; return how many rows this call has done."""
    run = ImportRun.objects.select_related("owner").get(pk=run_id)
    if run.state != ImportRun.State.APPLYING:
        return 0
    taken = 0
    with translation.override(run.owner.language or None):
        try:
            wishes = wishes_of(run)
            planned: set[tuple[str, int]] = set()
            # rows that are done must be known: one that repeats them later in the file is skipped, as in the dry run
            behind = Planner(run, planned)
            for wish in islice(wishes, run.position):
                behind.note(wish)
            for batch in _batches(wishes):
                taken += _apply_batch(run, batch, planned)
        except ValidationError as error:
            give_up(run, error)
            return taken
    with transaction.atomic():
        # by its state: of two workers with the same job one ends it, and writes the entry (promise 35)
        running = ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.APPLYING)
        if running.update(state=ImportRun.State.DONE, finished_at=timezone.now()):
            facts = {"run": run.pk, "rows": run.total}
            record(deeds.IMPORT, actor=run.owner, course_id=run.course_id, facts=facts)
    return taken


@transaction.atomic
def _apply_batch(run: ImportRun, batch: list[Wish], planned: set[tuple[str, int]]) -> int:
    # a worker that was taken for dead may still be running: the lock lets only one of the two do the batch (promise 35)
    locked = ImportRun.objects.select_for_update().get(pk=run.pk)
    if locked.position >= batch[-1].number - 1 or locked.state != ImportRun.State.APPLYING:
        return 0  # another worker has been here
    # planned anew for each batch: seats and enrolments may have changed since the dry run
    steps = Planner(run, planned).plan(batch)
    todo = [step for step in steps if step.outcome in (Outcome.CREATE, Outcome.CHANGE)]
    by_course: dict[int, list[RowStep]] = defaultdict(list)
    for step in todo:
        if step.course:
            by_course[step.course.pk].append(step)
    # in one order: two imports that lock the seats of courses in different orders would wait for each other
    for course_id in sorted(by_course):
        _carry_out(run, course_id, by_course[course_id])
    numbers = [step.wish.number for step in steps]
    ImportRow.objects.filter(run=run, number__in=numbers).delete()
    ImportRow.objects.bulk_create(_rows(run, steps))
    # in the transaction of the batch: a crash undoes both or neither, so that no row takes effect twice
    ImportRun.objects.filter(pk=run.pk).update(position=batch[-1].number - 1)
    return len(batch)


def _carry_out(run: ImportRun, course_id: int, steps: list[RowStep]) -> None:
    """Enrol, move and invite in one course; if an action refuses a row, the row gets the reason."""
    wanted = [
        actions.Wanted(step.person, step.group.pk if step.group else None, step.wish.reason)
        for step in steps
        if step.person
    ]
    refused = actions.enroll_many(course_id=course_id, wanted=wanted, actor=run.owner)
    for step in steps:
        if step.person and step.person.pk in refused:
            step.outcome, step.said = Outcome.WRONG, refused[step.person.pk]
    invite_many(
        course_id=course_id,
        guests=[
            Guest(step.wish.email, step.wish.name, step.group.pk if step.group else None)
            for step in steps
            if step.person is None
        ],
        actor=run.owner,
    )


def forget_old_imports() -> int:
    """Delete imports older than `KEPT_DAYS` with their files, which hold addresses; return how many."""
    old = ImportRun.objects.filter(created_at__lt=timezone.now() - timedelta(days=KEPT_DAYS))
    for run in old:
        # the file first: without its row nobody would find it any more
        run.file.delete(save=False)
        run.delete()
    return len(old)


def forget(person: User) -> None:
    """Delete the imports of an anonymised person, and their name in rows of other imports."""
    for run in ImportRun.objects.filter(owner=person):
        run.file.delete(save=False)
        run.delete()
    ImportRow.objects.filter(email=person.email.lower()).update(email="")
