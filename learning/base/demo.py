"""What apps add to the demo school, which `home.demo` loads and removes. An app declares its part in `demo.py`.

register_demo_part(DemoPart("talk", add=_post_talk, remove=_remove_rooms))
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """The demo school as it stands when the parts are added."""

    people: dict[str, Any]  # users, by e-mail address
    courses: dict[str, Any]  # course pages, by slug
    groups: dict[str, Any]  # study groups, by name


@dataclass(frozen=True, slots=True)
class DemoPart:
    """One app's part; `remove` gets the key of each demo course before that is deleted, and `forget_people` the keys of
    the demo people before they are."""

    name: str
    add: Callable[[DemoSchool], None]
    remove: Callable[[int], None] | None = None
    forget_people: Callable[[set[int]], None] | None = None


_parts: dict[str, DemoPart] = {}


def register_demo_part(part: DemoPart) -> None:
    _parts[part.name] = part


def demo_parts() -> list[DemoPart]:
    """All parts, in the order in which their apps are installed."""
    return list(_parts.values())
