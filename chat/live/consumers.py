"""The socket: carries frames to the actions and answers back. It decides nothing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Any, ClassVar

from channels.consumer import AsyncConsumer
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from chat.live.admission import REFUSED
from chat.live.connection import CLOSING, RESTARTS, TRY_LATER, Connection
from chat.live.handshake import Headers, has_allowed_origin, session_key_of, visitor_with
from chat.live.hub import get_hub
from chat.live.writer import unavailable
from chat.rooms import actions, frames
from chat.rooms.frames import BadFrameError, ChatError, as_text
from chat.rooms.pace import too_fast
from chat.rooms.posting import Ack, Answer, Draft
from chat.rooms.seats import membership_in, watched_rooms_of

TYPING_EVERY = 2.0  # seconds
# Tokens that frames take beyond their one. Who comes back with forty tabs must not count as a flood.
COSTS = {
    frames.Subscribe: 4,
    frames.Watch: 4,
    frames.Read: 4,
    frames.Edit: 9,
    frames.Delete: 9,
    frames.React: 9,
    frames.Pin: 9,
}

FREE = {"rate_limited", "unavailable"}  # refusals that say “later”: whoever obeys them has done nothing wrong

_ACTIONS = {
    "edit": actions.edit_message,
    "delete": actions.delete_message,
    "react": actions.react,
    "pin": actions.pin,
}

log = logging.getLogger("parta.chat")
Receive = Callable[[], Awaitable[dict[str, Any]]]


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


class ChatConsumer(AsyncConsumer):
    """One socket of one person.

    It has no channel of its own, since the hub of the process listens for all, and takes its frames in a plain
    loop: Channels' own would cost a visit to a thread and two tasks for each frame.
    """

    channel_layer_alias: ClassVar[Any] = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        await receive()  # websocket.connect
        hub = get_hub()
        self.hub = hub
        try:
            connection = await self._let_in(Headers(scope["headers"]), send)
        except (DatabaseError, InterfaceError):  # not a refusal: they may come again
            # accepted first: a refused handshake would be a 403 without a code, as for someone without a session
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": TRY_LATER})
            return
        if connection is None:
            await send({"type": "websocket.close"})
            return
        del scope, send
        self.connection = connection
        hub.enter(connection)
        try:
            await connection.accept()
            while not connection.closed:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    break
                await self._handle_frame(message)
                if connection.intake is not None:
                    connection.intake.message_processed()
        except asyncio.CancelledError:  # the process ends
            await connection.close(RESTARTS)
            with suppress(TimeoutError):
                await asyncio.wait_for(_wait_for_disconnect(receive), CLOSING)
            raise
        finally:
            connection.closed = True
            if connection.intake is not None:
                connection.intake.end()
            hub.leave(connection)

    async def _let_in(self, headers: Headers, send: Any) -> Connection | None:
        """Accept a logged-in person of this site who does not have too many sockets."""
        hub = self.hub
        key = session_key_of(headers)
        # before the database is asked: without a session, or from another site (promise 15), no query is made
        if not key or hub.is_shut_out(key) or not has_allowed_origin(headers):
            return None
        visitor = await hub.runtime.in_database(visitor_with, key)
        # nothing is awaited from here to `hub.enter`, so two handshakes cannot both take the last place
        if visitor is None or hub.sockets_of(visitor.user_id) >= settings.CHAT_SOCKETS_PER_PERSON:
            return None
        if hub.opens_too_many(visitor.user_id, key):
            return None
        return Connection(visitor, send, hub.admission_of(visitor.user_id), self._exceeded)

    async def _handle_frame(self, message: dict[str, Any]) -> None:
        """Handle one frame, or answer with an error. Only a flood closes the socket."""
        connection = self.connection
        if connection.intake is None:
            await self._count_here(len(message.get("text") or message.get("bytes") or ""))
            if connection.closed:
                return
        try:
            raw = message.get("text")
            if raw is None:
                raise BadFrameError(frames.bad_frame())
            frame = frames.read_frame(raw)
        except BadFrameError as bad:
            await self._refuse(bad.error, room=bad.room, nonce=bad.nonce)
            return
        if cost := COSTS.get(type(frame)):
            connection.admission.charge(monotonic(), cost)
        nonce = str(frame.nonce) if isinstance(frame, frames.Send) else None
        about: dict[str, Any] = {"room": getattr(frame, "room", None), "nonce": nonce}
        try:
            await self._do[type(frame)](self, frame)
        except ChatError as error:
            await self._refuse(error, **about)
        except (DatabaseError, InterfaceError):
            await connection.refuse(unavailable(), **about)
        # whatever fails here must not close the socket (promise 26): the client is told to try again
        except Exception:
            log.exception("A frame of the chat failed: %s", type(frame).__name__)
            await connection.refuse(unavailable(), **about)

    async def _count_here(self, size: int) -> None:
        """Count a frame where the server does not let us count what arrives."""
        if seconds := self.connection.admission.arrived(size, monotonic()):
            await self._tell_of_excess(seconds)
            await asyncio.sleep(0 if self.connection.closed else seconds)

    def _exceeded(self, seconds: float) -> None:
        """The person sent too much: reading pauses for this many seconds."""
        if not self.connection.closed:
            # a task: `Intake` calls this while it parses bytes, where nothing can be awaited
            self.hub.runtime.start(self._tell_of_excess(seconds))

    async def _tell_of_excess(self, seconds: float) -> None:
        """Tell the person that they send too fast, or close the socket if it does not stop."""
        connection, now = self.connection, monotonic()
        if connection.admission.is_flood(now):
            await self.hub.close_flooder(connection)
        elif not connection.admission.is_warned(now):
            await connection.refuse(too_fast(seconds))

    async def _refuse(self, error: ChatError, **about: Any) -> None:
        if error.code not in FREE:
            self.connection.admission.charge(monotonic(), REFUSED)
        await self.connection.refuse(error, **about)

    async def _subscribe(self, frame: frames.Subscribe) -> None:
        connection = self.connection
        seat = await self.hub.runtime.in_database(membership_in, connection.user_id, frame.room, connection.language)
        await connection.send(as_text({"type": "subscribed", **seat.facts}))
        self.hub.subscribe(connection, seat, frame.after)

    async def _unsubscribe(self, frame: frames.Unsubscribe) -> None:
        watches = frame.room in self.connection.watched
        self.hub.forget(self.connection, frame.room)
        # `forget` ended the watching too, which the client did not ask for
        if watches:
            self.hub.watch(self.connection, [(frame.room, self.hub.position_of(frame.room))])

    async def _send(self, frame: frames.Send) -> None:
        """Hand the message to the writer and take the next frame: what comes meanwhile is stored with it."""
        if self.connection.admission.is_full:
            raise too_fast(1.0)
        draft = Draft(
            self.connection.user_id, frame.room, frame.nonce, frame.text, frame.reply_to, tuple(frame.attachments)
        )
        self.connection.admission.unstored += 1
        self.hub.runtime.start(self._answer(self.hub.writer.write(draft), draft))

    async def _answer(self, stored: asyncio.Future[Answer], draft: Draft) -> None:
        try:
            answer = await stored
        finally:
            self.connection.admission.unstored -= 1
        if isinstance(answer, Ack):
            await self.connection.send(as_text(answer.as_frame()))
        else:
            await self._refuse(answer, room=draft.room_id, nonce=str(draft.nonce))

    async def _change(self, frame: frames.Change) -> None:
        facts = frame.model_dump(exclude={"type", "room"})
        verb: Any = _ACTIONS[frame.type]
        await self.hub.runtime.in_database(verb, user_id=self.connection.user_id, room_id=frame.room, **facts)

    async def _read(self, frame: frames.Read) -> None:
        await self.hub.runtime.in_database(
            actions.mark_read, user_id=self.connection.user_id, room_id=frame.room, seq=frame.seq
        )

    async def _typing(self, frame: frames.Typing) -> None:
        connection, now = self.connection, monotonic()
        # needs no query: who is in `rooms` was checked when subscribing, and is checked every second
        if frame.room not in connection.rooms:
            raise frames.not_found()
        feed = self.hub.feeds.get(frame.room)
        if feed is not None and connection.user_id in feed.silent:
            return
        if now - connection.typed_at >= TYPING_EVERY:
            connection.typed_at = now
            event = {"type": "typing", "user": connection.user_id, "name": connection.name}
            self.hub.publisher.publish_here(frame.room, event)

    async def _watch(self, frame: frames.Watch) -> None:
        places = await self.hub.runtime.in_database(watched_rooms_of, self.connection.user_id)
        self.hub.watch(self.connection, [(place["id"], place["position"]) for place in places])
        await self.connection.send(as_text({"type": "watching", "rooms": places}))

    async def _ping(self, frame: frames.Ping) -> None:
        await self.connection.send('{"type":"pong"}')

    _do: ClassVar[dict[type, Callable[[Any, Any], Awaitable[None]]]] = {
        frames.Subscribe: _subscribe,
        frames.Unsubscribe: _unsubscribe,
        frames.Send: _send,
        frames.Edit: _change,
        frames.Delete: _change,
        frames.React: _change,
        frames.Pin: _change,
        frames.Read: _read,
        frames.Typing: _typing,
        frames.Watch: _watch,
        frames.Ping: _ping,
    }


class UnknownPathConsumer(AsyncConsumer):
    """Refuse a socket at an unknown address; without a route the server would log an error."""

    channel_layer_alias: ClassVar[Any] = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        await receive()  # websocket.connect
        await send({"type": "websocket.close"})
