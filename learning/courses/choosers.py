"""Choosers of stored files that list one kind only: videos, sound files, captions."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.documents import get_document_model_string
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.documents.models import AbstractDocument
from wagtail.documents.views.chooser import (
    DocumentChooseResultsView,
    DocumentChooserUploadView,
    DocumentChooserViewSet,
    DocumentChooseView,
)

_WRONG_KIND = {
    "video": _("“%(name)s” is not a video. Choose an mp4, webm, mov, avi or mpg file."),
    "audio": _("“%(name)s” is not a sound file. Choose an mp3, m4a, ogg, opus or wav file."),
    "captions": _("“%(name)s” is not a captions file. Choose a vtt file (WebVTT)."),
}


def wrong_kind(kind: str, name: str) -> ValidationError:
    """Return the error that names the file and lists the formats that are accepted."""
    return ValidationError(_WRONG_KIND[kind] % {"name": name})


class _SingleKindMixin:
    """A view of a chooser that lists only files of `kind` and accepts only uploads of that kind."""

    kind: ClassVar[str]
    request: Any

    def get_object_list(self) -> Any:
        return super().get_object_list().filter(kind=self.kind)  # type: ignore[misc]

    @property
    def columns(self) -> list[Column]:
        columns = super().columns  # type: ignore[misc]
        if self.kind == "captions":
            return columns
        return [*columns, BooleanColumn("plays_in_browsers", label=_("Plays in the page"))]

    def get_creation_form_class(self) -> type[Any]:
        # inside the class below, `self` is the form and not this view
        kind = self.kind

        class UploadForm(super().get_creation_form_class()):  # type: ignore[misc]
            def _post_clean(self) -> None:
                super()._post_clean()
                # StoredFile.clean(), which super() has called, sets `kind` and checks the content
                if "file" in self.cleaned_data and self.instance.kind != kind:
                    self.add_error("file", wrong_kind(kind, self.cleaned_data["file"].name))

        return UploadForm


def _chooser(kind: str, choose: Any, choose_another: Any) -> DocumentChooserViewSet:
    views = {
        name: type(f"{kind.title()}{view.__name__}", (_SingleKindMixin, view), {"kind": kind})
        for name, view in (
            ("choose_view_class", DocumentChooseView),
            ("choose_results_view_class", DocumentChooseResultsView),
            ("create_view_class", DocumentChooserUploadView),
        )
    }
    return DocumentChooserViewSet(
        f"{kind}_chooser",
        model=get_document_model_string(),
        url_prefix=f"documents/{kind}",
        choose_one_text=choose,
        choose_another_text=choose_another,
        **views,
    )


CHOOSERS = {
    "video": _chooser("video", _("Choose a video"), _("Choose another video")),
    "audio": _chooser("audio", _("Choose a sound file"), _("Choose another sound file")),
    "captions": _chooser("captions", _("Choose captions"), _("Choose other captions")),
}


class MediaChooserBlock(DocumentChooserBlock):
    """A stored file of one kind: `video`, `audio` or `captions`; the kind follows from the file's checked extension."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        self.kind = kind
        super().__init__(**kwargs)
        # in place of the widget of DocumentChooserBlock, which offers files of every kind
        self.widget = CHOOSERS[kind].widget_class()

    def clean(self, value: AbstractDocument | None) -> AbstractDocument | None:
        """Refuse files of another kind also on save: a form can be sent without the chooser."""
        cleaned = super().clean(value)
        if cleaned is not None and cleaned.kind != self.kind:
            raise wrong_kind(self.kind, cleaned.title)
        return cleaned
