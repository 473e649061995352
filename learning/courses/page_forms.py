"""Forms of our pages in the CMS: what a page newly points at must be something that its author may use.

A form can be sent without its choosers, with the number of anything in it. Apps above say what may be used, through
the hooks `check_new_references` and `note_new_references`, both called with the person, the page and the references.
"""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from wagtail import hooks
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.blocks.base import BlockField
from wagtail.models import Page, ReferenceIndex

Reference = tuple[type[Model], str]  # the model, and the key of one row


def _extracted(thing: Model) -> set[Reference]:
    found = set()
    for content_type_id, object_id, _model_path, _content_path in ReferenceIndex._extract_references_from_object(thing):
        model = ContentType.objects.get_for_id(content_type_id).model_class()
        if model is not None:
            found.add((model, str(object_id)))
    return found


def references_of(page: Page) -> set[Reference]:
    """Everything that a page points at: in its fields, blocks, links of rich text and the rows below it."""
    return _extracted(page)


class SchoolPageForm(WagtailAdminPageForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._references_before: set[Reference] = set()
        if self.is_bound and self.instance.pk:
            self._references_before = references_of(self.instance)

    def is_valid(self) -> bool:
        valid: bool = super().is_valid()
        # also with errors: the form is then shown again, with the titles of what it points at
        for check in hooks.get_hooks("check_new_references"):
            check(self.for_user, self.instance, self._new_references())
        return valid

    def _new_references(self) -> set[Reference]:
        """What the form adds, in the page itself and in the rows of its inline forms, which are saved after it."""
        rows = (form.instance for formset in self.formsets.values() for form in formset.forms if form.has_changed())
        found = references_of(self.instance).union(*map(_extracted, rows), self._references_of_refused_streams())
        return found - self._references_before

    def _references_of_refused_streams(self) -> set[Reference]:
        """A stream with a mistake in it is not in the instance, yet its form is shown again with all it points at."""
        found: set[Reference] = set()
        for name in self.errors:
            field = self.fields.get(name)
            if isinstance(field, BlockField):
                value = self[name].data
                for model, key, _model_path, _content_path in field.block.extract_references(value):
                    found.add((model, str(key)))
        return found

    def save(self, commit: bool = True) -> Page:
        new = self._new_references()
        page: Page = super().save(commit)
        for note in hooks.get_hooks("note_new_references"):
            note(self.for_user, page, new, self.parent_page)
        return page
