from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "learning.accounts"
    label = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from learning.accounts import (  # noqa: F401  (connect signals and register)
            deeds,
            personal_data,
            receivers,
            school_rights,
        )
