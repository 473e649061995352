"""Words of a lesson that a word set does not have yet."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import QuerySet

from learning.accounts.models import User
from learning.courses.models import CoursePage, LessonPage
from learning.enrollment.rights import Right, courses_with
from learning.vocabulary.access import shown_lexemes
from learning.vocabulary.folding import fold
from learning.vocabulary.models import Form, Language, Lexeme, WordSet

MOST_SPELLINGS = 3000  # of a lesson, the most frequent ones
MOST_CANDIDATES = 300


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word of the dictionary, and how often the lesson has it, in whatever form."""

    lexeme: Lexeme
    count: int


def written_courses(user: User) -> QuerySet[CoursePage]:
    """The courses whose lessons this person may take words from: those that they write."""
    found: QuerySet[CoursePage] = courses_with(user, Right.WRITE)
    return found.order_by("title", "pk")


def lessons_of(course: CoursePage) -> QuerySet[LessonPage]:
    """The lessons of a course in its order, drafts too."""
    return LessonPage.objects.filter(path__startswith=course.path).order_by("path")


def spellings_of(lesson: LessonPage) -> Counter[str]:
    """The folded spellings of a lesson's last version, with how often each stands there."""
    # the version that is being written, which may not be published yet
    written = lesson.get_latest_revision_as_object()
    block = written.body.stream_block
    counts = Counter(word for text in block.get_searchable_content(written.body) for word in fold_words(str(text)))
    return Counter(dict(counts.most_common(MOST_SPELLINGS)))


def fold_words(text: str) -> list[str]:
    """The words of a text, folded. `fold` itself keeps 200 letters, so that the text is given in pieces."""
    return [part for piece in text.split() for part in fold(piece).split() if not part.isdigit()]


def candidates(*, word_set: WordSet, lesson: LessonPage, language: Language, user: User) -> list[Candidate]:
    """Words of this language that the lesson has and the set has not, the most frequent first. Three queries."""
    counts = spellings_of(lesson)
    if not counts:
        return []
    have = set(word_set.rows.values_list("lexeme_id", flat=True))
    found: Counter[int] = Counter()
    shown = shown_lexemes(user).filter(language=language)
    lemmas = dict(shown.filter(folded__in=counts).exclude(pk__in=have).values_list("pk", "folded"))
    for pk, folded in lemmas.items():
        found[pk] += counts[folded]
    forms = Form.objects.filter(lexeme__in=shown, folded__in=counts).exclude(lexeme__in=have).order_by()
    # two kinds of forms may be spelled alike, or like the word itself: “put”
    for pk, folded in set(forms.values_list("lexeme_id", "folded")):
        if lemmas.get(pk) != folded:
            found[pk] += counts[folded]
    best = dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MOST_CANDIDATES])
    rows = Lexeme.objects.filter(pk__in=best).select_related("language")
    ordered = sorted(rows, key=lambda row: (-best[row.pk], row.folded, row.pk))
    return [Candidate(row, best[row.pk]) for row in ordered]
