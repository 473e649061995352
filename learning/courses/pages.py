"""What editors publish: a catalogue of courses, their modules and lessons, as Wagtail pages.

Nothing here depends on students. Who may read is decided above, by `learning.enrollment.access`,
through Wagtail's `on_serve_page` hook.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import strip_tags
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from wagtail import blocks
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    HelpPanel,
    InlinePanel,
    MultiFieldPanel,
    ObjectList,
    TabbedInterface,
)
from wagtail.fields import RichTextField, StreamField
from wagtail.images import get_image_model_string
from wagtail.models import Orderable, Page
from wagtail.search import index

from learning.base.compiled import CompiledQuery
from learning.courses.blocks import LessonField
from learning.courses.enums import Completes, CourseLanguage, EnrollmentPolicy, Level
from learning.courses.page_forms import SchoolPageForm
from learning.courses.panels import PublicTitleChooserPanel
from learning.courses.school_page import SchoolPage


class CatalogPage(SchoolPage):
    """The list of courses, with filters."""

    introduction = RichTextField(_("introduction"), blank=True, features=["bold", "italic", "link"])

    parent_page_types: ClassVar = ["home.HomePage"]
    subpage_types: ClassVar = ["courses.CoursePage"]
    admin_default_ordering = "ord"
    content_panels: ClassVar = [*Page.content_panels, FieldPanel("introduction")]
    template = "courses/catalog.html"

    @property
    def summary_for_sharing(self) -> str:
        return Truncator(strip_tags(self.introduction)).chars(150)

    class Meta:
        verbose_name = _("catalogue")
        verbose_name_plural = _("catalogues")


class CoursePage(SchoolPage):
    """A course: its description is public, its lessons are not."""

    summary = models.CharField(_("summary"), max_length=300, help_text=_("One or two sentences for the catalogue."))
    about = RichTextField(_("about the course"), blank=True, features=["bold", "italic", "link", "ol", "ul", "h3"])
    cover = models.ForeignKey(
        get_image_model_string(),
        verbose_name=_("cover"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Shown to everyone. Without one the course gets a typographic cover."),
    )
    # Parental: kept in the revision, so that a change in a draft shows only when it is published
    subjects = ParentalManyToManyField(
        "courses.Subject", verbose_name=_("subjects"), blank=True, related_name="courses"
    )
    level = models.CharField(_("level"), max_length=16, choices=Level.choices, default=Level.BEGINNER)
    language = models.CharField(
        _("language"), max_length=8, choices=CourseLanguage.choices, default=CourseLanguage.ENGLISH
    )
    outcomes = StreamField(
        [("outcome", blocks.CharBlock(label=_("Outcome"), icon="tick-inverse", max_length=200))],
        verbose_name=_("what you will learn"),
        blank=True,
    )
    policy = models.CharField(
        _("who may enrol"), max_length=16, choices=EnrollmentPolicy.choices, default=EnrollmentPolicy.OPEN
    )
    key = models.CharField(
        _("key"), max_length=64, blank=True, help_text=_("The secret word under the policy “with a key”.")
    )
    capacity = models.PositiveIntegerField(
        _("seats"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    waiting_list = models.BooleanField(
        _("waiting list"), default=False, help_text=_("When full, people queue; a freed seat goes to the first one.")
    )
    choose_group = models.BooleanField(
        _("students choose a study group"), default=False, help_text=_("They are asked when they enrol.")
    )
    enroll_from = models.DateTimeField(_("enrolment opens"), null=True, blank=True)
    enroll_until = models.DateTimeField(_("enrolment closes"), null=True, blank=True)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    cover_style = 0  # which typographic cover; set by `choose_covers`
    # Changes with anything in the programme; it is part of the key of cached outlines.
    programme_stamp = models.DateTimeField(default=timezone.now, editable=False)

    levels_below_course: ClassVar = 0
    parent_page_types: ClassVar = ["courses.CatalogPage"]
    subpage_types: ClassVar = ["courses.ModulePage"]
    exclude_fields_in_copy: ClassVar = ["programme_stamp"]
    admin_default_ordering = "ord"
    template = "courses/course.html"

    search_fields: ClassVar = [
        *Page.search_fields,
        index.SearchField("summary"),
        index.SearchField("about"),
        index.FilterField("level"),
        index.FilterField("language"),
    ]

    content_panels: ClassVar = [
        *Page.content_panels,
        FieldPanel("summary"),
        FieldPanel("cover"),
        FieldPanel("about"),
        FieldPanel("outcomes"),
        FieldRowPanel([FieldPanel("level"), FieldPanel("language")]),
        FieldPanel("subjects"),
        InlinePanel("team", label=_("Teacher"), heading=_("Team of teachers")),
    ]
    enrollment_panels: ClassVar = [
        HelpPanel(content=_("Changes here hold from the moment the course is published.")),
        MultiFieldPanel([FieldPanel("policy"), FieldPanel("key")], heading=_("Who may enrol")),
        MultiFieldPanel([FieldPanel("capacity"), FieldPanel("waiting_list")], heading=_("Seats")),
        FieldPanel("choose_group"),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("enroll_from"), FieldPanel("enroll_until")]),
                FieldRowPanel([FieldPanel("starts_at"), FieldPanel("ends_at")]),
            ],
            heading=_("Dates"),
        ),
        InlinePanel("prerequisites", label=_("Course"), heading=_("Complete first")),
    ]
    edit_handler = TabbedInterface(
        [
            ObjectList(content_panels, heading=_("Content")),
            ObjectList(enrollment_panels, heading=_("Enrolment")),
            ObjectList(Page.promote_panels, heading=_("Promote")),
            ObjectList(Page.settings_panels, heading=_("Settings")),
        ]
    )

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")

    def clean(self) -> None:
        super().clean()
        problems: dict[str, Any] = {}
        if self.policy == EnrollmentPolicy.KEY and not self.key.strip():
            problems["key"] = _("Enrolment with a key needs a key.")
        if self.enroll_from and self.enroll_until and self.enroll_from >= self.enroll_until:
            problems["enroll_until"] = _("Enrolment must close after it opens.")
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            problems["ends_at"] = _("The course must end after it starts.")
        if self.pk and any(link.required_id == self.pk for link in self.prerequisites.all()):
            problems["__all__"] = _("A course cannot be a prerequisite of itself.")
        if problems:
            raise ValidationError(problems)

    @property
    def summary_for_sharing(self) -> str:
        return self.summary

    @property
    def has_started(self) -> bool:
        return self.starts_at is None or self.starts_at <= timezone.now()

    @property
    def has_ended(self) -> bool:
        return self.ends_at is not None and self.ends_at <= timezone.now()

    @cached_property
    def teachers(self) -> list[Any]:
        """Return the active members of the team in its order, with the fields that a page shows."""
        # only these columns are filled: the objects are for display and must never be saved
        names = ("id", "display_name", "email", "avatar", "about")
        return [get_user_model()(**dict(zip(names, row, strict=True))) for row in _team.rows(self.pk)]


class CourseTeacher(Orderable):
    """Membership of a course's team; published with the course."""

    course = ParentalKey(CoursePage, on_delete=models.CASCADE, related_name="team")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="teaches"
    )

    panels: ClassVar = [FieldPanel("person")]

    class Meta(Orderable.Meta):
        verbose_name = _("teacher")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "person"], name="courses_teacher_once_per_course")
        ]


