from django.apps import AppConfig


class SampleConfig(AppConfig):
    name = "tests.sample_app"
    label = "sample"

    def ready(self) -> None:
        from tests.sample_app import deeds, demo, personal_data, school_rights, scopes  # noqa: F401  (register)
