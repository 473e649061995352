"""The languages that every dictionary begins with, and their rules."""

from typing import Any

LANGUAGES: dict[str, dict[str, Any]] = {
    "en": {"forms": {"noun": ["plural"], "verb": ["past", "past_participle"]}},
    "fr": {
        "articles": {"m": "le", "f": "la", "mf": "le", "elided": "l’"},
        "forms": {"noun": ["plural"], "adjective": ["feminine", "plural"], "verb": ["past_participle"]},
    },
    "es": {
        "articles": {"m": "el", "f": "la"},
        "forms": {"noun": ["plural"], "adjective": ["feminine"], "verb": ["past_participle"]},
    },
    "de": {
        "articles": {"m": "der", "f": "die", "n": "das"},
        "forms": {"noun": ["plural"], "verb": ["past", "past_participle"], "adjective": ["comparative"]},
    },
    "ru": {"forms": {"noun": ["plural"]}},
}


def add_languages(apps: Any) -> None:
    """Add them where there are none; `apps` is Django's registry, or the historical one of a migration."""
    rows = apps.get_model("vocabulary", "Language").objects
    for code, rules in LANGUAGES.items():
        rows.get_or_create(code=code, defaults=rules)
