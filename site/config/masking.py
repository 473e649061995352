"""Mask secret keys in addresses, such as password reset keys, before they are logged."""

import logging
import re

SECRET = re.compile(r"(/accounts/(?:password/reset/key|confirm-email)/|/letters/stop/)[^/\s?\"]+")


def masked(text: str) -> str:
    """`/accounts/password/reset/key/1-abc/` → `/accounts/password/reset/key/…/`."""
    return SECRET.sub(r"\1…", text)


class MaskKeys(logging.Filter):
    """Masks secrets in the arguments of a log record: “Not Found: /letters/stop/…/”."""

    def filter(self, record: logging.LogRecord) -> bool:
        # the arguments and not the message: `django.request` logs the address as an argument
        if isinstance(record.args, tuple):
            record.args = tuple(masked(part) if isinstance(part, str) else part for part in record.args)
        return True
