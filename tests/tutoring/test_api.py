"""Private lessons through the API."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.utils import timezone


def test_the_api_lists_marks_and_hands_in(practice: SimpleNamespace, visit: Any) -> None:
    student, teacher = visit(practice.student), visit(practice.teacher)
    listed = student.get("/api/v1/tutoring/lessons?first=2020-01-01&last=2020-02-01").json()
    assert listed["items"] == []
    first = (timezone.localdate() - timedelta(days=5)).isoformat()
    items = student.get(f"/api/v1/tutoring/lessons?first={first}").json()["items"]
    assert {practice.past.pk, practice.coming.pk} <= {item["id"] for item in items}
    path = f"/api/v1/tutoring/lessons/{practice.past.pk}/status"
    ask = {"content_type": "application/json"}
    assert student.put(path, {"status": "planned"}, **ask).status_code == 404
    teacher.get("/me/")
    token = teacher.cookies["csrftoken"].value if "csrftoken" in teacher.cookies else ""
    assert teacher.put(path, {"status": "planned"}, headers={"X-CSRFToken": token}, **ask).json()["status"] == "planned"
    assert teacher.put(path, {"status": "held"}, headers={"X-CSRFToken": token}, **ask).json()["status"] == "held"
    late = f"/api/v1/tutoring/lessons/{practice.coming.pk}/status"
    assert teacher.put(late, {"status": "held"}, **ask).json()["code"] == "too_early"
    balances = visit(practice.parent).get("/api/v1/tutoring/balance").json()["items"]
    assert [item["amount"] for item in balances] == [-2600]
    hand_in = f"/api/v1/tutoring/homework/{practice.copy.pk}/hand-in"
    answer = student.post(hand_in, {"text": "Another"}, **ask)
    assert (answer.status_code, answer.json()["code"]) == (409, "handed_in")
    assert visit(practice.classmate).post(hand_in, {"text": "x"}, **ask).status_code == 404
    for query in ("first=0001-01-01", "first=9999-12-31", "first=2026-01-01&last=2029-01-01", "first=x"):
        assert student.get(f"/api/v1/tutoring/lessons?{query}").status_code == 422
