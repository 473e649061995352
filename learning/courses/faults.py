"""Validation errors of a page in words: the field, the block and what is wrong there."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from wagtail.blocks import StreamValue
from wagtail.blocks.list_block import ListBlockValidationError
from wagtail.blocks.stream_block import StreamBlockValidationError
from wagtail.blocks.struct_block import StructBlockValidationError
from wagtail.models import Page

SHOWN = 3


def describe_errors(page: Page, error: ValidationError) -> str:
    """Return the errors that a check of the page found, the first `SHOWN` in full, in the language of the reader."""
    found = list(_faults(page, error))
    more = len(found) - SHOWN
    return " ".join(found[:SHOWN]) + (" " + _("and %(n)s more") % {"n": more} if more > 0 else "")


def _faults(page: Page, error: ValidationError) -> Iterator[str]:
    if not hasattr(error, "error_dict"):
        yield from error.messages
        return
    for name, errors in error.error_dict.items():
        label = "" if name == NON_FIELD_ERRORS else _label_of(page, name)
        value = getattr(page, name, None)
        for one in errors:
            for place, text in _in_block(one, value):
                yield ": ".join(filter(None, [label, place, text]))


def _label_of(page: Page, name: str) -> str:
    try:
        return str(capfirst(page._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return name


def _in_block(error: ValidationError, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the place of each error inside a value of blocks, and its text; blocks are counted from 1."""
    if isinstance(error, StreamBlockValidationError):
        for text in error.non_block_errors:
            yield "", str(text)
        for index, inner in error.block_errors.items():
            child = value[index] if isinstance(value, StreamValue) and isinstance(index, int) else None
            label = capfirst(str(child.block.label)) if child is not None else ""
            here = _("block %(n)s") % {"n": int(index) + 1} + (f" ({label})" if label else "")
            yield from _below(here, inner, child.value if child is not None else None, child)
    elif isinstance(error, StructBlockValidationError):
        for text in error.non_block_errors:
            yield "", str(text)
        for name, inner in error.block_errors.items():
            child = value.bound_blocks.get(name) if hasattr(value, "bound_blocks") else None
            label = capfirst(str(child.block.label)) if child is not None else str(name)
            yield from _below(label, inner, child.value if child is not None else None, child)
    elif isinstance(error, ListBlockValidationError):
        for text in error.non_block_errors:
            yield "", str(text)
        for index, inner in error.block_errors.items():
            yield from _below(str(int(index) + 1), inner, None, None)
    else:
        for text in error.messages:
            yield "", str(text)


def _below(here: str, error: ValidationError, value: Any, child: Any) -> Iterator[tuple[str, str]]:
    for place, text in _in_block(error, value):
        yield (f"{here}, {place}" if place else here), text
