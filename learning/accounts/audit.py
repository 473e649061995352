"""Kinds of audit log entries. Each app registers its kinds of entries in `deeds.py`, with the words for people.

GROUP = register_deed(Deed("group", _("Study group"), describe=…, groups=("before", "after")))
record(GROUP, actor=user, facts={"before": 1, "after": 2})
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.core.exceptions import FieldDoesNotExist

Facts = Mapping[str, Any]


class Names(Protocol):
    """Current names of the ids that stand in the facts of entries."""

    def group(self, pk: Any) -> str: ...

    def page(self, pk: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class Deed:
    """A kind of audit log entries."""

    code: str  # as it stands in the table, at most 12 letters
    label: Any
    describe: Callable[[Facts, Names], list[str]] | None = None  # parts of a sentence about the facts
    did: Mapping[str, Any] = field(default_factory=dict)  # words for the codes under "did" in the facts
    groups: tuple[str, ...] = ()  # names of facts that are ids of study groups, or lists of them
    pages: tuple[str, ...] = ()  # names of facts that are ids of pages, or lists of them


_deeds: dict[str, Deed] = {}


def register_deed(deed: Deed) -> str:
    """Add a kind of entries, when Django starts; returns its code."""
    _deeds[deed.code] = deed
    return deed.code


def deed_of(code: str) -> Deed:
    """Return the kind of entries with this code; if no app registers it any more, the code is also its label."""
    return _deeds.get(code) or Deed(code, code)


def deed_choices() -> list[tuple[str, Any]]:
    return [(deed.code, deed.label) for deed in _deeds.values()]


def labels_of_fields(model: type[Any], names: Iterable[str]) -> str:
    """Return the labels of these fields of a model, separated by commas; a name without a field stays as it is."""
    labels = []
    for name in names:
        try:
            labels.append(str(model._meta.get_field(name).verbose_name))
        except FieldDoesNotExist:
            labels.append(name)
    return ", ".join(labels)
