"""People in the CMS, and that nobody lifts themselves."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone
from wagtail.models import GroupPagePermission

from learning.accounts.actions import create_token, delete_due
from learning.accounts.models import PersonalToken, User
from learning.accounts.roles import ACCESS_CMS, RIGHTS, ROLE_RIGHTS, Role, apply_roles
from learning.enrollment.models import Enrollment
from tests import school


def role_id(role: Role) -> str:
    return str(Group.objects.get(name=role).pk)


def form(person: User, **changes: Any) -> dict[str, Any]:
    kept = {
        "email": person.email,
        "display_name": person.display_name,
        "language": "",
        "time_zone": "UTC",
        "is_active": "on",
        "groups": [str(pk) for pk in person.groups.values_list("pk", flat=True)],
        "password1": "",
        "password2": "",
    }
    return {**kept, **changes}


def test_only_administrators_see_people(people: SimpleNamespace, visit: Any) -> None:
    for who in (people.student, people.teacher, people.editor, people.moderator):
        assert visit(who).get("/cms/users/").status_code == 302
        assert visit(who).get(f"/cms/users/edit/{people.student.pk}/").status_code == 302
    assert "student@example.org" in visit(people.admin).get("/cms/users/").content.decode()


def test_administrator_creates_and_gives_roles(people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.admin)
    data = {"email": "New@example.org", "display_name": "New", "language": "", "time_zone": "UTC"}
    data |= {"groups": [role_id(Role.TEACHER)], "password1": "long-enough-77", "password2": "long-enough-77"}
    assert client.post("/cms/users/new/", data).status_code == 302
    person = User.objects.get(email="new@example.org")
    assert person.has_role(Role.TEACHER)
    duplicate = client.post("/cms/users/new/", {**data, "email": "NEW@example.org"})
    assert "already has this e-mail" in duplicate.content.decode()


def test_nobody_changes_their_own_roles(people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.admin)
    roles = [role_id(role) for role in Role]
    client.post(f"/cms/users/edit/{people.admin.pk}/", form(people.admin, groups=roles, is_superuser="on"))
    client.post(f"/cms/bulk/accounts/user/assign_role/?id={people.admin.pk}", {"role": role_id(Role.MODERATOR)})
    person = school.fresh(people.admin)
    assert person.role_names == {Role.ADMINISTRATOR}
    assert not person.is_superuser


def test_superuser_is_no_field_and_no_prey(people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.admin)
    client.post(f"/cms/users/edit/{people.student.pk}/", form(people.student, is_superuser="on"))
    assert not school.fresh(people.student).is_superuser
    root = User.objects.create_superuser("root@example.org", school.PASSWORD, display_name="Root")
    stolen = form(root, email="admin2@example.org", password1="stolen-pass-1", password2="stolen-pass-1")
    assert client.post(f"/cms/users/edit/{root.pk}/", stolen).status_code in {302, 403}
    client.post(f"/cms/users/delete/{root.pk}/")
    client.post(f"/cms/bulk/accounts/user/delete/?id={root.pk}")
    client.post(f"/cms/bulk/accounts/user/set_active_state/?id={root.pk}", {"mark_as_active": ""})
    untouched = school.fresh(root)
    assert untouched.email == "root@example.org"
    assert untouched.is_active
    assert untouched.check_password(school.PASSWORD)


def test_groups_cannot_be_rewritten(people: SimpleNamespace, visit: Any) -> None:
    for who in (people.admin, people.moderator):
        for url in ("/cms/groups/", "/cms/groups/new/", f"/cms/groups/edit/{role_id(Role.EDITOR)}/"):
            assert visit(who).get(url).status_code in {302, 404}


def test_changed_address_must_be_confirmed_again(people: SimpleNamespace, visit: Any) -> None:
    visit(people.admin).post(f"/cms/users/edit/{people.student.pk}/", form(people.student, email="moved@example.org"))
    address = school.fresh(people.student).emailaddress_set.get()
    assert (address.email, address.verified) == ("moved@example.org", False)


def test_a_password_that_an_administrator_sets_ends_sessions_and_tokens(people: SimpleNamespace, visit: Any) -> None:
    create_token(user=people.student, name="Old", scopes=[])
    student = visit()
    student.post("/accounts/login/", {"login": people.student.email, "password": school.PASSWORD})
    assert student.get("/me/").status_code == 200
    admin = visit(people.admin)
    admin.post(f"/cms/users/edit/{people.student.pk}/", form(people.student, display_name="Renamed"))
    assert student.get("/me/").status_code == 200
    word = "another-long-password-7"
    admin.post(f"/cms/users/edit/{people.student.pk}/", form(people.student, password1=word, password2=word))
    assert school.fresh(people.student).check_password(word)
    assert student.get("/me/").status_code == 302
    assert not PersonalToken.objects.exists()
    assert not UserSession.objects.filter(user=people.student).exists()


@pytest.mark.parametrize("typed", ["ann blum", "blum ann", "ann"])
def test_all_in_a_bulk_action_are_those_whom_the_list_shows(people: SimpleNamespace, visit: Any, typed: str) -> None:
    for mailbox, name in (("one", "Ann Blum"), ("ann", "Blum Tree"), ("two", "Ann"), ("three", "Blum")):
        User.objects.filter(pk=school.person(mailbox).pk).update(display_name=name)
    client, query = visit(people.admin), urlencode({"q": typed})
    shown = {person.pk for person in client.get(f"/cms/users/?{query}").context["object_list"]}
    assert shown
    asked = f"/cms/bulk/accounts/user/set_active_state/?{urlencode({'id': 'all', 'next': f'/cms/users/?{query}'})}"
    chosen = {item["item"].pk for item in client.get(asked).context["items"]}
    assert chosen == shown


def test_deleting_says_what_happens_and_anonymises(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    asked = client.get(f"/cms/users/delete/{small.student.pk}/").content.decode()
    assert "former member" in asked
    assert client.post(f"/cms/users/delete/{small.student.pk}/").status_code == 302
    assert school.fresh(small.student).delete_after
    assert not school.fresh(small.student).is_active
    assert delete_due() == 0
    User.objects.filter(pk=small.student.pk).update(delete_after=timezone.now())
    assert delete_due() == 1
    assert school.fresh(small.student).anonymised_at
    assert Enrollment.objects.filter(pk=small.enrollment.pk).exists()
    client.post(f"/cms/bulk/accounts/user/delete/?id={small.teacher.pk}")
    assert school.fresh(small.teacher).delete_after


def test_roles_are_what_the_table_says_after_sync(people: SimpleNamespace) -> None:
    editor = Group.objects.get(name=Role.EDITOR)
    editor.permissions.clear()
    GroupPagePermission.objects.filter(group=editor).delete()
    own = Group.objects.create(name="Choir")
    call_command("sync_roles")
    granted = {f"{p.content_type.app_label}.{p.codename}" for p in editor.permissions.all()}
    wanted = {name for code in ROLE_RIGHTS[Role.EDITOR] for name in RIGHTS[code].permissions} | {ACCESS_CMS}
    assert granted == wanted
    assert GroupPagePermission.objects.filter(group=editor).count() == 2
    assert Group.objects.filter(pk=own.pk).exists()
    apply_roles(apps)
    assert editor.permissions.count() == len(wanted)
