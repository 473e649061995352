"""Packages as other systems write them, made by the tests."""

import zipfile
from pathlib import Path
from typing import Any

from learning.courses.models import CatalogPage
from learning.exchange.build import import_cartridge

CANVAS = 'xmlns="http://canvas.instructure.com/xsd/cccv1p0"'
ROLE = (
    "<metadata><lom><educational><intendedEndUserRole><source>IMSGLC_CC_Rolesv1p1</source>"
    "<value>Instructor</value></intendedEndUserRole></educational></lom></metadata>"
)


def package(folder: Path, modules: str, resources: str, **entries: bytes | str) -> Path:
    path = folder / "package.imscc"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "imsmanifest.xml",
            "<manifest><metadata><lom><general><title><string>Pack</string></title></general></lom></metadata>"
            f"<organizations><organization><item>{modules}</item></organization></organizations>"
            f"<resources>{resources}</resources></manifest>",
        )
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/"), data)
    return path


def page(key: str, href: str, inside: str = "", kind: str = "webcontent") -> str:
    return f'<resource identifier="{key}" type="{kind}" href="{href}">{inside}<file href="{href}"/></resource>'


def item(key: str, title: str, inside: str = "") -> str:
    return f'<item identifier="i{key}" identifierref="{key}"><title>{title}</title>{inside}</item>'


def module(key: str, title: str, inside: str) -> str:
    return f'<item identifier="{key}"><title>{title}</title>{inside}</item>'


def run(path: Path, **options: Any) -> Any:
    return import_cartridge(path=path, catalog=CatalogPage.objects.get(), **{"publish": True, **options})
