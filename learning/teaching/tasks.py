"""Jobs of teaching."""

from django.utils.translation import gettext_lazy as _

from learning.jobs.registry import job
from learning.teaching import letter_mail


@job(_("Send a letter to students"))
def send_letter(letter_id: int) -> int:
    return letter_mail.send_copies(letter_id)
