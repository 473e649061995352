"""Bulk actions on words: approve them, or make them drafts again."""

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from learning.base.bulk import ManagedBulkAction
from learning.vocabulary.access import WRITE
from learning.vocabulary.admin.screens import LexemeFilter, beginning_with
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.merging import merge
from learning.vocabulary.models import Lexeme, State
from learning.vocabulary.receivers import restamp_pages_with

MOST_AT_ONCE = 5000  # of “all words of the list”: the rest with the next click


class WordsAction(ManagedBulkAction):
    """A bulk action on words of the dictionary."""

    models: ClassVar = [Lexeme]
    icon_name = "openquote"

    def managed(self) -> QuerySet[Lexeme]:
        # Wagtail checks no permission for a bulk action
        rows = Lexeme.objects.all() if self.request.user.has_perm(WRITE) else Lexeme.objects.none()
        return rows.select_related("language")

    def listed(self, asked: QueryDict) -> QuerySet[Lexeme]:
        filters = LexemeFilter(asked, queryset=self.managed(), request=self.request)
        rows = filters.qs if filters.is_valid() else Lexeme.objects.none()
        return beginning_with(rows, asked.get("q", ""))[:MOST_AT_ONCE]

    def named(self, row: Lexeme) -> str:
        return f"{row.with_article} ({row.language.name})"


class StateAction(WordsAction):
    after: ClassVar[str] = ""

    @classmethod
    def execute_action(  # type: ignore[override]
        cls, objects: list[Lexeme], **kwargs: Any
    ) -> tuple[int, int]:
        # `changed_at` stays: a word that was only approved is still as its import has made it
        ids = [row.pk for row in objects]
        count = Lexeme.objects.filter(pk__in=ids).exclude(state=cls.after).update(state=cls.after)
        restamp_pages_with(Q(lexeme__in=ids))
        return count, 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:
        return gettext("Words changed: %(n)s.") % {"n": num_parent_objects}


class Approve(StateAction):
    display_name = _("Approve")
    action_type = "approve"
    aria_label = _("Approve the chosen words")
    action_priority = 10
    after = State.APPROVED


class MakeDraft(StateAction):
    display_name = _("Make drafts")
    action_type = "draft"
    aria_label = _("Make the chosen words drafts, which only those who write the dictionary see")
    action_priority = 20
    after = State.DRAFT


class Merge(WordsAction):
    display_name = _("Merge")
    action_type = "merge"
    aria_label = _("Make one word of the chosen ones")
    action_priority = 30

    @classmethod
    def execute_action(  # type: ignore[override]
        cls, objects: list[Lexeme], request: Any = None, **kwargs: Any
    ) -> tuple[int, int]:
        try:
            merge(lexemes=objects)
        except VocabularyError as error:
            messages.error(request, str(error))
            return 0, 0
        return len(objects), 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:
        # a refusal has been told already
        return gettext("Words merged: %(n)s.") % {"n": num_parent_objects} if num_parent_objects else ""


ACTIONS = (Approve, MakeDraft, Merge)
