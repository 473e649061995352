"""Wagtail's own view restrictions, without a query when there are none."""

from typing import Any

from django.core.cache import cache
from wagtail.models import PageViewRestriction

_KEY = "courses:restricted-paths"
_SECONDS = 300


def forget_restrictions() -> None:
    cache.delete(_KEY)


def _restricted_paths() -> list[str]:
    paths = cache.get(_KEY)
    if paths is None:
        paths = list(PageViewRestriction.objects.values_list("page__path", flat=True))
        cache.set(_KEY, paths, _SECONDS)
    return paths


class CachedRestrictionsMixin:
    """An editor's “privacy” setting is obeyed; pages outside of it, nearly all, pay nothing for it."""

    path: str

    def get_view_restrictions(self) -> Any:
        if any(self.path.startswith(path) for path in _restricted_paths()):
            return super().get_view_restrictions()  # type: ignore[misc]
        return PageViewRestriction.objects.none()
