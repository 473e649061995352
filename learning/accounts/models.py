"""People: one account per e-mail address."""

import uuid
import zoneinfo
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Permission, PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from learning.accounts.audit import deed_choices
from learning.accounts.roles import Role


class Theme(models.TextChoices):
    AUTO = "auto", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


def time_zone_choices() -> list[tuple[str, str]]:
    """Every zone of the tz database that is a place, as (name, name for people)."""
    names = sorted(n for n in zoneinfo.available_timezones() if "/" in n and not n.startswith(("Etc/", "posix/")))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names if name != "UTC")]


def avatar_path(person: "User", filename: str) -> str:
    """Return a random name for the stored file; no part of the uploaded name is used (promise 21)."""
    return f"avatars/{uuid.uuid4().hex}.webp"


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person. Without a password they can log in only after resetting it."""
        if not email:
            raise ValueError("An e-mail address is needed.")
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        person = self.create_user(email, password, **{**fields, "is_superuser": True})
        from allauth.account.models import EmailAddress

        # confirmed at once: logging in demands it, and `createsuperuser` sends no mail
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
        return person

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(_("e-mail"), unique=True)
    display_name = models.CharField(_("name"), max_length=80, help_text=_("As others see you."))
    avatar = models.ImageField(_("picture"), upload_to=avatar_path, blank=True)
    about = models.CharField(
        _("a line about you"), max_length=160, blank=True, help_text=_("Shown beside your name where you teach.")
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", choices=time_zone_choices)
    language = models.CharField(_("language"), max_length=8, blank=True, choices=settings.LANGUAGES)
    theme = models.CharField(_("theme"), max_length=8, default=Theme.AUTO, choices=Theme.choices)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Switch off to end all sessions and refuse new ones.")
    )
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    anonymised_at = models.DateTimeField(_("anonymised"), null=True, editable=False)
    # From then on the person may be anonymised; until then it can be cancelled.
    delete_after = models.DateTimeField(_("to be deleted"), null=True, editable=False)
    course_mail = models.BooleanField(
        _("letters from my courses"), default=True, help_text=_("Essential ones, such as a changed date, always come.")
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["display_name", "id"]
        # `unique` alone would let Ann@example.org and ann@example.org be two accounts
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_ci")]
        permissions = [
            ("read_all_lessons", "Can read every lesson"),
            ("teach", "Can be on the team of a course"),
            ("run_school", "Can look after the students of every course"),
            ("change_rights", "Can change what groups of people may do"),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        if self.anonymised_at:
            return str(_("former member"))
        return self.display_name or self.email.split("@")[0]

    def get_short_name(self) -> str:
        return self.get_full_name().split(" ")[0]

    @property
    def initials(self) -> str:
        words = self.get_full_name().split()
        return "".join(word[0] for word in words[:2]).upper()

    @cached_property
    def role_names(self) -> frozenset[str]:
        """Names of the person's groups; one query, cached on this object, which lives for one request."""
        return frozenset(self.groups.values_list("name", flat=True))

    def has_role(self, *roles: Role) -> bool:
        return self.is_active and any(role.value in self.role_names for role in roles)

    @cached_property
    def school_rights(self) -> frozenset[str]:
        """Codenames of the rights of this app that the person's groups give; one query at most, kept as
        `role_names` is."""
        known = self.__dict__.get("_perm_cache")  # what Django has read for `has_perm` is not read again
        if known is not None:
            return frozenset(name.partition(".")[2] for name in known if name.startswith("accounts."))
        names = Permission.objects.filter(content_type__app_label="accounts", group__user=self)
        return frozenset(names.values_list("codename", flat=True))

    def has_right(self, right: str) -> bool:
        """Whether they are active and have this right of `accounts`, such as `change_rights`."""
        return self.is_active and (self.is_superuser or right in self.school_rights)

    @property
    def reads_everything(self) -> bool:
        """Editors, moderators and administrators read all lessons."""
        return self.has_right("read_all_lessons")

    @property
    def runs_school(self) -> bool:
        """Administrators see and change every enrolment and study group."""
        return self.has_right("run_school")

    @property
    def may_teach(self) -> bool:
        return self.has_right("teach")

    @property
    def is_staff_member(self) -> bool:
        return self.is_active and (self.is_superuser or self.has_perm("wagtailadmin.access_admin"))


def display_name_of(person: User) -> str:
    """Return the name that allauth shows in its pages and mail."""
    return person.get_full_name()


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """A log whose rows can be read and added, never changed or deleted."""

    def update(self, **kwargs: Any) -> int:
        raise TypeError("The audit log is never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit log is never deleted from.")


class AuditEntry(models.Model):
    """Who changed what, and for which person: written in the transaction of the change itself, never edited.

    It names people by key, so that anonymising a person anonymises them here too.
    """

    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    deed = models.CharField(_("what"), max_length=12, choices=deed_choices)
    # no constraint and DO_NOTHING, here and below: an entry outlives the row of the person
    actor = models.ForeignKey(
        User, verbose_name=_("who"), null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    person = models.ForeignKey(
        User, verbose_name=_("whom"), null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    # a number and no foreign key: courses belong to a higher app, and an entry outlives its course
    course_id = models.PositiveIntegerField(null=True)
    # Codes, names of groups and roles, numbers; never an e-mail address or a person's name.
    facts = models.JSONField(_("details"), default=dict)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the audit log")
        verbose_name_plural = _("audit log")
        ordering = ["-pk"]
        default_permissions = ("view",)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("The audit log is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit log is never deleted from.")


class PersonalToken(models.Model):
    """A personal key to the API. Only its digest is stored: who reads the table cannot use it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="personal_tokens")
    name = models.CharField(_("name"), max_length=80, help_text=_("What it is for, such as “my calendar”."))
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    expires_at = models.DateTimeField(_("expires"), null=True)

    class Meta:
        verbose_name = _("token")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


def mark_path(school: "School", filename: str) -> str:
    return f"school/{uuid.uuid4().hex}.webp"


@register_setting(icon="home")
class School(BaseGenericSetting):
    """One row: how the school presents itself."""

    name = models.CharField(
        _("name of the school"),
        max_length=60,
        default="Parta",
        validators=[RegexValidator(r"[\x00-\x1f\x7f]", _("The name is one line of text."), inverse_match=True)],
    )
    mark = models.ImageField(_("mark"), upload_to=mark_path, blank=True)
    sender = models.EmailField(
        _("sender of mail"), blank=True, help_text=_("The address that the school's mail comes from.")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        choices=time_zone_choices,
        help_text=_("For visitors, and for new accounts whose browser does not tell its own."),
    )
    contact = models.EmailField(_("contact"), blank=True, help_text=_("Shown at the foot of every page."))

    class Meta:
        verbose_name = _("School")
        default_permissions = ("change",)

    def __str__(self) -> str:
        return self.name
