"""A package that is refused, in whole or in part, takes at most 30 seconds and 400 MB, whatever it pretends to be."""

import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest
from django.core.exceptions import ValidationError
from PIL import Image as Pixels

from learning.courses.models import LessonPage
from learning.exchange.build import PackageError
from learning.exchange.packages import cartridge
from learning.exchange.packages.canvas import CanvasFacts
from learning.library.archives import open_archive, read_entry
from learning.library.models import Picture
from tests.exchange.made_packages import item, package, page, run

MOST_SECONDS, MOST_BYTES = 30, 400 * 1024 * 1024
BIG = 150 * 1024 * 1024


def packed(folder: Path, manifest: bytes | None = None, **entries: bytes) -> Path:
    """A compressed package: one page, or a manifest of one's own."""
    plain = package(folder, item("a", "A"), page("a", "a.html"))
    path = folder / "small.imscc"
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("imsmanifest.xml", manifest or before.read("imsmanifest.xml"))
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def large_page(folder: Path) -> Path:
    return packed(folder, **{"a.html": b"<p>word</p>" * (BIG // 11)})


def page_that_lies(folder: Path) -> Path:
    """It says that it holds a hundred bytes."""
    path = packed(folder, **{"a.html": b"x" * BIG})
    path.write_bytes(path.read_bytes().replace(BIG.to_bytes(4, "little"), (100).to_bytes(4, "little")))
    return path


def large_manifest(folder: Path) -> Path:
    return packed(
        folder, b"<manifest><organizations>" + b"<item><title>t</title></item>" * (BIG // 29), **{"a.html": b"x"}
    )


def deep_manifest(folder: Path) -> Path:
    return packed(folder, b"<manifest><organizations><organization>" + b"<item>" * 200_000, **{"a.html": b"x"})


def deep_page(folder: Path) -> Path:
    return packed(folder, **{"a.html": b"<div>" * 300_000 + b"deep"})


def nested_tables(folder: Path) -> Path:
    return packed(folder, **{"a.html": b"<table><tr><td>word " * 3_000})


def many_entries(folder: Path) -> Path:
    return packed(folder, **{f"{number}.txt": b"" for number in range(60_000)})


def large_picture(folder: Path) -> Path:
    data = BytesIO()
    Pixels.new("1", (13_000, 13_000)).save(data, "png")
    path = folder / "picture.imscc"
    plain = package(folder, item("a", "A"), page("a", "a.html") + page("p", "p.png"))
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(path, "w") as archive:
        archive.writestr("imsmanifest.xml", before.read("imsmanifest.xml"))
        archive.writestr("a.html", "<p>Some words.</p><img src='p.png'>")
        archive.writestr("p.png", data.getvalue())
    return path


def by_bzip2(folder: Path) -> Path:
    """Python unpacks it in one go: a hundred bytes of the archive are a hundred megabytes of memory."""
    plain = package(folder, item("a", "A"), page("a", "a.html"))
    path = folder / "bzip2.imscc"
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("imsmanifest.xml", before.read("imsmanifest.xml"))
        archive.writestr("a.html", b"\0" * BIG)
    return path


class Peak(Thread):
    """The most memory that this process has while the thread runs, beyond what it had before."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.own, self.ended = psutil.Process(), Event()
        self.before = self.most = self.own.memory_info().rss

    def run(self) -> None:
        while not self.ended.wait(0.01):
            self.most = max(self.most, self.own.memory_info().rss)

    def stop(self) -> int:
        self.ended.set()
        self.join()
        return self.most - self.before


@pytest.mark.parametrize(
    "make",
    [
        large_page,
        page_that_lies,
        large_manifest,
        deep_manifest,
        deep_page,
        nested_tables,
        many_entries,
        large_picture,
        by_bzip2,
    ],
)
def test_a_hostile_package_is_refused_within_bounds(db: None, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    assert path.stat().st_size < 10 * 1024 * 1024
    peak = Peak()
    peak.start()
    began, report = time.monotonic(), None
    try:
        report = run(path)
    except PackageError as error:
        report = getattr(error, "report", None)
    seconds, bytes_more = time.monotonic() - began, peak.stop()
    print(make.__name__, f"{seconds:.1f} s, +{bytes_more // 1024 // 1024} MB", report and report.left_out[:2])
    assert seconds < MOST_SECONDS
    assert bytes_more < MOST_BYTES
    assert not Picture.objects.exists()
    if report is not None and not report.left_out:  # nothing is left out, so all of it is there
        (lesson,) = LessonPage.objects.all()
        text = str(lesson.body)
        assert ("deep" in text) if make is deep_page else text.count("word") == 3_000


def test_a_damaged_entry_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.html", "".join(str(n) for n in range(20_000)))
        start = archive.getinfo("a.html").header_offset + 30 + len("a.html")
    data = bytearray(path.read_bytes())
    data[start : start + 8] = b"\xff" * 8  # no deflated stream begins so
    path.write_bytes(bytes(data))
    with open_archive(str(path), entries_max=10, unpacked_max=BIG) as archive:
        with pytest.raises(ValidationError, match=r"a\.html"):
            read_entry(archive, "a.html", BIG)


@pytest.mark.parametrize("href", ["/a.html", "//a.html", "/"])
def test_an_address_with_a_leading_slash_ends(href: str) -> None:
    facts = CanvasFacts(hidden_folders={"secret"})
    assert not facts.hides("r", href)
    assert facts.hides("r", f"/secret{href}")


@pytest.mark.parametrize("tops", [1, 3])
def test_an_outline_of_too_many_items_is_refused(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tops: int
) -> None:
    """However they are spread over the top of the outline."""
    monkeypatch.setattr(cartridge, "ITEMS_MAX", 30)
    organizations = b"".join(
        b"<organization><item><title>T</title>"
        + b"<item><title>t</title></item>" * (30 // tops)
        + b"</item></organization>"
        for _top in range(tops)
    )
    path = packed(tmp_path, b"<manifest><organizations>" + organizations + b"</organizations></manifest>")
    with pytest.raises(PackageError, match="more than 30 items"):
        run(path)
