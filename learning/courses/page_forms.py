"""Forms of our pages in the CMS: a new reference in a page must lead to something that its author may use.

A form can be sent without its choosers, with any id in it. The apps above say what may be used, through the
hooks `check_new_references` and `note_new_references`, both called with the person, the page and the references.
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
    # a private method of Wagtail: the public ones read the index, which describes only what is saved
    for content_type_id, object_id, _model_path, _content_path in ReferenceIndex._extract_references_from_object(thing):
        model = ContentType.objects.get_for_id(content_type_id).model_class()
        if model is not None:
            found.add((model, str(object_id)))
    return found


def references_of(page: Page) -> set[Reference]:
    """Return all references of a page: in its fields, blocks, rich text and child rows."""
    return _extracted(page)


class SchoolPageForm(WagtailAdminPageForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._references_before: set[Reference] = set()
        # read now: validation writes the new values into the instance, and nothing tells old from new after that
        if self.is_bound and self.instance.pk:
            self._references_before = references_of(self.instance)

    def is_valid(self) -> bool:
        valid: bool = super().is_valid()
        # also with errors: the form is then shown again, with the titles of what it points at
        for check in hooks.get_hooks("check_new_references"):
            check(self.for_user, self.instance, self._new_references())
        return valid

    def _new_references(self) -> set[Reference]:
        """Return the references that the form adds, in the page and in its inline forms, which are saved after it."""
        rows = (form.instance for formset in self.formsets.values() for form in formset.forms if form.has_changed())
        found = references_of(self.instance).union(*map(_extracted, rows), self._references_of_refused_streams())
        return found - self._references_before

    def _references_of_refused_streams(self) -> set[Reference]:
        """Return the references of streams with an error: the instance lacks them, but the form shows their titles."""
        found: set[Reference] = set()
        for name in self.errors:
            field = self.fields.get(name)
            if isinstance(field, BlockField):
                # the value as it was sent: `cleaned_data` has none for a field with an error
                value = self[name].data
                for model, key, _model_path, _content_path in field.block.extract_references(value):
                    found.add((model, str(key)))
        return found

    def save(self, commit: bool = True) -> Page:
        new = self._new_references()
        page: Page = super().save(commit)
        for note in hooks.get_hooks("note_new_references"):
            # Wagtail puts a new page into the tree after this save: until then only its parent has a path
            note(self.for_user, page, new, self.parent_page)
        return page
