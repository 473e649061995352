"""Personal data of the courses app."""

from django.utils.translation import gettext_lazy as _
from wagtail.models import PageLogEntry

from learning.accounts.own_data import DataSection, register_data, rows_of
from learning.courses.models import CourseTeacher

register_data(
    DataSection(
        "teaches",
        _("Courses that you teach"),
        lambda person: rows_of(CourseTeacher.objects.filter(person=person), "course__title"),
        {"course__title": _("Course")},
    ),
    DataSection(
        "edited_pages",
        _("Pages that you edited"),
        lambda person: rows_of(PageLogEntry.objects.filter(user=person), "label", "action", "timestamp"),
        {"label": _("Page"), "action": _("What"), "timestamp": _("When")},
    ),
    order=20,
)
