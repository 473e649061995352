"""Caching: what is computed, how often, and for how long."""

import time

from django.core.cache import cache

from learning.base.caching import cached_for, cached_in_process, cached_shared, clear_caches


class Computing:
    def __init__(self, value: object) -> None:
        self.value, self.times = value, 0

    def __call__(self) -> object:
        self.times += 1
        return self.value


def test_a_value_is_computed_once_in_a_process() -> None:
    compute = Computing([1, 2])
    first = cached_in_process(("a", 1), compute)
    assert cached_in_process(("a", 1), compute) is first
    assert compute.times == 1
    assert cached_in_process(("a", 2), Computing("other")) == "other"


def test_nothing_and_false_are_values_too() -> None:
    for value in (None, False, ""):
        compute = Computing(value)
        key = ("empty", repr(value))
        assert [cached_shared(key, compute), cached_shared(key, compute)] == [value, value]
        assert compute.times == 1


def test_another_process_finds_a_shared_value_and_not_one_of_this_process() -> None:
    shared, own = Computing("shared"), Computing("own")
    cached_shared(("shared", 1), shared)
    cached_in_process(("own", 1), own)
    clear_caches()  # as a process that has just started
    cached_shared(("shared", 1), shared)
    cached_in_process(("own", 1), own)
    assert (shared.times, own.times) == (1, 2)
    cache.clear()
    clear_caches()
    cached_shared(("shared", 1), shared)
    assert shared.times == 2


def test_a_result_is_forgotten_after_its_seconds() -> None:
    calls: list[int] = []

    @cached_for(seconds=0.05)
    def twice(number: int) -> int:
        calls.append(number)
        return 2 * number

    assert [twice(2), twice(2), twice(3)] == [4, 4, 6]
    assert calls == [2, 3]
    time.sleep(0.06)
    assert twice(2) == 4
    assert calls == [2, 3, 2]
