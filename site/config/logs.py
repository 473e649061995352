"""The access log of gunicorn, with secret keys in addresses masked."""

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from config.masking import masked


class MaskingLogger(Logger):
    """Masks the address of the request and of the page it came from."""

    def atoms(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().atoms(*args, **kwargs)
        return {name: masked(value) if isinstance(value, str) else value for name, value in found.items()}
