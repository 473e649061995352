"""The access log of gunicorn, without what would open something: keys in addresses are masked."""

import re
from typing import Any

from gunicorn.glogging import Logger

SECRET = re.compile(r"(/accounts/(?:password/reset/key|confirm-email)/|/letters/stop/)[^/\s?\"]+")


def masked(text: str) -> str:
    """`/accounts/password/reset/key/1-abc/` → `/accounts/password/reset/key/…/`."""
    return SECRET.sub(r"\1…", text)


class MaskingLogger(Logger):
    """Masks the address of the request and of the page it came from."""

    def atoms(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().atoms(*args, **kwargs)
        return {name: masked(value) if isinstance(value, str) else value for name, value in found.items()}
