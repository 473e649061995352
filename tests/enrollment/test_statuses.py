"""Statuses change by the table of the domain, no more and no less."""

import itertools

import pytest

from learning.enrollment.statuses import (
    LEAVABLE,
    READING,
    SEATED,
    TRANSITIONS,
    By,
    Status,
    is_allowed_transition,
    staff_choices,
)

S = Status
ALLOWED = {
    (None, S.ACTIVE), (None, S.REQUESTED), (None, S.WAITLISTED),
    (S.REQUESTED, S.ACTIVE), (S.REQUESTED, S.DECLINED), (S.REQUESTED, S.LEFT),
    (S.WAITLISTED, S.ACTIVE), (S.WAITLISTED, S.LEFT),
    (S.ACTIVE, S.COMPLETED), (S.ACTIVE, S.PAUSED), (S.ACTIVE, S.LEFT), (S.ACTIVE, S.REMOVED), (S.ACTIVE, S.EXPIRED),
    (S.COMPLETED, S.LEFT), (S.COMPLETED, S.REMOVED),
    (S.PAUSED, S.ACTIVE), (S.PAUSED, S.REMOVED),
    (S.LEFT, S.ACTIVE), (S.LEFT, S.REQUESTED), (S.LEFT, S.WAITLISTED),
    (S.REMOVED, S.ACTIVE), (S.DECLINED, S.ACTIVE), (S.EXPIRED, S.ACTIVE),
}  # fmt: skip


def test_exactly_the_steps_of_the_table_exist() -> None:
    every = set(itertools.product([None, *Status], Status))
    assert {step for step in every if any(is_allowed_transition(*step, by) for by in By)} == ALLOWED
    assert set(TRANSITIONS) == ALLOWED


@pytest.mark.parametrize("before", [S.REMOVED, S.DECLINED, S.EXPIRED, S.PAUSED])
def test_only_staff_bring_back_who_was_put_out(before: Status) -> None:
    assert is_allowed_transition(before, S.ACTIVE, By.STAFF)
    assert not is_allowed_transition(before, S.ACTIVE, By.STUDENT)
    assert before not in LEAVABLE


def test_staff_cannot_bring_back_who_left() -> None:
    assert staff_choices(S.LEFT) == []


def test_who_reads_has_a_seat() -> None:
    assert READING < SEATED
