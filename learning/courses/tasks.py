"""Jobs about pages."""

from django.core.management import call_command
from django.utils.translation import gettext_lazy as _

from learning.jobs.registry import every_minute, job


@job(_("Publish scheduled pages"), tick=every_minute(second=2))
def publish_scheduled_pages() -> None:
    """Publish and unpublish what editors have set a time for."""
    call_command("publish_scheduled", verbosity=0)
