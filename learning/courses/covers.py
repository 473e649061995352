"""The typographic covers of courses without a picture: colours and a pattern by subject, no two alike side by side."""

from collections.abc import Sequence
from zlib import crc32

from learning.courses.pages import CoursePage

STYLES = 8  # palettes with their patterns, in `components.css`


def choose_covers(courses: Sequence[CoursePage]) -> None:
    """Set `cover_style` of each course by its first subject, never the same as the course before.

    The subjects should be read along with the courses.
    """
    before = None
    for course in courses:
        subject = next((subject.slug for subject in course.subjects.all()), course.slug)
        # crc32, not hash(): Python's hash of a text differs from process to process
        style = crc32(subject.encode()) % STYLES
        if style == before:
            # a step of 1 to STYLES - 1 never leads back to the same style
            style = (style + 1 + crc32(course.slug.encode()) % (STYLES - 1)) % STYLES
        course.cover_style = before = style