_team = CompiledQuery(
    lambda course_id: (
        CourseTeacher.objects.filter(course_id=course_id, person__is_active=True)
        .order_by("sort_order")
        .values_list("person_id", "person__display_name", "person__email", "person__avatar", "person__about")
    )
)


class CoursePrerequisite(Orderable):
    """A course that must be completed before another opens."""

    course = ParentalKey(CoursePage, on_delete=models.CASCADE, related_name="prerequisites")
    required = models.ForeignKey(
        CoursePage, verbose_name=_("course"), on_delete=models.CASCADE, related_name="required_by"
    )

    panels: ClassVar = [PublicTitleChooserPanel("required", "courses.CoursePage")]

    class Meta(Orderable.Meta):
        verbose_name = _("prerequisite")


class CoursePart(SchoolPage):
    """A module or lesson: belongs to a course, and its rendered body can be kept until it changes."""

    # Changes with every save and when a picture or file in the body changes; it is part of the key of cached bodies.
    content_stamp = models.DateTimeField(default=timezone.now, editable=False)
    exclude_fields_in_copy: ClassVar = ["content_stamp"]

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        # Wagtail saves with `update_fields` when it only notes a new draft, which readers do not see yet
        if update_fields is None:
            self.content_stamp = timezone.now()
        super().save(*args, update_fields=update_fields, **kwargs)

    @cached_property
    def course(self) -> CoursePage:
        """The course above; `routing.find_page` sets it in advance, without a query."""
        return CoursePage.objects.ancestor_of(self).get()

    @property
    def summary_for_sharing(self) -> str:
        return self.course.summary

    @cached_property
    def is_below_unpublished(self) -> bool:
        """Whether a page above is not published; `routing.find_page` sets it in advance."""
        return self.get_ancestors().filter(live=False, depth__gt=1).exists()

    def get_sitemap_urls(self, request: HttpRequest | None = None) -> list[dict[str, Any]]:
        # modules and closed lessons are not public, so the sitemap leaves them out (promise 1)
        return []


