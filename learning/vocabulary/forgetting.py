"""What goes when a person is anonymised: their deck and reviews. Sets that others learn stay with their words."""

from django.db import transaction
from wagtail.models import ReferenceIndex

from learning.accounts.models import User
from learning.vocabulary.models import AnkiHistory, Card, DeckSettings, Review, SetGiven, WordSet


@transaction.atomic
def forget_person(person: User) -> None:
    # locked first: an answer that is stored at this moment comes before or finds no card
    list(Card.objects.select_for_update().filter(owner=person).order_by("pk").values_list("pk", flat=True))
    Review.objects.filter(owner=person).delete()
    Card.objects.filter(owner=person).delete()
    DeckSettings.objects.filter(owner=person).delete()
    for history in AnkiHistory.objects.filter(owner=person):
        history.file.delete(save=False)
        history.delete()
    SetGiven.objects.filter(student=person).delete()
    own = WordSet.objects.filter(owner=person)
    shown = ReferenceIndex.get_references_to_in_bulk(own).values_list("to_object_id", flat=True)
    own.filter(given=None).exclude(pk__in=[int(pk) for pk in shown]).delete()
    # what is in use is a list of words and says nothing of the person; its description may
    own.update(about="")
