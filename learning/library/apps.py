from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LibraryConfig(AppConfig):
    name = "learning.library"
    label = "library"
    verbose_name = _("Library")

    def ready(self) -> None:
        from wagtail.permissions import policy_registry

        from learning.library import receivers  # noqa: F401  (connects the framework's signals)
        from learning.library.models import Picture, StoredFile
        from learning.library.policies import CourseTeamCollectionPolicy

        for model, auth_model in ((Picture, "wagtailimages.Image"), (StoredFile, "wagtaildocs.Document")):
            policy = CourseTeamCollectionPolicy(model, auth_model=auth_model, owner_field_name="uploaded_by_user")
            # exact, because Wagtail registers its own policy for the same class when its turn comes
            policy_registry.register(model, value=policy, exact_class=True)
