"""Which collections a person works in, action by action."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from wagtail.models import Collection, GroupCollectionPermission
from wagtail.permissions import policy_registry

from learning.accounts.models import User
from learning.library.collections import collection_of
from learning.library.models import Picture, StoredFile
from learning.library.policies import _rights_on
from tests import school

KINDS = pytest.mark.parametrize("kind", [Picture, StoredFile])


def collections(kind: Any, user: Any, action: str) -> set[int]:
    policy = policy_registry.get_by_type(kind)
    return set(policy.collections_user_has_permission_for(user, action).values_list("pk", flat=True))


@KINDS
def test_a_teacher_works_in_the_collections_of_their_courses_and_deletes_nothing(
    small: SimpleNamespace, kind: Any
) -> None:
    own, other = collection_of(small.course), collection_of(small.other)
    for action in ("add", "change", "choose"):
        assert collections(kind, small.teacher, action) == {own.pk}, action
        assert collections(kind, small.other_teacher, action) == {other.pk}, action
        assert collections(kind, small.student, action) == set(), action
    assert collections(kind, small.teacher, "delete") == {own.pk}  # what they may change they may delete
    policy = policy_registry.get_by_type(kind)
    assert policy.user_has_any_permission(small.teacher, ["add"])
    assert not policy.user_has_any_permission(small.student, ["add", "change", "choose", "delete"])


@KINDS
def test_superusers_and_editors_work_everywhere_and_the_closed_and_strangers_nowhere(
    small: SimpleNamespace, kind: Any
) -> None:
    collection_of(small.course)
    everything = set(Collection.objects.values_list("pk", flat=True))
    root = User.objects.create_superuser("root@example.org", "x")
    assert collections(kind, root, "add") == everything
    assert collections(kind, small.editor, "choose") == everything
    User.objects.filter(pk__in=[root.pk, small.teacher.pk, small.editor.pk]).update(is_active=False)
    for who in (root, small.teacher, small.editor):
        assert collections(kind, school.fresh(who), "add") == set()
    assert collections(kind, AnonymousUser(), "add") == set()


def test_a_team_adds_rows_of_its_own_to_those_of_the_groups(small: SimpleNamespace) -> None:
    """Rows that are in no table: three rights for each collection, each with a key of its own, for this model only."""
    own = collection_of(small.course)
    third = school.course("Third", team=(small.teacher,))
    policy = policy_registry.get_by_type(Picture)
    rows = policy.get_all_permissions_for_user(school.fresh(small.teacher))
    added = [row for row in rows if row.pk < 0]
    assert len({row.pk for row in added}) == len(added) == 6
    assert {row.collection_id for row in added} == {own.pk, collection_of(third).pk}
    assert {row.permission.codename for row in added} == {"add_image", "change_image", "choose_image"}
    assert {row.permission.content_type.app_label for row in added} == {"wagtailimages"}
    assert not GroupCollectionPermission.objects.filter(pk__lt=0).exists()
    # who may do all this in every collection gets nothing more
    assert [row for row in policy.get_all_permissions_for_user(school.fresh(small.editor)) if row.pk < 0] == []


def test_rights_are_those_of_the_model_asked_for(db: None) -> None:
    found = {(right.content_type.app_label, right.codename) for right in _rights_on("wagtaildocs", "document")}
    assert found == {("wagtaildocs", f"{verb}_document") for verb in ("add", "change", "choose")}


def test_pictures_and_files_are_asked_for_apart(small: SimpleNamespace) -> None:
    """One person's answers for both models are cached under different names."""
    collection_of(small.course)
    teacher = school.fresh(small.teacher)
    # Wagtail asks by the models that it came with
    for kind, model in ((Picture, "image"), (StoredFile, "document"), (Picture, "image")):
        rows = policy_registry.get_by_type(kind).get_cached_permissions_for_user(teacher)
        assert {row.permission.content_type.model for row in rows if row.pk < 0} == {model}


@KINDS
def test_the_collection_of_the_edited_course_stands_first(small: SimpleNamespace, kind: Any) -> None:
    collection_of(small.course)
    third = school.course("Zz", team=(small.teacher,))
    last = collection_of(third)
    policy = policy_registry.get_by_type(kind)
    teacher = school.fresh(small.teacher)
    in_order = policy.collections_user_has_any_permission_for(teacher, ["add"]).order_by("path")
    assert in_order.last().pk == last.pk
    assert policy.collections_user_has_any_permission_for(teacher, ["add"]).count() == 2
    teacher = school.fresh(small.teacher)
    teacher.edited_course_id = third.pk
    found = policy.collections_user_has_any_permission_for(teacher, ["add"])
    assert next(row.pk for row in found) == last.pk
    assert found.count() == 2


@KINDS
def test_every_right_on_one_collection_takes_nothing_from_the_courses_of_a_team(
    small: SimpleNamespace, kind: Any
) -> None:
    """Only who may do everything at the root needs no rows of their own."""
    own, other = collection_of(small.course), collection_of(small.other)
    group = Group.objects.create(name="Keepers of Zoology")
    small.teacher.groups.add(group)
    of_rights = policy_registry.get_by_type(kind).auth_model._meta
    for right in _rights_on(of_rights.app_label, of_rights.model_name):
        GroupCollectionPermission.objects.create(group=group, collection=other, permission=right)
    assert collections(kind, school.fresh(small.teacher), "add") == {own.pk, other.pk}
