from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnrollmentConfig(AppConfig):
    name = "learning.enrollment"
    label = "enrollment"
    verbose_name = _("Enrolment")

    def ready(self) -> None:
        from wagtail.models import Page
        from wagtail.permissions import register_permission_policy

        from learning.enrollment import (  # noqa: F401  (connect signals and register)
            deeds,
            personal_data,
            receivers,
            school_rights,
            scopes,
        )
        from learning.enrollment.rights import CourseTeamPagePolicy

        # takes the place of Wagtail's policy: explorer, editor, choosers and history all ask this one
        register_permission_policy(Page, CourseTeamPagePolicy())
