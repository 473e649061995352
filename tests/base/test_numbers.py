"""Ids in what people send: a number that no column can hold is no id."""

import pytest

from learning.base.numbers import LARGEST_ID, parse_id, parse_ids


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7", 7),
        ("0", 0),
        ("007", 7),
        (str(LARGEST_ID), LARGEST_ID),
        (str(LARGEST_ID + 1), None),
        ("9" * 400, None),
        ("", None),
        (None, None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        (" 1", None),
        ("1_000", None),
        ("٣", None),  # a digit, though not one of ASCII
        ("²", None),
    ],
)
def test_only_whole_numbers_that_a_column_holds_are_ids(text: str | None, found: int | None) -> None:
    assert parse_id(text) == found


def test_what_names_no_id_is_left_out_and_the_order_stays() -> None:
    assert parse_ids(["3", "x", 1, None, str(2**40), "2"]) == [3, 1, 2]
