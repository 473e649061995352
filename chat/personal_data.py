"""Personal data of the chat app."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chat.models import Attachment, Mention, Message, Mute, ReadMarker
from learning.accounts.models import User
from learning.accounts.own_data import DataSection, Row, register_data, rows_of

MESSAGE = (
    "room_id",
    "room__group__name",
    "room__course__title",
    "room__project__taught",
    "seq",
    "text",
    "at",
    "edited_at",
    "reply_to",
)


def _messages(person: User) -> list[Row]:
    return rows_of(Message.objects.filter(author=person, deleted_at=None), *MESSAGE)


register_data(
    DataSection(
        "messages",
        _("Messages in chats"),
        _messages,
        {
            "room__group__name": _("Study group"),
            "room__course__title": _("Course"),
            "room__project__taught": pgettext_lazy("private lessons", "Project"),
            "seq": _("Message"),
            "text": _("Text"),
            "at": _("When"),
            "edited_at": _("Edited"),
        },
    ),
    DataSection(
        "chat_files",
        _("Files in chats"),
        lambda person: rows_of(
            Attachment.objects.filter(person=person), "original_name", "size", "created_at", "room_id"
        ),
        {"original_name": _("File"), "size": _("Bytes"), "created_at": _("Created")},
    ),
    DataSection(
        "chat_read",
        _("How far you read chats"),
        lambda person: rows_of(ReadMarker.objects.filter(user=person), "room_id", "seq", "silenced"),
        {"seq": _("Message"), "silenced": _("Muted")},
    ),
    DataSection(
        "mentioned",
        _("Messages that call you"),
        lambda person: rows_of(Mention.objects.filter(user=person), "room_id", "seq", "message__at"),
        {"seq": _("Message"), "message__at": _("When")},
    ),
    DataSection(
        "muted",
        _("Times when you could not write in a chat"),
        lambda person: rows_of(Mute.objects.filter(person=person), "room_id", "reason", "at", "until", "lifted_at"),
        {"reason": _("Reason"), "at": _("When"), "until": _("Until"), "lifted_at": _("Lifted")},
    ),
    order=50,
)
