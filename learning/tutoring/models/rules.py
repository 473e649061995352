"""Weekly rules, from which lessons are made. A rule has versions, and none is changed once it is stored."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.tutoring.models.projects import LONGEST_LESSON, Project

MOST_WEEKS_BETWEEN = 8


class WeeklyRule(models.Model):
    """A lineage of versions: lessons keep their rule when it changes."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rules")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("weekly rule")
        ordering = ["pk"]
        default_permissions = ()


class RuleVersion(models.Model):
    """What a weekly rule says from a day on, until its next version begins."""

    rule = models.ForeignKey(WeeklyRule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    from_date = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True)  # the last day; None: open
    every = models.PositiveSmallIntegerField(
        _("every how many weeks"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_WEEKS_BETWEEN)],
    )
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("version of a weekly rule")
        ordering = ["number"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "number"], name="tutoring_rule_version"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("A version of a weekly rule is never changed: add a new one.")
        super().save(*args, **kwargs)


class RuleSlot(models.Model):
    """One lesson of a week: a weekday and a local time in the zone of the project."""

    version = models.ForeignKey(RuleVersion, on_delete=models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField()  # stays with the slot through the versions of the rule
    weekday = models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)])  # 0 is Monday
    at = models.TimeField(_("at"))
    minutes = models.PositiveSmallIntegerField(validators=[MinValueValidator(5), MaxValueValidator(LONGEST_LESSON)])

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "number"], name="tutoring_slot_number"),
        ]
