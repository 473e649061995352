"""What all pages of the school have in common."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from wagtail.fields import StreamField
from wagtail.models import Page, PagePermissionTester

from learning.courses.page_forms import SchoolPageForm
from learning.courses.permissions import ArrangingPermissionTester
from learning.courses.privacy import RestrictionsMixin


class SchoolPage(RestrictionsMixin, Page):
    """Common base of our pages: no comments of editors on the site; GET and HEAD only."""

    allowed_http_methods: ClassVar = ["GET", "HEAD", "OPTIONS"]
    show_in_menus_default = False
    base_form_class = SchoolPageForm
    levels_below_course: ClassVar[int | None] = None  # None: not a part of a course, nor a course

    class Meta:
        abstract = True

    def permissions_for_user(self, user: Any) -> PagePermissionTester:
        return ArrangingPermissionTester(user, self)

    def check_publishable(self) -> None:
        """Raise ValidationError when a draft lacks something that the form requires for publishing."""
        faults: dict[str, list[ValidationError]] = {}
        # full_clean() of a model does not validate the blocks of a stream: only the field of a form does
        for check in (self.full_clean, *self._own_checks()):
            try:
                check()
            except ValidationError as error:
                error.update_error_dict(faults)
        if faults:
            raise ValidationError(faults)

    def _own_checks(self) -> Iterable[Callable[[], None]]:
        """Return the checks that the edit form makes in addition to those of the fields."""
        return [partial(self._check_stream, f.name) for f in self._meta.get_fields() if isinstance(f, StreamField)]

    def _check_stream(self, name: str) -> None:
        model_field: Any = self._meta.get_field(name)
        try:
            model_field.stream_block.clean(getattr(self, name))
        except ValidationError as error:
            raise ValidationError({name: [error]}) from error

    @property
    def share_title(self) -> str:
        """What a link to the page is called elsewhere."""
        return str(self.seo_title or self.title)

    @property
    def share_description(self) -> str:
        """What the page is about, for search engines and previews of a link; empty when the page does not say it."""
        return str(self.search_description or self.summary_for_sharing)

    @property
    def summary_for_sharing(self) -> str:
        return ""
