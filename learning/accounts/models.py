"""People: one account per e-mail address."""

import uuid
import zoneinfo
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from learning.accounts.roles import AUTHOR_ROLES, SCHOOL_ROLES, Role


class Theme(models.TextChoices):
    AUTO = "auto", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


def time_zone_choices() -> list[tuple[str, str]]:
    """Every zone of the tz database that is a place, as (name, name for people)."""
    names = sorted(n for n in zoneinfo.available_timezones() if "/" in n and not n.startswith(("Etc/", "posix/")))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names if name != "UTC")]


def avatar_path(person: "User", filename: str) -> str:
    """Stored names are generated; nothing of the uploaded name is kept."""
    return f"avatars/{uuid.uuid4().hex}.webp"


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new person; without a password they can only come in by resetting it."""
        if not email:
            raise ValueError("An e-mail address is needed.")
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        person = self.create_user(email, password, **{**fields, "is_superuser": True})
        from allauth.account.models import EmailAddress

        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
        return person

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(_("e-mail"), unique=True)
    display_name = models.CharField(_("name"), max_length=80, help_text=_("As others see you."))
    avatar = models.ImageField(_("picture"), upload_to=avatar_path, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", choices=time_zone_choices)
    language = models.CharField(_("language"), max_length=8, blank=True, choices=settings.LANGUAGES)
    theme = models.CharField(_("theme"), max_length=8, default=Theme.AUTO, choices=Theme.choices)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Switch off to end all sessions and refuse new ones.")
    )
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    anonymised_at = models.DateTimeField(_("anonymised"), null=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["display_name", "id"]
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_ci")]
        permissions = [
            ("read_all_lessons", "Can read every lesson"),
            ("teach", "Can be on the team of a course"),
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
        """Names of the person's groups; one query, kept for the life of this object (a request)."""
        return frozenset(self.groups.values_list("name", flat=True))

    def has_role(self, *roles: Role) -> bool:
        return self.is_active and any(role.value in self.role_names for role in roles)

    @property
    def reads_everything(self) -> bool:
        """Editors, moderators and administrators read all lessons."""
        return self.is_active and (self.is_superuser or self.has_role(*AUTHOR_ROLES))

    @property
    def runs_school(self) -> bool:
        """Administrators see and change every enrolment and person."""
        return self.is_active and (self.is_superuser or self.has_role(*SCHOOL_ROLES))

    @property
    def is_staff_member(self) -> bool:
        return self.is_active and (self.is_superuser or self.has_perm("wagtailadmin.access_admin"))


def display_name_of(person: User) -> str:
    """How allauth names a person in its pages and mail."""
    return person.get_full_name()
