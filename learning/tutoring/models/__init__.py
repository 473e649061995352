"""Tables of private lessons, by subject: projects, schedule, lessons, money, homework."""

from learning.tutoring.models.homework import (
    Attempt,
    AttemptFile,
    Homework,
    HomeworkCopy,
    HomeworkItem,
)
from learning.tutoring.models.lessons import (
    Attendance,
    By,
    CalendarKey,
    DayOff,
    Lesson,
    LessonChange,
    LessonTask,
    MoveRequest,
    PersonCalendar,
    Presence,
    Status,
)
from learning.tutoring.models.money import (
    Account,
    Allocation,
    LedgerLine,
    LineKind,
    Package,
    Policy,
    PolicyVersion,
)
from learning.tutoring.models.projects import Goal, LessonKind, Project, ProjectStudent
from learning.tutoring.models.rules import RuleSlot, RuleVersion, WeeklyRule

__all__ = [
    "Account",
    "Allocation",
    "Attempt",
    "AttemptFile",
    "Attendance",
    "By",
    "CalendarKey",
    "DayOff",
    "Goal",
    "Homework",
    "HomeworkCopy",
    "HomeworkItem",
    "LedgerLine",
    "Lesson",
    "LessonChange",
    "LessonKind",
    "LessonTask",
    "LineKind",
    "MoveRequest",
    "Package",
    "PersonCalendar",
    "Policy",
    "PolicyVersion",
    "Presence",
    "Project",
    "ProjectStudent",
    "RuleSlot",
    "RuleVersion",
    "Status",
    "WeeklyRule",
]
