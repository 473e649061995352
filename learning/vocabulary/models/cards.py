"""A learner's deck: cards, how each is scheduled, and the log of all reviews."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.vocabulary.models.entries import Lexeme
from learning.vocabulary.models.languages import Language

LEECH = 8  # so often forgotten, a card is set apart
MOST_DAYS = 3650  # of an interval
KNOWN_DAYS = 21  # a word whose memory lasts so long counts as known


class CardKind(models.TextChoices):
    """What a card asks. The kinds from `PLURAL` on ask for the form of that name."""

    RECOGNISE = "recognise", pgettext_lazy("card", "Recognise: word → meaning")
    PRODUCE = "produce", pgettext_lazy("card", "Produce: meaning → word")
    LISTEN = "listen", pgettext_lazy("card", "Listen and write")
    GENDER = "gender", pgettext_lazy("card", "Gender")
    PLURAL = "plural", pgettext_lazy("card", "Plural")
    FEMININE = "feminine", pgettext_lazy("card", "Feminine")
    PAST = "past", pgettext_lazy("card", "Past simple")
    PAST_PARTICIPLE = "past_participle", pgettext_lazy("card", "Past participle")
    COMPARATIVE = "comparative", pgettext_lazy("card", "Comparative")


FORM_KINDS = frozenset(
    {CardKind.PLURAL, CardKind.FEMININE, CardKind.PAST, CardKind.PAST_PARTICIPLE, CardKind.COMPARATIVE}
)
FIRST_KINDS = (CardKind.RECOGNISE, CardKind.PRODUCE)  # of a language for which nothing was chosen


class Rating(models.IntegerChoices):
    """How well one knew it: the numbers are those of FSRS."""

    AGAIN = 1, pgettext_lazy("review", "Again")
    HARD = 2, pgettext_lazy("review", "Hard")
    GOOD = 3, pgettext_lazy("review", "Good")
    EASY = 4, pgettext_lazy("review", "Easy")


class Verdict(models.TextChoices):
    """The grade of a typed answer, from the best to the worst."""

    EXACT = "exact", pgettext_lazy("answer", "Right")
    EQUIVALENT = "equivalent", pgettext_lazy("answer", "Right, in another way")
    ACCENT = "accent", pgettext_lazy("answer", "An accent is wrong")
    ARTICLE = "article", pgettext_lazy("answer", "The article is wrong")
    FORM = "form", pgettext_lazy("answer", "Another form of the word")
    TYPO = "typo", pgettext_lazy("answer", "A slip of the keys")
    WRONG = "wrong", pgettext_lazy("answer", "Wrong")
    BLANK = "blank", pgettext_lazy("answer", "No answer")


class DeckSettings(models.Model):
    """How one person learns words. Without a row the defaults hold."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="deck_settings")
    new_a_day = models.PositiveSmallIntegerField(_("new cards a day"), default=10, validators=[MaxValueValidator(200)])
    reviews_a_day = models.PositiveSmallIntegerField(
        _("reviews a day, at most"), default=150, validators=[MinValueValidator(1), MaxValueValidator(2000)]
    )
    retention = models.FloatField(
        _("wanted retention"), default=0.9, validators=[MinValueValidator(0.7), MaxValueValidator(0.97)]
    )
    easy_days = models.JSONField(_("easy days"), default=list, blank=True)  # weekdays, 0 is Monday
    goal_days = models.PositiveSmallIntegerField(
        _("days a week on which you learn"), default=5, validators=[MaxValueValidator(7)]
    )
    types_answers = models.BooleanField(_("type the answers"), default=True)
    underlines = models.BooleanField(_("underline saved words where you read"), default=False)
    kinds = models.JSONField(default=dict, blank=True)  # code of a language → kinds of cards

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(retention__gte=0.7, retention__lte=0.97), name="vocabulary_retention_is_possible"
            )
        ]

    def __str__(self) -> str:
        return str(self.owner)

    def kinds_of(self, language: Language) -> list[str]:
        """The kinds of cards that a saved word of this language gets."""
        chosen = self.kinds.get(language.code)
        return [str(kind) for kind in FIRST_KINDS] if chosen is None else list(chosen)

    def is_easy(self, weekday: int) -> bool:
        return weekday in self.easy_days


class CardQuerySet(models.QuerySet["Card"]):
    def learned(self) -> Self:
        """Those that are asked: neither suspended nor set apart."""
        return self.filter(is_suspended=False, lapses__lt=F("forgiven") + LEECH)

    def leeches(self) -> Self:
        """Those that are forgotten so often that they are set apart."""
        return self.filter(is_suspended=False, lapses__gte=F("forgiven") + LEECH)


