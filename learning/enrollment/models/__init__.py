"""Models of enrolments, study groups, progress, rights and letters."""

from learning.enrollment.models.enrollments import Enrollment, EnrollmentQuerySet, Invitation, Seats, StatusChange
from learning.enrollment.models.former import FormerCourse
from learning.enrollment.models.groups import Audience, Opening, StudyGroup
from learning.enrollment.models.letters import Letter, LetterCopy
from learning.enrollment.models.pointers import course_pointer
from learning.enrollment.models.progress import Beginning, BlockCompletion, Completion, Position
from learning.enrollment.models.rights import CourseRight

__all__ = [
    "Audience",
    "Beginning",
    "BlockCompletion",
    "Completion",
    "CourseRight",
    "Enrollment",
    "EnrollmentQuerySet",
    "FormerCourse",
    "Invitation",
    "Letter",
    "LetterCopy",
    "Opening",
    "Position",
    "Seats",
    "StatusChange",
    "StudyGroup",
    "course_pointer",
]
