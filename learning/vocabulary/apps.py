from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VocabularyConfig(AppConfig):
    name = "learning.vocabulary"
    label = "vocabulary"
    verbose_name = _("Vocabulary")

    def ready(self) -> None:
        from learning.courses.blocks import register_lesson_block
        from learning.vocabulary import demo, personal_data, receivers, school_rights, scopes  # noqa: F401  (register)
        from learning.vocabulary.blocks import WordSetBlock

        register_lesson_block("word_set", WordSetBlock())
