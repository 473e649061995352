"""The CMS's page about one's own account: name, picture, language and time zone are those of the profile."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail.admin.views.account import (
    AccountView,
    BaseSettingsPanel,
    NotificationsSettingsPanel,
    ThemeSettingsPanel,
)
from wagtail.users.models import UserProfile

from learning.accounts.forms import ProfileForm


class CmsProfileForm(ProfileForm):
    class Meta(ProfileForm.Meta):
        fields = ["display_name", "about", "avatar", "language", "time_zone"]


class ProfilePanel(BaseSettingsPanel):
    name = "person"
    title = _("Profile")
    order = 100
    form_class = CmsProfileForm


class OwnAccountView(AccountView):
    """Wagtail's page asks for first and last names, which our accounts do not have, and for a second language."""

    def get_panels(self) -> list[Any]:
        user: Any = self.request.user
        profile = UserProfile.get_for_user(user)
        kinds = (ProfilePanel, NotificationsSettingsPanel, ThemeSettingsPanel)
        panels = [kind(self.request, user, profile) for kind in kinds]
        return [panel for panel in panels if panel.is_active()]
