from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TeachingConfig(AppConfig):
    """What teachers and administrators look at and act on. It has no tables of its own."""

    name = "learning.teaching"
    label = "teaching"
    verbose_name = _("Teaching")

    def ready(self) -> None:
        from learning.teaching import deeds, personal_data  # noqa: F401  (register)
