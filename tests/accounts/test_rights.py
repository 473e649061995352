"""Rights of roles, in the whole school and in one course; and that nobody lifts anyone above themselves."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied

from learning.accounts import deeds
from learning.accounts.models import AuditEntry, User
from learning.accounts.rights import (
    assignable_roles,
    change_rights,
    create_role,
    delete_role,
    may_manage_person,
    rights_of,
    rights_of_groups,
)
from learning.accounts.roles import RIGHTS, ROLE_RIGHTS, Role, give_rights
from learning.enrollment.models import CourseRight
from tests import school

PAGE = "/cms/rights/"


def role(name: str) -> Group:
    return Group.objects.get(name=name)


def save(client: Any, query: str = "", **wanted: list[str]) -> Any:
    """Post the table: by the name of each group the codes that are ticked."""
    data: dict[str, str] = {}
    for name, codes in wanted.items():
        pk = role(name).pk
        data[f"shown-{pk}"] = "1"
        data |= {f"{pk}-{code}": "on" for code in codes}
    return client.post(PAGE + query, data)


def manager(*codes: str) -> User:
    """Someone of a role of the school's own making, with these rights."""
    root = User.objects.create_superuser(f"root{len(codes)}@example.org", "x")
    group = Group.objects.create(name=f"Managers {'-'.join(codes)}")
    change_rights(group=group, codes=set(codes), actor=root)
    who = school.person(role=None)
    who.groups.add(group)
    return who


def test_roles_begin_with_the_rights_of_the_table(people: SimpleNamespace) -> None:
    held = rights_of_groups(Group.objects.all())
    for name, codes in ROLE_RIGHTS.items():
        assert held[role(name).pk] == set(codes), name


def test_page_shows_and_changes_rights(people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.admin)
    body = client.get(PAGE).content.decode()
    assert all(str(right.label).replace("'", "&#x27;") in body for right in RIGHTS.values())
    assert client.post(PAGE, {"new": "1", "name": "Methodists"}).status_code == 302
    save(client, Methodists=["read", "write"])
    assert rights_of_groups([role("Methodists")])[role("Methodists").pk] == {"read", "write"}
    methodist = school.person(role=None)
    methodist.groups.add(role("Methodists"))
    course = school.course()
    lesson = school.lesson(school.module(course))
    assert visit(methodist).get(school.path_of(lesson)).status_code == 200
    assert visit(methodist).get(f"/cms/pages/{lesson.pk}/edit/").status_code == 200
    save(client, Methodists=[])
    assert visit(methodist).get(school.path_of(lesson)).status_code == 403
    assert visit(methodist).get("/cms/").status_code == 302
    entry = AuditEntry.objects.filter(deed=deeds.RIGHTS).first()
    assert entry
    assert (entry.actor, entry.facts) == (people.admin, {"role": "Methodists", "given": [], "taken": ["read", "write"]})


def test_only_who_may_change_rights_sees_the_page(people: SimpleNamespace, visit: Any) -> None:
    for who in (people.student, people.teacher, people.editor, people.moderator):
        assert visit(who).get(PAGE).status_code == 302
        assert visit(who).post(PAGE, {"new": "1", "name": "X"}).status_code == 302
    assert not Group.objects.filter(name="X").exists()


def test_nobody_changes_the_rights_of_their_own_role(people: SimpleNamespace, visit: Any) -> None:
    who = manager("rights", "read")
    own = who.groups.get()
    before = rights_of(who)
    client = visit(who)
    client.post(PAGE, {f"shown-{own.pk}": "1", f"{own.pk}-people": "on", f"{own.pk}-rights": "on"})
    save(client, Student=["people"])
    save(client, Administrator=[])
    assert rights_of(school.fresh(who)) == before
    assert rights_of_groups([role("Student")])[role("Student").pk] == frozenset()
    assert rights_of_groups([role("Administrator")])[role("Administrator").pk] == set(RIGHTS)
    save(client, Student=["read"])
    assert rights_of_groups([role("Student")])[role("Student").pk] == {"read"}


def test_who_manages_people_gives_only_what_they_have(people: SimpleNamespace, visit: Any) -> None:
    who = manager("people")
    client = visit(who)
    data = {"email": "new@example.org", "display_name": "New", "language": "", "time_zone": "UTC"}
    data |= {"password1": "long-enough-77", "password2": "long-enough-77"}
    refused = client.post("/cms/users/new/", {**data, "groups": [role(Role.ADMINISTRATOR).pk]})
    assert refused.status_code == 200
    assert not User.objects.filter(email="new@example.org").exists()
    assert client.post("/cms/users/new/", {**data, "groups": [role(Role.STUDENT).pk]}).status_code == 302
    client.post(f"/cms/bulk/accounts/user/assign_role/?id={people.student.pk}", {"role": role(Role.ADMINISTRATOR).pk})
    assert school.fresh(people.student).role_names == {Role.STUDENT}


