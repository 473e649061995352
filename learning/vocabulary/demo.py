"""The dictionary of the demo school: the starter words."""

from learning.base.demo import DemoPart, DemoSchool, register_demo_part
from learning.vocabulary.starter.words import add_starter_words, remove_starter_words


def _add(school: DemoSchool) -> None:
    add_starter_words()


def _remove(keys: set[int]) -> None:
    remove_starter_words()


register_demo_part(DemoPart("dictionary", add=_add, forget_people=_remove))