class ModulePage(CoursePart):
    """A module: an introduction and lessons."""

    introduction = LessonField(verbose_name=_("introduction"), blank=True)

    levels_below_course: ClassVar = 1
    parent_page_types: ClassVar = ["courses.CoursePage"]
    subpage_types: ClassVar = ["courses.LessonPage"]
    admin_default_ordering = "ord"
    content_panels: ClassVar = [*Page.content_panels, FieldPanel("introduction")]
    search_fields: ClassVar = [*Page.search_fields, index.SearchField("introduction")]
    template = "courses/module.html"

    class Meta:
        verbose_name = _("module")
        verbose_name_plural = _("modules")

    @property
    def stream(self) -> Any:
        return self.introduction


class LessonForm(SchoolPageForm):
    def _post_clean(self) -> None:
        super()._post_clean()
        # validation is deferred while a draft is saved: a draft may be incomplete
        if not self.is_deferred_validation and not self.errors:
            try:
                self.instance.check_played()
            except ValidationError as error:
                self.add_error(None, error)


class LessonPage(CoursePart):
    """A lesson: what students read."""

    base_form_class = LessonForm

    body = LessonField(verbose_name=_("body"), blank=True)
    minutes = models.PositiveSmallIntegerField(
        _("minutes"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(600)],
        help_text=_("How long a student needs."),
    )
    free_preview = models.BooleanField(
        _("free preview"), default=False, help_text=_("Open to everyone, enrolled or not.")
    )
    completes = models.CharField(
        _("is done when"), max_length=16, choices=Completes.choices, default=Completes.BY_STUDENT
    )

    levels_below_course: ClassVar = 2
    parent_page_types: ClassVar = ["courses.ModulePage"]
    subpage_types: ClassVar[list[str]] = []
    content_panels: ClassVar = [
        *Page.content_panels,
        FieldPanel("body"),
        MultiFieldPanel(
            [FieldPanel("minutes"), FieldPanel("completes"), FieldPanel("free_preview")], heading=_("For students")
        ),
    ]
    search_fields: ClassVar = [*Page.search_fields, index.SearchField("body"), index.FilterField("free_preview")]
    template = "courses/lesson.html"

    class Meta:
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")

    @property
    def stream(self) -> Any:
        return self.body

    @property
    def module(self) -> ModulePage:
        return self.__dict__.get("_module") or self.get_parent().specific

    @module.setter
    def module(self, module: ModulePage) -> None:
        self.__dict__["_module"] = module

    def required_blocks(self) -> set[str]:
        """Return the UUIDs of the blocks that must be played before the lesson counts as done.

        A file that no browser plays is left out: no student could play it.
        """
        if self.completes != Completes.BY_BLOCKS:
            return set()
        return {str(block.id) for block in self._played_blocks() if block.value["file"].plays_in_browsers}

    def _played_blocks(self) -> list[Any]:
        return [block for block in self.body if block.block_type in ("video", "audio") and block.value["file"]]

    def check_played(self) -> None:
        """Raise ValidationError when students must play the files of the lesson and no browser plays any of them."""
        if self.completes == Completes.BY_BLOCKS and self._played_blocks() and not self.required_blocks():
            problem = _("No file in this lesson plays in a browser, so nobody could finish it this way.")
            raise ValidationError({"completes": problem})

    def _own_checks(self) -> Iterable[Callable[[], None]]:
        return [*super()._own_checks(), self.check_played]

    def get_sitemap_urls(self, request: HttpRequest | None = None) -> list[dict[str, Any]]:
        return Page.get_sitemap_urls(self, request) if self.free_preview else []
