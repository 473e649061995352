"""Links to videos elsewhere: django-embed-video finds the provider, we check the code and build the address.

django-embed-video 1.4.10 puts whatever stands after `v=` into the player's address and renders a
live script from a crafted link; a code is therefore accepted only in the provider's own form.
"""

import re
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from embed_video.backends import (
    UnknownBackendException,
    UnknownIdException,
    VideoBackend,
    VimeoBackend,
    YoutubeBackend,
    detect_backend,
)

_YOUTUBE_CODE = re.compile(r"[\w-]{11}", re.ASCII)
_VIMEO_CODE = re.compile(r"\d{5,12}", re.ASCII)
_VIMEO_HASH = re.compile(r"[0-9a-f]{6,20}", re.ASCII)
_YOUTUBE_HOSTS = {"youtube.com", "www.youtube.com", "m.youtube.com", "www.youtube-nocookie.com", "youtu.be"}
_VIMEO_HOSTS = {"vimeo.com", "www.vimeo.com", "player.vimeo.com"}


class Youtube(YoutubeBackend):
    """YouTube without cookies, with the forms of link that the library does not know."""

    @classmethod
    def is_valid(cls, url: str) -> bool:
        # the exact host: the library's pattern also matches others, such as youtu.be.com
        return urlsplit(url).hostname in _YOUTUBE_HOSTS

    def get_code(self) -> str:
        parts = urlsplit(self._url)
        path = [piece for piece in parts.path.split("/") if piece]
        if parts.hostname == "youtu.be":
            code = path[0] if path else ""
        elif path and path[0] in ("embed", "live", "shorts", "v"):
            code = path[1] if len(path) > 1 else ""
        else:
            code = parse_qs(parts.query).get("v", [""])[0]
        # only a code of this form gets into the player's address, so a link can add nothing to it (promise 17)
        if not _YOUTUBE_CODE.fullmatch(code):
            raise UnknownIdException(self._url)
        return code

    def get_url(self) -> str:
        return f"https://www.youtube-nocookie.com/embed/{self.code}?rel=0"

    def get_thumbnail_url(self) -> str:
        # the library may ask YouTube's servers which picture exists (promise 20)
        return ""


class Vimeo(VimeoBackend):
    """Vimeo with do-not-track, and with the hash that unlisted videos need."""

    @classmethod
    def is_valid(cls, url: str) -> bool:
        return urlsplit(url).hostname in _VIMEO_HOSTS

    def get_code(self) -> str:
        code = next((p for p in urlsplit(self._url).path.split("/") if _VIMEO_CODE.fullmatch(p)), "")
        if not code:
            raise UnknownIdException(self._url)
        return code

    def get_url(self) -> str:
        parts = urlsplit(self._url)
        pieces = [piece for piece in parts.path.split("/") if piece]
        candidates = [*parse_qs(parts.query).get("h", []), *pieces[pieces.index(self.code) + 1 :]]
        unlisted = next((c for c in candidates if _VIMEO_HASH.fullmatch(c)), "")
        return f"https://player.vimeo.com/video/{self.code}?dnt=1" + (f"&h={unlisted}" if unlisted else "")

    def get_thumbnail_url(self) -> str:
        # the library would ask Vimeo's API for the picture (promise 20)
        return ""


def find_video(url: str) -> VideoBackend:
    """The video behind a link of YouTube or Vimeo; ValidationError for anything else."""
    try:
        # javascript://youtube.com/… has a known host too (promise 17)
        if urlsplit(url).scheme != "https" and urlsplit(url).scheme != "http":
            raise UnknownBackendException
        video = detect_backend(url)
        video.code  # noqa: B018  (parsed on first use; raises when it is not of the provider's form)
    except (UnknownBackendException, UnknownIdException, ValueError, TypeError) as error:
        raise ValidationError(_("This is not a link to a video on YouTube or Vimeo.")) from error
    return video
