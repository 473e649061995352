"""The block of a lesson that shows a word set: a table with sound, gender and an example."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.chooser import ChooseResultsView, ChooseView, ChosenMultipleView, ChosenView
from wagtail.admin.viewsets.chooser import ChooserViewSet

from learning.base.numbers import parse_id, parse_ids
from learning.vocabulary.models import Lexeme, State, WordSet
from learning.vocabulary.reviews.questions import facts_of, meanings_for
from learning.vocabulary.sets.access import own_sets


class SetSearchForm(BaseFilterForm):
    """Searches the sets by the words of their names and descriptions."""

    q = forms.CharField(label=_("Name or description"), required=False)

    def filter(self, objects: QuerySet[WordSet]) -> QuerySet[WordSet]:
        typed = self.cleaned_data.get("q", "").strip()
        for part in typed.split()[:6]:
            objects = objects.filter(Q(name__icontains=part) | Q(about__icontains=part))
        self.is_searching, self.search_query = bool(typed), typed
        return objects


class _OwnSets:
    """Lists the sets of the person who chooses."""

    request: Any

    filter_form_class = SetSearchForm

    def get_object_list(self) -> QuerySet[WordSet]:
        return own_sets(self.request.user).order_by("name", "pk")

    @property
    def columns(self) -> list[Column]:
        return [*super().columns, Column("about", label=_("Description"))]  # type: ignore[misc]


class _Choose(_OwnSets, ChooseView):
    pass


class _ChooseResults(_OwnSets, ChooseResultsView):
    pass


class _Chosen(ChosenView):
    def get_object(self, pk: Any) -> WordSet:
        return get_object_or_404(own_sets(self.request.user), pk=parse_id(str(pk)) or 0)


class _ChosenMultiple(ChosenMultipleView):
    def get_objects(self, pks: list[Any]) -> QuerySet[WordSet]:
        return own_sets(self.request.user).filter(pk__in=parse_ids(map(str, pks)))


class WordSetChooserViewSet(ChooserViewSet):
    model = WordSet
    icon = "list-ul"
    choose_one_text = _("Choose a word set")
    choose_another_text = _("Choose another word set")
    edit_item_text = _("Open this word set")
    url_prefix = "vocabulary/set-chooser"
    choose_view_class = _Choose
    choose_results_view_class = _ChooseResults
    chosen_view_class = _Chosen
    chosen_multiple_view_class = _ChosenMultiple


CHOOSER = WordSetChooserViewSet("word_set_chooser")
WordSetChooserBlock: Any = CHOOSER.get_block_class(name="WordSetChooserBlock", module_path="learning.vocabulary.blocks")


class WordSetBlock(blocks.StructBlock):
    word_set = WordSetChooserBlock(label=_("Word set"))
    title = blocks.CharBlock(label=_("Title"), required=False, max_length=120)

    class Meta:
        icon = "list-ul"
        label = _("Words")
        template = "blocks/word_set.html"
        description = _("A word set as a table, with sound, meaning and an example.")
        preview_template = "blocks/previews/word_set.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """Add the rows: the set's approved words with what is shown of them. Two queries."""
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        word_set = value["word_set"]
        return {**context, "rows": rows_of(word_set) if word_set else []}


def rows_of(word_set: WordSet) -> list[dict[str, Any]]:
    lexemes = list(
        Lexeme.objects.filter(in_sets__word_set=word_set, state=State.APPROVED)
        .select_related("language")
        .order_by("in_sets__position", "in_sets__pk")
    )
    facts = facts_of([one.pk for one in lexemes])
    return [
        {"lexeme": one, "facts": facts[one.pk], "meanings": meanings_for(facts[one.pk], one.language)}
        for one in lexemes
    ]


def check_word_sets(user: Any, page: Any, references: set[tuple[type[Any], str]]) -> None:
    """`check_new_references`: a page newly shows only sets of the person who writes it. Raises PermissionDenied."""
    chosen = parse_ids(key for model, key in references if model is WordSet)
    if chosen and own_sets(user).filter(pk__in=chosen).count() < len(set(chosen)):
        raise PermissionDenied
