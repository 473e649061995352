"""Jobs of the chat. Each may run twice and takes effect once."""

from django.utils.translation import gettext_lazy as _

from chat.rooms import actions, notices
from learning.jobs.registry import every_day, every_minutes, job


@job(_("Forget old messages of chats"), tick=every_day(hour=3, minute=41))
def forget_old() -> int:
    return actions.forget_old()


@job(_("Mail about mentions in chats"), tick=every_minutes(5, second=40))
def mail_mentions() -> int:
    return notices.send_mentions()
