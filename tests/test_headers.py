"""What every answer of the site says to a browser, besides its content (promise 17)."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests import school


def sources(policy: str, directive: str) -> set[str]:
    """What a Content-Security-Policy allows for one kind of things."""
    found = {part.split()[0]: set(part.split()[1:]) for part in policy.split(";") if part.strip()}
    return found.get(directive, found["default-src"])


@pytest.mark.parametrize("address", ["/", "/courses/", "/accounts/login/", "/search/?q=green", "/no-such-page/"])
def test_public_pages_run_scripts_of_this_site_only(small: SimpleNamespace, visit: Any, address: str) -> None:
    policy = visit().get(address).headers["Content-Security-Policy"]
    assert sources(policy, "script-src") <= {"'self'", "'none'"}
    assert sources(policy, "object-src") <= {"'self'", "'none'"}
    assert sources(policy, "base-uri") <= {"'self'", "'none'"}
    assert sources(policy, "form-action") == {"'self'"}
    assert sources(policy, "frame-ancestors") == {"'none'"}


def test_a_lesson_frames_players_of_known_houses_only(small: SimpleNamespace, visit: Any) -> None:
    answer = visit(small.student).get(school.path_of(small.lessons[0]))
    policy = answer.headers["Content-Security-Policy"]
    assert sources(policy, "script-src") <= {"'self'"}
    allowed = sources(policy, "frame-src")
    assert allowed
    assert all(source == "'self'" or source.startswith("https://") for source in allowed)
    assert "https:" not in allowed
    assert "*" not in allowed
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"]
