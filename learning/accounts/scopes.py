"""What a personal token may do. Each app registers the scopes of its part of the API in `scopes.py`."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Scope:
    code: str  # as it stands in the token
    label: Any
    order: int  # place in the form
    is_for_staff: bool = False  # needs the second factor where the school asks staff for it


_scopes: dict[str, Scope] = {}


def register_scope(scope: Scope) -> Scope:
    """Add a scope, when Django starts."""
    _scopes[scope.code] = scope
    return scope


def scopes() -> list[Scope]:
    return sorted(_scopes.values(), key=lambda scope: scope.order)


def scope_choices() -> list[tuple[str, Any]]:
    return [(scope.code, scope.label) for scope in scopes()]
