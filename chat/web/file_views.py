"""Views that serve files of messages. Every request asks who is in the room; everything else answers 404."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.views.decorators.http import require_safe

from chat.models import Attachment
from chat.rooms.access import entered_room
from learning.library.views import INLINE, serve_file


def _attachment(request: HttpRequest, room_id: int, key: UUID) -> Attachment:
    """A file of a message in a room of this person's; one that is not sent yet is its uploader's alone."""
    user: Any = request.user
    row = Attachment.objects.filter(room=room_id, key=key).first()
    # asked at each request: an address from before someone left opens nothing (promises 2 and 3)
    if row is None or entered_room(user, room_id) is None:
        raise Http404
    if row.message_id is None and row.person_id != user.pk:
        raise Http404
    return row


@require_safe
def file(request: HttpRequest, room_id: int, key: UUID, name: str) -> Any:
    """The file itself; the name in the address is only for people."""
    row = _attachment(request, room_id, key)
    facts = {"etag": f"c{row.pk}", "media_type": row.content_type, "name": row.original_name}
    return serve_file(request, row.file, inline=row.kind in INLINE, **facts)


@require_safe
def thumbnail(request: HttpRequest, room_id: int, key: UUID) -> Any:
    row = _attachment(request, room_id, key)
    if not row.thumbnail:
        raise Http404
    return serve_file(
        request, row.thumbnail, etag=f"t{row.pk}", media_type="image/webp", name="small.webp", inline=True
    )
