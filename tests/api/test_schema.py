"""schemathesis asks the API what its description allows, and what it does not: no 5xx, no undocumented answer."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from home.api import api
from learning.accounts.actions import create_token
from learning.accounts.scopes import scope_choices
from learning.enrollment.models import StudyGroup
from tests.parts import ONCE

pytestmark = [ONCE, pytest.mark.slow]

EXAMPLES = 12  # for each operation and person
OPERATIONS = 39


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """More is asked here than the limits allow; these have their own test. And the server, which would close the
    connection after a request, leaves the test's transaction open, as Django's own test client does."""
    for rate in {throttle for path in _operations() for throttle in path.throttle_objects}:
        monkeypatch.setattr(rate, "people", 10**9)
        monkeypatch.setattr(rate, "visitors", 10**9)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _operations() -> list[Any]:
    return [
        operation
        for _prefix, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
    ]


@pytest.mark.parametrize("who", ["admin", "student", "visitor"])
@pytest.mark.usefixtures("unlimited")
def test_every_answer_is_documented(small: SimpleNamespace, who: str) -> None:
    StudyGroup.objects.create(course=small.course, name="Autumn")
    headers = {}
    if who != "visitor":
        scopes = [code for code, _label in scope_choices()]
        headers["Authorization"] = f"Bearer {create_token(user=getattr(small, who), name='t', scopes=scopes)}"
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    checks = [
        CHECKS.get_one("not_a_server_error"),
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]
    asked = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        asked.add(operation.label)

        def ask(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=checks)

        run = operation.as_strategy()
        quiet = settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )

        quiet(given(case=run)(ask))()
    assert len(asked) == OPERATIONS
