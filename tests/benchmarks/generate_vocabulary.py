"""A dictionary of 500,000 words and the decks of 10,000 learners with ten million reviews, made by SQL for measuring.

The rows are such as imports and reviews write; `scale` makes fewer of them.
"""

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.utils import timezone

from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.vocabulary.models import Card, Language, Lexeme
from learning.vocabulary.reviews.deck import save_words
from learning.vocabulary.reviews.settings import deck_settings

WORDS, LEARNERS, CARDS_EACH, REVIEWS_EACH = 500_000, 10_000, 200, 5
# syllables, so that beginnings are as frequent as in a language and every word is another one
SYLLABLES = [first + second for first in "bdglmn" for second in "aeiou"] + ["ra", "re"]
LEXEMES = """
INSERT INTO vocabulary_lexeme (language_id, lemma, folded, part_of_speech, gender, homograph, auxiliary, note, state,
                               added_at, changed_at)
SELECT %(language)s, word, word, 'noun', (ARRAY['m', 'f', 'n'])[1 + n %% 3], 1, '', '', 'approved', now(), now()
FROM (SELECT n, s[1 + n %% 32] || s[1 + (n / 32) %% 32] || s[1 + (n / 1024) %% 32] || s[1 + (n / 32768) %% 32] AS word
      FROM generate_series(1, %(count)s) n, (SELECT %(syllables)s::text[] AS s) syllables) made
"""
SENSES = """
INSERT INTO vocabulary_sense (lexeme_id, position, definition, register, subject)
SELECT id, 1, '', '', '' FROM vocabulary_lexeme WHERE language_id = %(language)s
"""
TRANSLATIONS = """
INSERT INTO vocabulary_translation (sense_id, language_id, text, folded)
SELECT s.id, %(into)s, 'to ' || reverse(l.lemma), 'to ' || reverse(l.lemma)
FROM vocabulary_sense s JOIN vocabulary_lexeme l ON l.id = s.lexeme_id WHERE l.language_id = %(language)s
"""
FORMS = """
INSERT INTO vocabulary_form (lexeme_id, kind, spelling, folded)
SELECT id, 'plural', lemma || 's', lemma || 's' FROM vocabulary_lexeme
WHERE language_id = %(language)s AND id %% 2 = 0
"""
CARDS = """
INSERT INTO vocabulary_card (owner_id, lexeme_id, kind, state, step, stability, difficulty, due, last_review, lapses,
                             slips_at, forgiven, is_suspended, note, added_at, start)
SELECT u.id, l.id, 'recognise', 2, NULL, 10 + n %% 90, 5, now() + (n - 20) * interval '12 hours',
       now() - 30 * interval '1 day', n %% 3, now() + n * interval '1 day', 0, false, '', now() - interval '1 year',
       '{}'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM accounts_user
      WHERE email LIKE '%%@words.example.org') u,
     generate_series(1, %(each)s) n,
     LATERAL (SELECT %(first)s + (u.place * 37 + n * 211) %% %(words)s AS id) l
ON CONFLICT DO NOTHING
"""
REVIEWS = """
INSERT INTO vocabulary_review (id, card_id, owner_id, at, rating, verdict, answer, took, before, was, days, is_practice,
                               received_at)
SELECT gen_random_uuid(), c.id, c.owner_id, now() - (n * 20 + c.id %% 19) * interval '1 day', 1 + (c.id + n) %% 4,
       '', '', 4000, '{"state": 2, "stability": 12.5}', 2, 20 + n, false, now()
FROM vocabulary_card c, generate_series(1, %(each)s) n
"""


def generate(scale: float = 1.0) -> None:
    """Make the rows; PostgreSQL only."""
    german, english = (Language.objects.get(code=code) for code in ("de", "en"))
    words, learners = int(WORDS * scale), int(LEARNERS * scale)
    facts = {"language": german.pk, "into": english.pk, "syllables": SYLLABLES, "count": words}
    with connection.cursor() as cursor:
        # the keys of these rows are right: checking ten million of them one by one takes longer than writing them
        cursor.execute("SET session_replication_role = replica")
        for statement in (LEXEMES, SENSES, TRANSLATIONS, FORMS):
            cursor.execute(statement, facts)
    people = (
        User(email=f"learner{number}@words.example.org", password="!", display_name=f"Learner {number}")
        for number in range(learners)
    )
    User.objects.bulk_create(people, batch_size=2000)
    first = Lexeme.objects.filter(language=german).order_by("pk").values_list("pk", flat=True)[0]
    with connection.cursor() as cursor:
        cursor.execute(CARDS, {"each": CARDS_EACH, "first": first, "words": words})
        cursor.execute(REVIEWS, {"each": REVIEWS_EACH})


def make_measured() -> dict[str, str]:
    """The learner whose requests are measured: many new words, none of them answered yet; gives session and paths."""
    person = User.objects.create_user("measured@words.example.org", display_name="Measured", time_zone="UTC")
    person.groups.add(Group.objects.get(name=Role.STUDENT))
    settings = deck_settings(person)
    settings.new_a_day, settings.reviews_a_day = 200, 2000
    settings.save()
    lexemes = list(Lexeme.objects.filter(language__code="de").select_related("language").order_by("pk")[:600])
    save_words(owner=person, lexemes=lexemes, settings=settings)
    now = timezone.now()
    Card.objects.filter(owner=person).update(
        state=Card.State.REVIEW, step=None, stability=10.0, difficulty=5.0, due=now, last_review=now
    )
    client = Client()
    client.force_login(person, backend="learning.accounts.backend.AuthenticationBackend")
    return {
        "session": client.cookies["sessionid"].value,
        "person": str(person.pk),
        "lemma": lexemes[123].lemma,
    }
