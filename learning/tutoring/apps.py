from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TutoringConfig(AppConfig):
    name = "learning.tutoring"
    label = "tutoring"
    verbose_name = _("Private lessons")

    def ready(self) -> None:
        from learning.tutoring import (  # noqa: F401  (connect signals and register)
            deeds,
            demo,
            personal_data,
            receivers,
            school_rights,
            scopes,
            words,
        )
