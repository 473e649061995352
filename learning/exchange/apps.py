from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    name = "learning.exchange"
    label = "exchange"
    verbose_name = _("Exchange")

    def ready(self) -> None:
        from learning.exchange import deeds, personal_data  # noqa: F401  (register)
