"""Screens of the CMS: words with everything of an entry on one page, and their sources."""

from typing import Any, ClassVar

import django_filters
from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import BulkActionsCheckboxColumn, Column, TitleColumn
from wagtail.admin.views.generic import CreateView, DeleteView, EditView
from wagtail.admin.viewsets.model import ModelViewSet

from learning.base.lists import ManagedIndexView
from learning.vocabulary.admin.media import RECORDS, PictureInput, SoundInput
from learning.vocabulary.admin.used import UsedPanel
from learning.vocabulary.folding import fold
from learning.vocabulary.grammar import Gender, PartOfSpeech
from learning.vocabulary.models import EntryPicture, Example, Language, Lexeme, Pronunciation, Source, State


class LexemeFilter(WagtailFilterSet):
    language = django_filters.ModelChoiceFilter(label=_("Language"), queryset=Language.objects.all())
    part_of_speech = django_filters.ChoiceFilter(label=_("Part of speech"), choices=PartOfSpeech.choices)
    gender = django_filters.ChoiceFilter(label=_("Gender"), choices=Gender.choices)
    state = django_filters.ChoiceFilter(label=_("State"), choices=State.choices)
    source = django_filters.ModelChoiceFilter(
        label=pgettext_lazy("dictionary", "Source"), queryset=Source.objects.all()
    )
    without = django_filters.ChoiceFilter(
        label=_("Without"),
        choices=[
            ("example", _("an example")),
            ("pronunciation", _("a pronunciation")),
            ("recording", _("a recording")),
            ("picture", _("a picture")),
        ],
        method="filter_without",
    )

    def __init__(self, *args: Any, request: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, request=request, **kwargs)

    def filter_without(self, rows: QuerySet[Lexeme], name: str, value: str) -> QuerySet[Lexeme]:
        there: dict[str, QuerySet[Any]] = {
            "example": Example.objects.all(),
            "pronunciation": Pronunciation.objects.exclude(ipa=""),
            "recording": Pronunciation.objects.exclude(recording=None),
            "picture": EntryPicture.objects.all(),
        }
        return rows.filter(~Exists(there[value].filter(lexeme=OuterRef("pk"))))

    class Meta:
        model = Lexeme
        fields: ClassVar[list[str]] = []


def beginning_with(rows: QuerySet[Lexeme], words: str) -> QuerySet[Lexeme]:
    folded = fold(words)
    return rows.filter(folded__startswith=folded) if folded else rows


class LexemeIndexView(ManagedIndexView):
    filterset_class = LexemeFilter
    default_ordering = "folded"

    @cached_property
    def columns(self) -> list[Column]:
        title = self._get_title_column_class(TitleColumn)
        return [
            BulkActionsCheckboxColumn("bulk_actions", obj_type="lexeme"),
            title(
                "with_article", label=pgettext_lazy("dictionary", "Word"), sort_key="folded", get_url=self.get_edit_url
            ),
            Column("grammar", label=_("Grammar"), accessor="grammar"),
            Column("language", label=_("Language"), accessor=lambda row: row.language.name, sort_key="language"),
            Column("state", label=_("State"), accessor="get_state_display", sort_key="state"),
            Column("source", label=pgettext_lazy("dictionary", "Source"), accessor=lambda row: row.source or "–"),
        ]

    def get_base_queryset(self) -> QuerySet[Lexeme]:
        return Lexeme.objects.select_related("language", "source")

    def search_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return beginning_with(queryset, self.search_query) if self.is_searching else queryset


class WithMicrophone:
    """A form in which one may record."""

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().dispatch(*args, **kwargs)  # type: ignore[misc]
        response.headers["Permissions-Policy"] = RECORDS
        return response


class LexemeEditView(WithMicrophone, EditView):
    pass


class LexemeCreateView(WithMicrophone, CreateView):
    def save_instance(self) -> Lexeme:
        self.form.instance.added_by = self.request.user
        return super().save_instance()  # type: ignore[no-any-return]


class LexemeDeleteView(DeleteView):
    def form_valid(self, form: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().form_valid(form)  # type: ignore[no-any-return]
        except ProtectedError:
            words = gettext("Somebody learns this word, or it is in a word set: it cannot be deleted. Make it a draft.")
            messages.error(self.request, words)
            return redirect(self.get_success_url())


class LexemeViewSet(ModelViewSet):
    model = Lexeme
    icon = "openquote"
    menu_label = _("Dictionary")
    url_prefix = "vocabulary/word"
    url_namespace = "vocabulary_words_cms"
    list_per_page = 50
    index_view_class = LexemeIndexView
    add_view_class = LexemeCreateView
    edit_view_class = LexemeEditView
    delete_view_class = LexemeDeleteView
    filterset_class = LexemeFilter
    index_template_name = "teaching/cms/list.html"
    index_results_template_name = "teaching/cms/list_results.html"
    copy_view_enabled = False
    add_to_reference_index = False
    edit_handler = ObjectList(
        [
            FieldRowPanel([FieldPanel("language"), FieldPanel("lemma")]),
            FieldRowPanel([FieldPanel("part_of_speech"), FieldPanel("gender"), FieldPanel("homograph")]),
            FieldPanel("auxiliary"),
            FieldRowPanel([FieldPanel("state"), FieldPanel("source")]),
            InlinePanel(
                "pronunciations",
                panels=[
                    FieldRowPanel([FieldPanel("ipa"), FieldPanel("region")]),
                    FieldPanel("recording", widget=SoundInput),
                ],
                heading=_("Pronunciation"),
                label=_("Pronunciation"),
            ),
            InlinePanel("forms", heading=_("Forms"), label=_("Form")),
            InlinePanel(
                "senses",
                panels=[
                    FieldPanel("definition"),
                    FieldRowPanel([FieldPanel("register"), FieldPanel("subject")]),
                    InlinePanel("translations", heading=_("Translations"), label=_("Translation")),
                ],
                heading=_("Meanings"),
                label=_("Meaning"),
            ),
            InlinePanel("examples", heading=_("Examples"), label=_("Example")),
            InlinePanel(
                "pictures",
                panels=[FieldPanel("picture", widget=PictureInput), FieldPanel("alt")],
                heading=_("Pictures"),
                label=_("Picture"),
            ),
            MultiFieldPanel([FieldPanel("note")], heading=_("Note")),
            UsedPanel(),
        ]
    )


class SourceDeleteView(DeleteView):
    def form_valid(self, form: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().form_valid(form)  # type: ignore[no-any-return]
        except ProtectedError:
            # words must go on saying where they come from
            messages.error(self.request, gettext("Words come from this source: it cannot be deleted."))
            return redirect(self.get_success_url())


class SourceViewSet(ModelViewSet):
    model = Source
    icon = "doc-empty"
    menu_label = _("Dictionary: sources")
    url_prefix = "vocabulary/source"
    url_namespace = "vocabulary_sources_cms"
    form_fields = ("name", "licence", "address")
    delete_view_class = SourceDeleteView
    copy_view_enabled = False
    add_to_reference_index = False


WORDS, SOURCES = LexemeViewSet("vocabulary_words_cms"), SourceViewSet("vocabulary_sources_cms")
VIEWSETS = (WORDS, SOURCES)
