"""Receivers of the framework's own signals about people."""

from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import password_changed, password_reset, password_set, user_signed_up
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from wagtail.users.models import UserProfile

from learning.accounts.actions import end_sessions
from learning.accounts.models import School, User
from learning.accounts.roles import Role
from learning.accounts.school import clear_school_cache


@receiver(user_signed_up)
def become_student(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Give the role of a student to everyone who signs up."""
    user.groups.add(Group.objects.get(name=Role.STUDENT))


@receiver([password_changed, password_set])
def end_other_sessions(request: HttpRequest, user: User, **kwargs: Any) -> None:
    # allauth has already given this session a new key, so `keep` is that new key (promise 11)
    end_sessions(person=user, keep=request.session.session_key)


@receiver(password_reset)
def end_every_session(request: HttpRequest, user: User, **kwargs: Any) -> None:
    end_sessions(person=user)


@receiver(password_reset)
def confirm_address(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Who came by the link of the mail has proven that the only address of the account is theirs.

    People whose account was made for them, such as students whom a teacher has invited, confirm it so.
    """
    addresses = list(EmailAddress.objects.filter(user=user)[:2])
    # with a second address the link may have gone there
    if len(addresses) == 1 and addresses[0].email.lower() == user.email.lower() and not addresses[0].verified:
        EmailAddress.objects.filter(pk=addresses[0].pk).update(verified=True)


@receiver(post_save, sender=User)
def end_sessions_of_the_inactive(instance: User, **kwargs: Any) -> None:
    """End sessions when an account is saved as inactive, as Wagtail's form and `ask_deletion` do."""
    if not instance.is_active:
        end_sessions(person=instance)


@receiver(pre_save, sender=School)
def delete_replaced_mark(instance: School, **kwargs: Any) -> None:
    """Delete the file of a school mark that is replaced or removed."""
    before = School.objects.filter(pk=instance.pk).exclude(mark=str(instance.mark or "")).first()
    if before is not None and before.mark:
        # after the commit: a rollback would leave a row whose file is gone
        transaction.on_commit(partial(before.mark.storage.delete, str(before.mark.name)))


@receiver(post_save, sender=School)
def school_changed(**kwargs: Any) -> None:
    clear_school_cache()


@receiver(pre_save, sender=UserProfile)
def use_own_language_and_zone(instance: UserProfile, **kwargs: Any) -> None:
    """Copy the language and time zone of the account to the profile of the CMS, which stores its own."""
    instance.preferred_language, instance.current_time_zone = instance.user.language, instance.user.time_zone


@receiver(post_save, sender=User)
def tell_language_and_zone_to_cms(instance: User, created: bool, **kwargs: Any) -> None:
    if not created:
        rows = UserProfile.objects.filter(user=instance)
        # update() sends no signal: save() would call the receiver above
        rows.update(preferred_language=instance.language, current_time_zone=instance.time_zone)
