"""Checks of a WebSocket handshake: its origin and its session."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host

from learning.accounts.models import User

_PORTS = {"http": 80, "https": 443}
MOST_COOKIES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Visitor:
    """Someone with a session."""

    user_id: int
    name: str
    language: str
    session_key: str
    password: str  # the stored hash: when it changes, the socket is closed


class Headers:
    """The headers of a handshake, by name."""

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            self._values.setdefault(name, []).append(value)

    def one(self, name: bytes) -> str:
        """The value of a header; nothing where it is missing or said twice."""
        found = self._values.get(name, [])
        # with two values it is not clear which one counts: a proxy may have checked the other one
        return found[0].decode("latin1").strip() if len(found) == 1 else ""

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin1") for value in self._values.get(name, [])]


def _origin(scheme: str, host: str) -> tuple[str, str, int] | None:
    domain, port = split_domain_port(host.lower())
    if not domain or scheme not in _PORTS or (port and not port.isdecimal()):
        return None
    return scheme, domain, int(port) if port else _PORTS[scheme]


def origin_of(address: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin; nothing where it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if not parts.netloc or "@" in parts.netloc or parts.path or parts.query or parts.fragment:
        return None
    return _origin(parts.scheme, parts.netloc)


def has_allowed_origin(headers: Headers) -> bool:
    """Whether the page that opens a socket is one of this site: the same scheme, host and port (promise 15).

    Behind a proxy the scheme is what the trusted header says, as for pages.
    """
    asked, host = origin_of(headers.one(b"origin")), headers.one(b"host")
    if asked is None or not host:
        return False
    trusted = {origin_of(address) for address in (settings.BASE_URL, *settings.CSRF_TRUSTED_ORIGINS)}
    domain, _port = split_domain_port(host.lower())
    if domain and validate_host(domain, settings.ALLOWED_HOSTS):
        trusted.add(_origin(_scheme(headers), host))
    return asked in trusted


def _scheme(headers: Headers) -> str:
    if proxied := settings.SECURE_PROXY_SSL_HEADER:
        name, secure = proxied
        sent = name.removeprefix("HTTP_").replace("_", "-").lower().encode()
        return "https" if headers.one(sent) == secure else "http"
    return "http"


def session_key_of(headers: Headers) -> str:
    said = "; ".join(headers.all(b"cookie"))[:MOST_COOKIES]
    return parse_cookie(said).get(settings.SESSION_COOKIE_NAME, "")


def visitor_with(session_key: str) -> Visitor | None:
    """Return the visitor with this session, if it is valid and the account is active. Asks the database."""
    # keys of Django are letters and digits; a NUL would be an error of the database, answered by “try later”
    if not session_key.isascii() or not session_key.isalnum():
        return None
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    request: Any = SimpleNamespace(session=store, META={})
    # Django's own function, which also ends sessions from before a change of the password (promise 11)
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        return None
    language = user.language or settings.LANGUAGE_CODE
    return Visitor(user.pk, user.get_full_name(), language, session_key, user.password)
