"""Rooms and what is said in them.

A room has two counters. `seq` numbers its messages, `position` everything that happens in it: messages,
edits, deletions, reactions, pins. Both are given out under the lock of the room's row, so they have no gaps and
are in the order of commits: a client that is up to date at a position has missed nothing before it.
"""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.enrollment.models import StudyGroup
from learning.enrollment.models.pointers import course_pointer
from learning.library.kinds import Kind, media_type_of
from learning.library.models import generated_name
from learning.tutoring.models import Project

MOST_CHARACTERS = 10_000  # of a message
REACTIONS = ("👍", "❤️", "😂", "😮", "😢", "🎉", "🙏", "✅", "❓", "👀")


def _course_exists() -> Exists:
    # `course_pointer` has no constraint in the database: the id of a deleted course stays in the row
    course = Coalesce(OuterRef("course_id"), OuterRef("group__course_id"))
    return Exists(CoursePage.objects.filter(pk=course))


class RoomQuerySet(models.QuerySet["Room"]):
    def of_existing_courses(self) -> "RoomQuerySet":
        """Without the rooms of deleted courses: they are closed, and only who moderates every chat reads them."""
        return self.filter(Q(project__isnull=False) | Q(_course_exists()))

    def of_deleted_courses(self) -> "RoomQuerySet":
        return self.filter(~_course_exists(), project=None)

    def in_course(self, course_id: int) -> "RoomQuerySet":
        return self.filter(Q(course_id=course_id) | Q(group__course_id=course_id))

    def called(self, words: str) -> "RoomQuerySet":
        """Rooms whose group, project or course has these words in its name."""
        return self.filter(
            Q(group__name__icontains=words)
            | Q(project__label__icontains=words)
            | Q(group__course__title__icontains=words)
            | Q(course__title__icontains=words)
        )

    def named(self) -> "RoomQuerySet":
        """Load the columns that names, addresses and ends of rooms need, and not whole courses."""
        facts = ("title", "ends_at", "language", "path", "url_path")
        wanted = [f"{course}__{fact}" for course in ("course", "group__course") for fact in facts]
        own = ("group__name", "group__ends_at", "group__course_id", "project__label", "project__state")
        here = [field.attname for field in self.model._meta.concrete_fields]
        return self.select_related("group__course", "course", "project").only(*here, *own, *wanted)

    def with_unread(self, user: User | int) -> "RoomQuerySet":
        """Annotate `read_seq`, `silenced`, `unread` and `mentioned` for this person."""
        own = ReadMarker.objects.filter(room=OuterRef("pk"), user=user)
        # who has no marker has read nothing: 0, since with NULL `unread` would be NULL too
        read = Coalesce(models.Subquery(own.values("seq")), Value(0))
        mentions = Mention.objects.filter(room=OuterRef("pk"), user=user, seq__gt=OuterRef("read_seq"))
        count = mentions.order_by().values("room").annotate(n=models.Count("pk")).values("n")
        silenced = Coalesce(models.Subquery(own.values("silenced")), Value(False))
        return self.annotate(read_seq=read, silenced=silenced).annotate(  # type: ignore[no-redef]
            unread=F("last_seq") - F("read_seq"), mentioned=Coalesce(models.Subquery(count), Value(0))
        )


OWN_NAME = Coalesce("group__name", "project__label")  # of a room's study group or project


def room_name(group_name: str | None, course_title: str | None) -> str:
    """Return the name of a room: that of its study group or project, or of its course."""
    return group_name or course_title or gettext("Deleted course")