class Card(models.Model):
    """A word in one kind of question, for one learner. State, stability and difficulty are those of FSRS."""

    class State(models.IntegerChoices):
        NEW = 0
        LEARNING = 1
        REVIEW = 2
        RELEARNING = 3

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="cards")
    # PROTECT: who deletes a word of the dictionary must not delete what learners have done with it
    lexeme = models.ForeignKey(Lexeme, on_delete=models.PROTECT, related_name="cards")
    kind = models.CharField(_("kind"), max_length=16, choices=CardKind.choices)
    state = models.PositiveSmallIntegerField(default=State.NEW)
    step = models.PositiveSmallIntegerField(null=True, default=0)
    stability = models.FloatField(null=True)  # days after which one remembers nine times of ten
    difficulty = models.FloatField(null=True)  # 1 to 10
    due = models.DateTimeField(default=timezone.now)
    last_review = models.DateTimeField(null=True)
    lapses = models.PositiveSmallIntegerField(default=0)  # how often it was forgotten after it had been known
    slips_at = models.DateTimeField(null=True)  # from then on one remembers it less than three times of four
    forgiven = models.PositiveSmallIntegerField(default=0)  # lapses that no longer make a leech of it
    is_suspended = models.BooleanField(default=False)
    note = models.CharField(_("your note"), max_length=300, blank=True)  # the same on all cards of the word
    added_at = models.DateTimeField(default=timezone.now)
    # as an import from another program has said; reviews are computed from there
    start = models.JSONField(default=dict, blank=True)

    objects = CardQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("vocabulary", "card")
        verbose_name_plural = pgettext_lazy("vocabulary", "cards")
        ordering: ClassVar = ["pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "lexeme", "kind"], name="vocabulary_card_once"),
            models.CheckConstraint(
                condition=Q(last_review=None) | Q(due__gte=F("last_review")), name="vocabulary_due_after_review"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner", "state", "due"], name="vocabulary_card_due"),
        ]

    def __str__(self) -> str:
        return f"{self.lexeme_id} {self.kind}"

    @property
    def is_leech(self) -> bool:
        return self.lapses >= self.forgiven + LEECH


class MergedCard(models.Model):
    """A card that is gone because its word was merged, and the card that took over: late answers still find it."""

    was = models.PositiveBigIntegerField(primary_key=True)
    card = models.ForeignKey(Card, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.was} → {self.card_id}"


class Review(models.Model):
    """One answer. Its identifier comes from the browser, so that an answer that is sent twice counts once."""

    id = models.UUIDField(primary_key=True)
    card = models.ForeignKey(Card, on_delete=models.CASCADE, related_name="reviews")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    rating = models.PositiveSmallIntegerField(choices=Rating.choices)
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True)  # of a typed answer
    answer = models.CharField(max_length=200, blank=True)
    took = models.PositiveIntegerField(default=0)  # milliseconds
    before = models.JSONField(default=dict)  # the scheduling of the card before it
    was = models.PositiveSmallIntegerField(default=0)  # the state of the card before it
    days = models.PositiveSmallIntegerField(default=0)  # of the interval after it; 0 for minutes
    is_practice = models.BooleanField(default=False)  # moves no due date
    undone_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = pgettext_lazy("vocabulary", "review")
        verbose_name_plural = pgettext_lazy("vocabulary", "reviews")
        ordering: ClassVar = ["at", "received_at", "id"]
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["owner", "at"], name="vocabulary_review_of_day"),
            models.Index(fields=["card", "at"], name="vocabulary_review_of_card"),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} {self.at} {self.rating}"


def as_stored(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def as_time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


SCHEDULING = ("state", "step", "stability", "difficulty", "due", "last_review", "lapses", "slips_at")
_TIMES = {"due", "last_review", "slips_at"}


def scheduling_of(card: Card) -> dict[str, Any]:
    """What reviews change of a card, as it is kept beside a review: undoing puts it back exactly."""
    return {name: as_stored(getattr(card, name)) if name in _TIMES else getattr(card, name) for name in SCHEDULING}


def set_scheduling(card: Card, kept: dict[str, Any]) -> None:
    for name in SCHEDULING:
        value = kept.get(name)
        setattr(card, name, as_time(value) if name in _TIMES else value)
