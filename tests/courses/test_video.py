"""Links to videos: known forms are played, anything else is refused, nothing crafted gets through."""

import pytest
from django.core.exceptions import ValidationError

from learning.courses.blocks import VideoLinkBlock
from learning.courses.video import find_video

YT = "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0"


@pytest.mark.parametrize(
    ("link", "player"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", YT),
        ("https://youtu.be/dQw4w9WgXcQ?t=5", YT),
        ("https://www.youtube.com/live/dQw4w9WgXcQ", YT),
        ("https://m.youtube.com/shorts/dQw4w9WgXcQ", YT),
        ("https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ", YT),
        ("https://vimeo.com/76979871", "https://player.vimeo.com/video/76979871?dnt=1"),
        ("https://vimeo.com/76979871/8272103f6e", "https://player.vimeo.com/video/76979871?dnt=1&h=8272103f6e"),
        (
            "https://player.vimeo.com/video/76979871?h=8272103f6e",
            "https://player.vimeo.com/video/76979871?dnt=1&h=8272103f6e",
        ),
    ],
)
def test_known_forms(link: str, player: str) -> None:
    assert find_video(link).url == player


@pytest.mark.parametrize(
    "link",
    [
        'https://www.youtube.com/watch?v="><script>alert(1)</script>',
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ%22onload=alert(1)",
        "https://www.youtube.com/watch?v=short",
        "https://www.youtube.com/",
        "https://evil.example.com/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com.evil.example.com/watch?v=dQw4w9WgXcQ",
        "javascript:alert(1)//youtube.com/watch?v=dQw4w9WgXcQ",
        "data:text/html,youtube.com/watch?v=dQw4w9WgXcQ",
        "https://vimeo.com/about",
        "",
        "not a link",
        "https://[::1",
    ],
)
def test_anything_else_is_refused(link: str) -> None:
    with pytest.raises(ValidationError):
        find_video(link)


def test_block_refuses_and_renders_nothing_crafted() -> None:
    block = VideoLinkBlock()
    crafted = 'https://www.youtube.com/watch?v="><script>alert(1)</script>'
    with pytest.raises(ValidationError):
        block.clean(block.to_python({"url": crafted, "title": "x"}))
    assert "script" not in block.render(block.to_python({"url": crafted, "title": "x"}))
    good = block.render(block.to_python({"url": "https://youtu.be/dQw4w9WgXcQ", "title": "<b>T"}))
    assert YT.replace("&", "&amp;") in good
    assert "<b>T" not in good
