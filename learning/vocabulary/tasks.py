"""Background jobs of the dictionary."""

from django.utils.translation import gettext_lazy as _

from learning.jobs.registry import every_day, job
from learning.vocabulary.imports import running
from learning.vocabulary.reviews import histories


@job(_("Check an import of a dictionary"))
def check_dictionary(run_id: int) -> int:
    return running.check(run_id=run_id)


@job(_("Carry out an import of a dictionary"))
def import_dictionary(run_id: int) -> int:
    return running.carry_out(run_id=run_id)


@job(_("Undo an import of a dictionary"))
def undo_dictionary(run_id: int) -> int:
    return running.undo(run_id=run_id)


@job(_("Read what a learner has learned in Anki"))
def read_anki_history(history_id: int) -> int:
    return histories.read_package(history_id=history_id)


@job(_("Delete the files of old imports of dictionaries"), tick=every_day(hour=3, minute=43))
def forget_files() -> int:
    return running.forget_files() + histories.forget_packages()
