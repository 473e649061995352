"""Bars of a picture, computed on the server; each picture has a table beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT, FOOT = 620, 160, 28  # units of the picture; the foot has the words below the bars
HEAD = 28  # the number above the highest bar


@dataclass(frozen=True, slots=True)
class Bar:
    day: date
    value: int | None  # None: nothing is known of that time
    x: int
    y: int
    width: int
    height: int
    middle: int


def bars_of(rows: Sequence[tuple[date, int | None]], most: int = 0) -> list[Bar]:
    """A bar for each value; the highest, or `most`, fills the picture."""
    if not rows:
        return []
    step = WIDTH // len(rows)
    top = max(most, *(value or 0 for _day, value in rows), 1)
    bars = []
    for place, (day, value) in enumerate(rows):
        height = round((value or 0) / top * (HEIGHT - FOOT - HEAD))
        bars.append(
            Bar(day, value, place * step + 3, HEIGHT - FOOT - height, step - 6, height, place * step + step // 2)
        )
    return bars
