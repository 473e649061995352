"""Where a word is used, in its form."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import Panel

from learning.courses.stamps import pages_that_show
from learning.vocabulary.models import Card, WordSet

MOST_NAMED = 20


class UsedPanel(Panel):
    """How many people learn the word, and the sets and lessons that show it. Sets of others are counted, not named."""

    def __init__(self, **kwargs: Any) -> None:
        # Wagtail makes it again for each form, with the same arguments
        super().__init__(**{"heading": _("Where it is used"), **kwargs})

    class BoundPanel(Panel.BoundPanel):
        template_name = "vocabulary/cms/used.html"

        def is_shown(self) -> bool:
            return bool(super().is_shown() and self.instance.pk)

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            sets = list(WordSet.objects.filter(words=self.instance.pk).order_by("name", "pk"))
            own = [one for one in sets if one.owner_id == self.request.user.pk]
            return {
                **super().get_context_data(parent_context),
                "learners": Card.objects.filter(lexeme=self.instance.pk).values("owner").distinct().count(),
                "sets": len(sets),
                "own": own[:MOST_NAMED],
                "pages": len(pages_that_show(sets)),
            }
