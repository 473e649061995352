"""What every school begins with: kinds of lessons, and a cancellation policy that all teachers can choose."""

from typing import Any

KINDS = {"one": "One-to-one", "group": "Group", "online": "Online", "in_person": "In person"}
POLICY = "24 hours"


def add_defaults(apps: Any) -> None:
    """Add them where there are none; `apps` is Django's registry, or the historical one of a migration."""
    kinds = apps.get_model("tutoring", "LessonKind").objects
    for code, name in KINDS.items():
        kinds.get_or_create(code=code, defaults={"name": name})
    policies = apps.get_model("tutoring", "Policy").objects
    if not policies.exists():
        policy = policies.create(name=POLICY)
        apps.get_model("tutoring", "PolicyVersion").objects.create(policy=policy, number=1)
