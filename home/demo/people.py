"""The people of the demo school: their names, a line about each, and pictures that are drawn here."""

import io
from dataclasses import dataclass

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from learning.accounts.roles import Role

SIDE = 256  # px
SCALE = 4  # drawn larger and made smaller, for smooth edges


@dataclass(frozen=True)
class Look:
    """Colours of a drawn portrait, and how the hair falls."""

    ground: str
    skin: str
    hair: str
    shirt: str
    long_hair: bool = False
    glasses: bool = False


@dataclass(frozen=True)
class DemoPerson:
    name: str
    role: Role
    about: str = ""
    look: Look | None = None


PEOPLE: dict[str, DemoPerson] = {
    "admin@example.org": DemoPerson(
        "Marta Lind", Role.ADMINISTRATOR, look=Look("#d9e4f0", "#f0c9a5", "#7b5a3a", "#35506b")
    ),
    "moderator@example.org": DemoPerson(
        "Paul Aubert", Role.MODERATOR, look=Look("#efe3d0", "#e3b088", "#2e2a26", "#8a4b00")
    ),
    "editor@example.org": DemoPerson(
        "Nina Orlova", Role.EDITOR, look=Look("#e1efea", "#f2d0b4", "#a8452c", "#1f5c4d", long_hair=True)
    ),
    "teacher@example.org": DemoPerson(
        "Anna Berg",
        Role.TEACHER,
        "Programmer and hiker; explains with small examples.",
        Look("#f6e7b0", "#e8b98f", "#4a3524", "#1b5a86", long_hair=True, glasses=True),
    ),
    "teacher2@example.org": DemoPerson(
        "Louis Perrin",
        Role.TEACHER,
        "Typesetter and teacher of French; reads everything aloud.",
        Look("#e6dcef", "#c98f68", "#1f1b18", "#6b3f7a", glasses=True),
    ),
    "student@example.org": DemoPerson(
        "Vera Blum", Role.STUDENT, look=Look("#fbe6e4", "#f2d0b4", "#c9963f", "#a3262a", long_hair=True)
    ),
    "student2@example.org": DemoPerson(
        "Tom Keller", Role.STUDENT, look=Look("#e3f2e7", "#b97f57", "#15120f", "#1e6b3a")
    ),
    "newcomer@example.org": DemoPerson("Ines Novak", Role.STUDENT),
}


def portrait(look: Look) -> ContentFile:
    """A small drawn head, as a WebP file."""
    size = SIDE * SCALE
    image = Image.new("RGB", (size, size), look.ground)
    draw = ImageDraw.Draw(image)

    def at(*numbers: float) -> tuple[float, ...]:
        return tuple(size * number for number in numbers)

    if look.long_hair:
        draw.rounded_rectangle(at(0.26, 0.2, 0.74, 0.78), radius=size * 0.22, fill=look.hair)
    draw.ellipse(at(0.12, 0.74, 0.88, 1.4), fill=look.shirt)
    draw.rounded_rectangle(at(0.43, 0.6, 0.57, 0.82), radius=size * 0.06, fill=look.skin)
    draw.ellipse(at(0.31, 0.22, 0.69, 0.68), fill=look.skin)
    draw.pieslice(at(0.29, 0.17, 0.71, 0.6), 180, 360, fill=look.hair)
    ink = "#2b2622"
    for x in (0.42, 0.58):
        draw.ellipse(at(x - 0.018, 0.44, x + 0.018, 0.476), fill=ink)
        if look.glasses:
            draw.ellipse(at(x - 0.06, 0.4, x + 0.06, 0.52), outline=ink, width=size // 90)
    if look.glasses:
        draw.line(at(0.48, 0.45, 0.52, 0.45), fill=ink, width=size // 90)
    draw.arc(at(0.43, 0.5, 0.57, 0.6), 20, 160, fill=ink, width=size // 80)
    buffer = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(buffer, "WEBP", quality=88)
    return ContentFile(buffer.getvalue(), name="portrait.webp")
