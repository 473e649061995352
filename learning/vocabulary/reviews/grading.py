"""What the verdict on a typed answer says about how well a word is known."""

from learning.vocabulary.models.cards import Rating, Verdict

# A slip or an accent shows that the word is known, but not well; another form or article answers another question.
RATINGS: dict[str, Rating] = {
    Verdict.EXACT: Rating.GOOD,
    Verdict.EQUIVALENT: Rating.GOOD,
    Verdict.ACCENT: Rating.HARD,
    Verdict.TYPO: Rating.HARD,
    Verdict.ARTICLE: Rating.HARD,
    Verdict.FORM: Rating.AGAIN,
    Verdict.WRONG: Rating.AGAIN,
    Verdict.BLANK: Rating.AGAIN,
}
