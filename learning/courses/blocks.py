"""Blocks of a lesson. Blocks only declare fields; their templates render them."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.blocks.definition_lookup import BlockDefinitionLookupBuilder
from wagtail.blocks.struct_block import StructBlockValidationError
from wagtail.contrib.table_block.blocks import TableBlock
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.fields import StreamField
from wagtail.images.blocks import ImageChooserBlock

from learning.courses.choosers import MediaChooserBlock
from learning.courses.comparing import TableComparison
from learning.courses.video import find_video

# no headings and images: they are blocks of their own; no embeds: for those Wagtail would fetch an address
# that an author typed (promise 20)
PROSE_FEATURES = ["bold", "italic", "code", "link", "document-link", "ol", "ul", "superscript", "subscript", "hr"]


class HeadingBlock(blocks.StructBlock):
    text = blocks.CharBlock(label=_("Text"), max_length=160)
    level = blocks.ChoiceBlock(
        label=_("Level"), choices=[("2", _("Section")), ("3", _("Part of a section"))], default="2"
    )

    class Meta:
        icon = "title"
        label = _("Heading")
        template = "blocks/heading.html"
        description = _("A title inside the lesson, with an anchor to link to.")
        preview_value = {"text": "How memory works", "level": "2"}


class PictureBlock(blocks.StructBlock):
    image = ImageChooserBlock(label=_("Image"))
    alt = blocks.CharBlock(
        label=_("Description"),
        required=False,
        max_length=300,
        help_text=_("What the picture tells, for those who do not see it. Leave empty only for decoration."),
    )
    caption = blocks.CharBlock(label=_("Caption"), required=False, max_length=300)
    wide = blocks.BooleanBlock(label=_("Wide"), required=False, help_text=_("Reaches into the margin."))

    class Meta:
        icon = "image"
        label = _("Image")
        template = "blocks/image.html"
        description = _("A picture with a description and a caption.")
        preview_template = "blocks/previews/image.html"


class FileBlock(blocks.StructBlock):
    file = DocumentChooserBlock(label=_("File"))
    title = blocks.CharBlock(label=_("Title"), required=False, max_length=160)

    class Meta:
        icon = "doc-full-inverse"
        label = _("File to download")
        template = "blocks/file.html"
        description = _("A document that students download: docx, pdf, zip and others.")
        preview_template = "blocks/previews/file.html"


class VideoLinkValue(blocks.StructValue):
    # checked again when it is shown: code can save a page without the form's clean() (promise 17)
    @cached_property
    def player_address(self) -> str:
        """Return the address of the player; empty for links of an unknown form."""
        try:
            return find_video(self.get("url") or "").url
        except ValidationError:
            return ""

    @property
    def host(self) -> str:
        return urlsplit(self.player_address).hostname or ""


class VideoLinkBlock(blocks.StructBlock):
    url = blocks.URLBlock(label=_("Address"), help_text=_("A video on YouTube or Vimeo."))
    title = blocks.CharBlock(
        label=_("Title"), max_length=160, help_text=_("Says what the video is about; screen readers announce it.")
    )

    def clean(self, value: dict[str, Any]) -> Any:
        cleaned = super().clean(value)
        try:
            find_video(cleaned["url"])
        except ValidationError as error:
            raise StructBlockValidationError({"url": error}) from error
        return cleaned

    class Meta:
        icon = "media"
        label = _("Video link")
        template = "blocks/video_link.html"
        value_class = VideoLinkValue
        description = _("A video on YouTube or Vimeo, played in the page.")
        preview_value = {"url": "https://vimeo.com/76979871", "title": "A film"}


class StoredVideoBlock(blocks.StructBlock):
    file = MediaChooserBlock(
        "video",
        label=_("Video file"),
        help_text=_("mp4, webm and mov play in the page. An avi or mpg can only be downloaded."),
    )
    title = blocks.CharBlock(label=_("Title"), max_length=160)
    captions = MediaChooserBlock("captions", label=_("Captions"), required=False, help_text=_("A file in WebVTT."))
    poster = ImageChooserBlock(label=_("Picture before it plays"), required=False)

    class Meta:
        icon = "media"
        label = _("Video file")
        template = "blocks/stored_video.html"
        description = _("A video that you upload; only those who may read the lesson can play it.")
        preview_template = "blocks/previews/media.html"


class StoredAudioBlock(blocks.StructBlock):
    file = MediaChooserBlock("audio", label=_("Sound file"), help_text=_("mp3, m4a, ogg, opus or wav."))
    title = blocks.CharBlock(label=_("Title"), max_length=160)
    transcript = blocks.RichTextBlock(label=_("Transcript"), required=False, features=["bold", "italic"])

    class Meta:
        icon = "media"
        label = _("Sound file")
        template = "blocks/stored_audio.html"
        description = _("A recording that you upload, with its transcript.")
        preview_template = "blocks/previews/media.html"


class CalloutBlock(blocks.StructBlock):
    KINDS: ClassVar = {"note": _("Note"), "tip": _("Tip"), "warning": _("Warning"), "example": _("Example")}
    MARGIN_WORDS = 60  # a note of more words is too tall for the margin

    kind = blocks.ChoiceBlock(label=_("Kind"), choices=list(KINDS.items()), default="note")
    title = blocks.CharBlock(label=_("Title"), required=False, max_length=120)
    text = blocks.RichTextBlock(label=_("Text"), features=["bold", "italic", "code", "link", "ol", "ul"])

    class Meta:
        icon = "info-circle"
        label = _("Callout")
        template = "blocks/callout.html"
        description = _("A note, tip, warning or example, set apart from the text.")
        preview_value = {"kind": "tip", "title": "Say it aloud", "text": "<p>Hearing a word fixes it.</p>"}

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """Add the name of the kind, and whether the note is placed in the margin on a wide screen."""
        # `.source` is the stored HTML; str() would look up the pages and files that the text links to
        words = strip_tags(value["text"].source).split()
        return {
            **super().get_context(value, parent_context=parent_context),
            "kind_label": self.KINDS[value["kind"]],
            "stands_in_margin": value["kind"] == "note" and len(words) <= self.MARGIN_WORDS,
        }


class CodeBlock(blocks.StructBlock):
    language = blocks.CharBlock(label=_("Language"), required=False, max_length=30, help_text=_("Such as python."))
    code = blocks.TextBlock(label=_("Code"))

    class Meta:
        icon = "code"
        label = _("Code")
        template = "blocks/code.html"
        description = _("A listing, set in a fixed width.")
        preview_value = {"language": "python", "code": "print('Hello')"}


class LessonTableBlock(TableBlock):
    def get_comparison_class(self) -> type[TableComparison]:
        return TableComparison

    class Meta:
        icon = "table"
        label = _("Table")
        template = "blocks/table.html"
        description = _("Rows and columns, with a header row.")
        preview_value = {
            "data": [["le jour", "day"], ["la nuit", "night"]],
            "first_row_is_table_header": False,
            "first_col_is_header": False,
        }


_registered: dict[str, blocks.Block] = {}


def register_lesson_block(name: str, block: blocks.Block) -> None:
    """Add a kind of block to lessons and introductions; called in `apps.ready()` of the app that has it."""
    _registered[name] = block


class LessonBody(blocks.StreamBlock):
    """The body of a lesson: the blocks below, and those that apps above register."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        super().__init__([*(local_blocks or ()), *_registered.items()], **kwargs)

    text = blocks.RichTextBlock(
        label=_("Text"),
        icon="pilcrow",
        features=PROSE_FEATURES,
        template="blocks/text.html",
        description=_("Paragraphs, lists and links."),
        preview_value="<p>A lesson begins with a question.</p>",
    )
    heading = HeadingBlock()
    image = PictureBlock()
    file = FileBlock()
    video_link = VideoLinkBlock()
    video = StoredVideoBlock()
    audio = StoredAudioBlock()
    callout = CalloutBlock()
    code = CodeBlock()
    table = LessonTableBlock()

    class Meta:
        template = "blocks/stream.html"


class LessonField(StreamField):
    """A StreamField of lesson blocks; migrations know only those of this app.

    The column is the same whatever blocks there are, and the migrations of this app may not name the apps above it.
    A data migration must not save such a field: it would drop the blocks that it does not know.
    """

    def __init__(self, block_types: Any = LessonBody, **kwargs: Any) -> None:
        # the class, not an instance: the blocks are put together when all apps are loaded
        super().__init__(block_types, **kwargs)

    def deconstruct(self) -> Any:
        name, _path, _types, kwargs = super().deconstruct()
        builder = BlockDefinitionLookupBuilder()
        own = [(key, block) for key, block in self.stream_block.child_blocks.items() if key not in _registered]
        types = [(key, builder.add_block(block)) for key, block in own]
        return name, "wagtail.fields.StreamField", [types], {**kwargs, "block_lookup": builder.get_lookup_as_dict()}