class Room(models.Model):
    """The room of a study group, of a project, or, with a course, of everyone in it."""

    project = models.OneToOneField(Project, null=True, on_delete=models.CASCADE, related_name="room")
    group = models.OneToOneField(StudyGroup, null=True, on_delete=models.CASCADE, related_name="room")
    course = course_pointer(null=True)
    is_default = models.BooleanField(default=False)  # opened by the system: closed again when the first group comes
    last_seq = models.PositiveIntegerField(default=0)
    last_position = models.PositiveIntegerField(default=0)
    spoken_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RoomQuerySet.as_manager()

    # of one person, where `with_unread` has read it
    read_seq: int
    unread: int
    mentioned: int
    silenced: bool

    class Meta:
        verbose_name = _("chat room")
        verbose_name_plural = _("chat rooms")
        permissions = [("moderate_rooms", "Can moderate every chat")]
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(group__isnull=False, course__isnull=True, project__isnull=True)
                | Q(group__isnull=True, course__isnull=False, project__isnull=True)
                | Q(group__isnull=True, course__isnull=True, project__isnull=False),
                name="chat_room_of_one",
            ),
            # NULLs are distinct in a unique constraint: rooms of groups have no course and do not collide
            models.UniqueConstraint(fields=["course"], name="chat_room_course"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("chat_room", args=(self.pk,))

    @property
    def name(self) -> str:
        if self.project:
            return room_name(self.project.label, None)
        course = None if self.group else self.of_course
        return room_name(self.group.name if self.group else None, course.title if course else None)

    @property
    def of_course(self) -> CoursePage | None:
        """The course of the room; None if its page was deleted, since the room stays."""
        try:
            return self.group.course if self.group else self.course
        except CoursePage.DoesNotExist:
            return None

    @property
    def course_title(self) -> str:
        """The title of the course of a group's room; empty for a course's own room, whose name it is."""
        course = self.of_course if self.group else None
        return course.title if course else ""

    @property
    def is_read_only(self) -> bool:
        """Whether the group, project or course of the room has ended: then it can only be read."""
        whole = self.group or self.project or self.of_course
        return whole is not None and whole.has_ended


class Message(models.Model):
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField()
    position = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    nonce = models.UUIDField()
    text = models.TextField()
    # Rendered from the text before the room is locked: empty for plain text, None for rows not rendered yet.
    html = models.TextField(null=True)
    folded = models.TextField()  # for searches, folded in Python: databases fold different alphabets
    # not a foreign key: the answered message may be deleted by age (`actions.forget_old`)
    reply_to = models.PositiveIntegerField(null=True)  # seq of a message of the same room
    at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    pinned_at = models.DateTimeField(null=True)
    # What a page shows of a message stands in its row, so that a page of history is one query.
    mentions = models.JSONField(default=dict)  # name: id of the person
    reactions = models.JSONField(default=dict)  # emoji: ids of people; changed under the room's lock
    files = models.JSONField(default=list)  # its attachments, as `Attachment.as_dict` says them

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "seq"], name="chat_message_seq"),
            models.UniqueConstraint(fields=["room", "position"], name="chat_message_position"),
            # the database itself keeps promise 25, should a writer ever forget to lock the room
            models.UniqueConstraint(fields=["room", "author", "nonce"], name="chat_message_nonce"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["author", "at"], name="chat_message_author"),
            models.Index(
                fields=["room", "pinned_at"], name="chat_message_pinned", condition=Q(pinned_at__isnull=False)
            ),
            models.Index(fields=["room", "at"], name="chat_message_day"),
        ]


class RoomEvent(models.Model):
    """What happened to a message after it was written, with a place of its own in the room's order."""

    class Kind(models.TextChoices):
        EDITED = "edited", _("edited")
        DELETED = "deleted", _("deleted")
        REACTED = "reacted", _("reacted")
        PINNED = "pinned", _("pinned")

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="events")
    position = models.PositiveIntegerField()
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    before = models.TextField(blank=True)  # the text that an edit or a deletion took away: moderators see it
    facts = models.JSONField(default=dict)  # emoji, on

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "position"], name="chat_event_position")]
        indexes: ClassVar = [models.Index(fields=["room", "kind", "-position"], name="chat_event_log")]


class ReadMarker(models.Model):
    """How far a person has read a room, and whether they have muted its notices."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="markers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seq = models.PositiveIntegerField(default=0)
    silenced = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [models.UniqueConstraint(fields=["room", "user"], name="chat_marker")]


class Mention(models.Model):
    """A mention of a person, for counting unseen mentions."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="calls")
    # room and seq repeat those of the message: unread mentions are counted from one index, without a join
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seq = models.PositiveIntegerField()
    told_at = models.DateTimeField(null=True)  # when mail was sent, or found not to be needed

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [models.UniqueConstraint(fields=["message", "user"], name="chat_mention_once")]
        indexes: ClassVar = [
            models.Index(fields=["user", "room", "seq"], name="chat_mention_unread"),
            models.Index(fields=["told_at"], name="chat_mention_untold", condition=Q(told_at__isnull=True)),
        ]


class Mute(models.Model):
    """A person may not write in a room before `until`, and is told the reason."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="mutes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(_("reason"), max_length=300)
    at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(_("until"))
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [models.Index(fields=["room", "person", "until"], name="chat_mute_now")]


def attachment_path(instance: "Attachment", filename: str) -> str:
    return generated_name("chat", filename)


class Attachment(models.Model):
    """A file of a message; until the message is sent it belongs to its uploader alone."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="attachments")
    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="attachments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    file = models.FileField(upload_to=attachment_path, max_length=160)
    thumbnail = models.FileField(upload_to=attachment_path, max_length=160, blank=True)
    original_name = models.CharField(max_length=255)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    size = models.PositiveIntegerField()  # bytes
    width = models.PositiveIntegerField(null=True)  # pixels of the thumbnail
    height = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [models.Index(fields=["person", "created_at"], name="chat_attachment_person")]

    @property
    def url(self) -> str:
        return reverse("chat_file", args=(self.room_id, self.key, self.original_name))

    @property
    def thumbnail_url(self) -> str:
        return reverse("chat_thumbnail", args=(self.room_id, self.key)) if self.thumbnail else ""

    @property
    def content_type(self) -> str:
        return media_type_of(str(self.file.name))

    def as_dict(self) -> dict[str, Any]:
        """As frames and pages show it."""
        facts = {"id": self.pk, "name": self.original_name, "kind": self.kind, "size": self.size, "url": self.url}
        return {**facts, "thumbnail": self.thumbnail_url, "width": self.width, "height": self.height}