def test_who_may_do_more_is_not_theirs_to_touch(people: SimpleNamespace, visit: Any) -> None:
    who = manager("people")
    client = visit(who)
    assert not may_manage_person(who, people.admin)
    assert may_manage_person(who, people.student)
    taken_over = {"email": "mine@example.org", "display_name": "A", "language": "", "time_zone": "UTC"}
    assert client.post(f"/cms/users/edit/{people.admin.pk}/", taken_over).status_code == 302
    client.post(f"/cms/users/delete/{people.admin.pk}/")
    client.post(f"/cms/bulk/accounts/user/delete/?id={people.admin.pk}")
    client.post(f"/cms/bulk/accounts/user/set_active_state/?id={people.admin.pk}", {"mark_as_active": "False"})
    client.post(f"/cms/people/{people.admin.pk}/account/", {"do": "reset_mfa"})
    admin = school.fresh(people.admin)
    assert (admin.email, admin.is_active, admin.delete_after) == ("admin@example.org", True, None)


def test_editing_keeps_roles_that_are_not_ones_own_to_take(people: SimpleNamespace, visit: Any) -> None:
    who = manager("people", "team", "own_students", "tutoring", "dictionary")
    people.student.groups.add(Group.objects.create(name="Choir"))
    data = {"email": people.student.email, "display_name": "Renamed", "language": "", "time_zone": "UTC"}
    data |= {"is_active": "on", "groups": [role(Role.TEACHER).pk]}
    assert visit(who).post(f"/cms/users/edit/{people.student.pk}/", data).status_code == 302
    assert school.fresh(people.student).role_names == {Role.TEACHER}
    entry = AuditEntry.objects.filter(deed=deeds.ROLES).first()
    assert entry
    assert entry.facts == {"given": ["Teacher"], "taken": ["Choir", "Student"]}


def test_rights_in_one_course(small: SimpleNamespace, visit: Any) -> None:
    helpers = Group.objects.create(name="Helpers")
    helper = school.person(role=None)
    helper.groups.add(helpers)
    client = visit(small.admin)
    assert client.get(f"{PAGE}?course={small.course.pk}").status_code == 200
    table = f"/teaching/courses/{small.course.pk}/"
    assert visit(helper).get(table).status_code == 404
    save(client, f"?course={small.course.pk}", Helpers=["read", "students"])
    assert visit(helper).get(table).status_code == 200
    assert visit(helper).get(f"/teaching/courses/{small.other.pk}/").status_code == 404
    assert visit(helper).get(school.path_of(small.lessons[0])).status_code == 200
    assert visit(helper).get(school.path_of(small.other_lesson)).status_code == 403
    assert visit(helper).get(f"/cms/pages/{small.lessons[0].pk}/edit/").status_code == 404
    save(client, f"?course={small.course.pk}", Helpers=["write"])
    assert visit(helper).get(f"/cms/pages/{small.lessons[0].pk}/edit/").status_code == 200
    assert visit(helper).get(f"/cms/pages/{small.other_lesson.pk}/edit/").status_code == 404
    assert visit(helper).get(table).status_code == 404
    save(client, f"?course={small.course.pk}", Helpers=[])
    assert visit(helper).get(school.path_of(small.lessons[0])).status_code == 403
    assert not CourseRight.objects.exists()


def test_roles_of_ones_own_are_deleted_when_nobody_has_them(people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.admin)
    choir = Group.objects.create(name="Choir")
    people.student.groups.add(choir)
    client.post(PAGE, {"delete": choir.pk})
    assert Group.objects.filter(pk=choir.pk).exists()
    people.student.groups.remove(choir)
    client.post(PAGE, {"delete": choir.pk})
    assert not Group.objects.filter(pk=choir.pk).exists()
    client.post(PAGE, {"delete": role(Role.STUDENT).pk})
    assert Group.objects.filter(name=Role.STUDENT).exists()
    for name in ("", "student", "x" * 500):
        client.post(PAGE, {"new": "1", "name": name})
    assert Group.objects.filter(name="x" * 80).exists()


def test_roles_are_made_and_deleted_by_who_may_change_rights(people: SimpleNamespace) -> None:
    """Whichever screen asks: the actions themselves refuse."""
    choir = Group.objects.create(name="Choir")
    for actor in (people.teacher, people.editor, people.moderator):
        with pytest.raises(PermissionDenied):
            create_role(name="Orchestra", actor=actor)
        with pytest.raises(PermissionDenied):
            delete_role(group=choir, actor=actor)
    admin = people.admin
    User.objects.filter(pk=admin.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        create_role(name="Orchestra", actor=school.fresh(admin))
    # a role that may do more than one's own cannot be deleted either
    give_rights(apps, choir, {"students", "people"})
    helper = manager("rights")
    with pytest.raises(PermissionDenied):
        delete_role(group=choir, actor=helper)
    assert set(Group.objects.values_list("name", flat=True)) >= {"Choir"}
    assert not Group.objects.filter(name="Orchestra").exists()


def test_who_has_rights_in_a_course_is_above_a_clerk(small: SimpleNamespace, visit: Any) -> None:
    clerk = manager("people", "team", "own_students")
    assert not may_manage_person(clerk, small.teacher)
    writers = Group.objects.create(name="Writers")
    CourseRight.objects.create(role=writers, course=small.course, right="write")
    small.stranger.groups.add(writers)
    assert not may_manage_person(clerk, small.stranger)
    assert may_manage_person(clerk, small.student)
    assert writers not in assignable_roles(clerk)
    assert writers in assignable_roles(small.admin)


def test_all_people_means_those_of_the_list(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    client.post("/cms/bulk/accounts/user/delete/?id=all&next=/cms/users/%3Fq%3Dclassmate")
    closed = User.objects.filter(delete_after__isnull=False).values_list("email", flat=True)
    assert list(closed) == ["classmate@example.org"]
