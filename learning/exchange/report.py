"""The report of an import: the result of each item, resource and file of a package."""

from dataclasses import dataclass, field
from enum import StrEnum

from learning.courses.models import CoursePage


class LineOutcome(StrEnum):
    TAKEN = "taken"
    DRAFT = "draft"  # taken, but not published: the package hides it
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class ReportLine:
    what: str  # the name of an item, resource or file
    outcome: LineOutcome
    reason: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.what}" if self.reason else self.what


@dataclass
class ImportReport:
    """What was imported and what was not, and why: one line for each item, resource and file of the package."""

    course: CoursePage | None = None
    resumed: bool = False  # it went on after an interruption
    modules: int = 0
    lessons: int = 0
    pictures: int = 0
    files: int = 0
    lines: list[ReportLine] = field(default_factory=list)

    def taken(self, what: str, reason: str = "") -> None:
        self.lines.append(ReportLine(what, LineOutcome.TAKEN, reason))

    def draft(self, what: str, reason: str) -> None:
        self.lines.append(ReportLine(what, LineOutcome.DRAFT, reason))

    def leave_out(self, what: str, reason: str) -> None:
        self.lines.append(ReportLine(what, LineOutcome.LEFT_OUT, reason))

    @property
    def left_out(self) -> list[str]:
        return [str(line) for line in self.lines if line.outcome == LineOutcome.LEFT_OUT]

    @property
    def drafts(self) -> list[str]:
        return [str(line) for line in self.lines if line.outcome == LineOutcome.DRAFT]
