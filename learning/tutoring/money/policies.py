"""Cancellation policies: a new version for each change, since lessons keep the one they were planned under."""

from django.db import transaction

from learning.accounts.models import User
from learning.tutoring.models import Policy, PolicyVersion


@transaction.atomic
def save_policy(*, owner: User, policy: Policy | None, name: str, version: PolicyVersion) -> Policy:
    """Make a policy of a teacher, or rename one and add this version to it."""
    kept = policy or Policy(owner=owner)
    kept.name = name
    kept.save()
    add_version(kept, version)
    return kept


@transaction.atomic
def add_version(policy: Policy, version: PolicyVersion) -> None:
    """Store a new version of a policy under the next number."""
    # locked: two tabs that save at once add one version each
    Policy.objects.select_for_update().get(pk=policy.pk)
    last = policy.versions.order_by("-number").first()
    version.policy, version.number = policy, last.number + 1 if last else 1
    version.save()
