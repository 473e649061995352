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

SIGNED_UP = "signed_up"  # in the session: the page before the sign-up, and the address to confirm


def on_configured_host(value: Any, request_host: str) -> Any:
    """Return the link with the configured host in place of the request's, which anyone can set (promise 12)."""
    if not isinstance(value, str):
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or parts.netloc != request_host:
        return value
    return settings.BASE_URL + parts._replace(scheme="", netloc="").geturl()


class AccountAdapter(DefaultAccountAdapter):
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send mail in the language of its reader, who may not be the sender of the request, with links to our host."""
        person = context.get("user") or User.objects.filter(email__iexact=email).first()
        language = getattr(person, "language", "") or translation.get_language() or settings.LANGUAGE_CODE
        host = self.request.get_host() if self.request else ""
        rewritten = {name: on_configured_host(value, host) for name, value in context.items()}
        rewritten["current_site"] = {"name": school().name, "domain": urlsplit(settings.BASE_URL).netloc}
        with translation.override(language):
            super().send_mail(template_prefix, email, rewritten)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """Return the link of the mail, with the page to go back to: another browser does not have the session."""
        url: str = super().get_email_confirmation_url(request, emailconfirmation)
        signed_up = request.session.get(SIGNED_UP, {}) if request else {}
        # an address that is added later in this session does not get the link of the one that signed up
        is_same = signed_up.get("email") == emailconfirmation.email_address.email.lower()
        wanted = signed_up.get("next", "") if is_same else ""
        return f"{url}?{urlencode({'next': wanted})}" if wanted and self.is_safe_url(wanted) else url

    def is_safe_url(self, url: str | None) -> bool:
        """Allow only addresses of the request's host (promise 13); allauth would allow all of ALLOWED_HOSTS."""
        host = self.request.get_host() if self.request else None
        return url_has_allowed_host_and_scheme(url, allowed_hosts={host} if host else None)
