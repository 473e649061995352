"""How django-allauth behaves here."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme

from learning.accounts.models import User
from learning.accounts.school import school

SIGNED_UP = "signed_up"  # key of the session: where one signed up from, and whose mail can be sent again


def on_configured_host(value: Any, request_host: str) -> Any:
    """The same address on the configured host, for a link that was built from the request's own (promise 12)."""
    if not isinstance(value, str):
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or parts.netloc != request_host:
        return value
    return settings.BASE_URL + parts._replace(scheme="", netloc="").geturl()


class AccountAdapter(DefaultAccountAdapter):
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write in the language of the reader, who may not be the one who asked, with links to our own host."""
        person = context.get("user") or User.objects.filter(email__iexact=email).first()
        language = getattr(person, "language", "") or translation.get_language() or settings.LANGUAGE_CODE
        host = self.request.get_host() if self.request else ""
        mended = {name: on_configured_host(value, host) for name, value in context.items()}
        mended["current_site"] = {"name": school().name, "domain": urlsplit(settings.BASE_URL).netloc}
        with translation.override(language):
            super().send_mail(template_prefix, email, mended)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The link of the mail; it remembers the page from which one signed up, for another browser too."""
        url: str = super().get_email_confirmation_url(request, emailconfirmation)
        signed_up = request.session.get(SIGNED_UP, {}) if request else {}
        is_same = signed_up.get("email") == emailconfirmation.email_address.email.lower()
        wanted = signed_up.get("next", "") if is_same else ""
        return f"{url}?{urlencode({'next': wanted})}" if wanted and self.is_safe_url(wanted) else url

    def is_safe_url(self, url: str | None) -> bool:
        """Only addresses of this very host (promise 13); allauth would allow every allowed host."""
        host = self.request.get_host() if self.request else None
        return url_has_allowed_host_and_scheme(url, allowed_hosts={host} if host else None)
