"""The heat strip: a chart of students × lessons, as SVG paths."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from learning.courses.programme import Programme, ProgrammeLesson
from learning.teaching.students import Follow

CELL = 12  # px
GAP = 2
NAMES = 180  # px for the names at the left
ROW = CELL + 4


@dataclass(frozen=True)
class StripRow:
    """One student's line of the heat strip: paths of what is done, what is to do, and where they stopped."""

    follow: Follow
    y: int
    done: str
    open: str
    stopped_x: int | None


@dataclass(frozen=True)
class Strip:
    rows: list[StripRow]
    lessons: list[ProgrammeLesson]
    module_starts: list[tuple[int, str]]  # x, title

    @property
    def width(self) -> int:
        return NAMES + len(self.lessons) * (CELL + GAP) + 8

    @property
    def height(self) -> int:
        return 24 + len(self.rows) * ROW


def _cells(xs: Iterable[int], y: int) -> str:
    # one path for all cells of a kind in a row: an element for each cell would be thousands on a page
    return "".join(f"M{x} {y}h{CELL}v{CELL}h-{CELL}z" for x in xs)


def heat_strip(programme: Programme, follows: Sequence[Follow]) -> Strip:
    """Draw students × lessons of the whole programme; lessons that a student's group does not see stay blank."""
    x_of = {lesson.id: NAMES + place * (CELL + GAP) for place, lesson in enumerate(programme.lessons)}
    rows = []
    for number, follow_ in enumerate(follows):
        y = 24 + number * ROW
        seen = [lesson.id for lesson in follow_.programme.lessons if lesson.id in x_of]
        done = _cells((x_of[pk] for pk in seen if pk in follow_.done), y)
        to_do = _cells((x_of[pk] for pk in seen if pk not in follow_.done), y)
        rows.append(StripRow(follow_, y, done, to_do, x_of.get(follow_.stopped_in or 0)))
    starts = [(x_of[m.lessons[0].id], m.title) for m in programme.modules if m.lessons]
    return Strip(rows, programme.lessons, starts)
