from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoursesConfig(AppConfig):
    name = "learning.courses"
    label = "courses"
    verbose_name = _("Courses")

    def ready(self) -> None:
        from learning.courses import personal_data, receivers, school_rights  # noqa: F401  (connect signals and register)
        from learning.courses.whole import connect_notifiers

        connect_notifiers()
