"""Bringing courses in: the real cartridges, hostile ones, and what HTML becomes."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from home.demo.load import CARTRIDGE
from learning.courses.models import CatalogPage, CoursePage, LessonPage
from learning.exchange.build import PackageError, import_cartridge
from learning.exchange.packages.html_blocks import BlockMaker
from learning.library.models import Picture, StoredFile
from tests import school

MANIFEST = """<?xml version="1.0"?>{doctype}
<manifest xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1">
<metadata><lom><general><title><string>{title}</string></title></general></lom></metadata>
<organizations><organization><item><item><title>Part</title>
<item identifierref="r1"><title>Page one</title></item><item identifierref="r2"><title>Quiz</title></item>
</item></item></organization></organizations>
<resources><resource identifier="r1" type="webcontent" href="{href}"><file href="{href}"/></resource>
<resource identifier="r2" type="imsqti_xmlv1p2/imscc_xmlv1p1/assessment"><file href="q.xml"/></resource>
</resources></manifest>"""


def make(blocks_of: str) -> list[dict[str, Any]]:
    maker = BlockMaker(lambda source: 7 if source == "known.png" else None, lambda href: {"href": href})
    return maker.make(blocks_of)


def cartridge(folder: Path, html: str = "<p>Hello</p>", **facts: str) -> Path:
    facts = {"doctype": "", "title": "Tiny", "href": "page.html", **facts}
    path = folder / "tiny.imscc"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("imsmanifest.xml", MANIFEST.format(**facts))
        archive.writestr("page.html", html)
    return path


def run(path: Path, **options: Any) -> Any:
    return import_cartridge(path=path, catalog=CatalogPage.objects.get(), **options)


def test_the_real_course(db: None) -> None:
    report = run(CARTRIDGE, publish=True)
    assert (report.lessons, report.pictures, report.files) == (13, 6, 5)
    assert report.course.title == "Ally: Accessibility Workshop"
    titles = [page.title for page in report.course.get_children()]
    assert titles[0] == "Part 1: Overview: Accessibility and ALLY"
    lessons = LessonPage.objects.descendant_of(report.course)
    assert not lessons.get(title="What ALLY does").live  # the package has it unpublished
    assert lessons.get(title="Accessibility FAQ").live
    kinds = {block.block_type for lesson in lessons for block in lesson.body}
    assert {"text", "heading", "image", "file"} <= kinds
    assert any("discussion" in line for line in report.left_out)


def test_imports_are_drafts_by_default_and_can_be_repeated(db: None) -> None:
    first, second = run(CARTRIDGE).course, run(CARTRIDGE).course
    assert first.slug != second.slug
    assert not any(page.live for page in [first, *first.get_descendants()])


def test_students_can_read_what_was_imported(db: None, visit: Any) -> None:
    course = run(CARTRIDGE, publish=True).course
    student = school.person()
    school.enrolled(student, course)
    for lesson in LessonPage.objects.descendant_of(course).live():
        assert visit(student).get(school.path_of(lesson)).status_code == 200
    assert visit().get(Picture.objects.first().get_rendition("width-20").url).status_code == 404


def test_a_package_with_nothing_to_read_is_refused_with_the_reason(db: None, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="no page, link or file"):
        run(cartridge(tmp_path, href="missing.html"))
    assert not CoursePage.objects.exists()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_what_is_no_archive_is_refused(db: None, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.imscc"
    path.write_bytes(content)
    with pytest.raises(CommandError, match="not a zip archive"):
        call_command("import_course", path)


def test_archive_without_manifest_or_with_a_broken_one(db: None, tmp_path: Path) -> None:
    for manifest, reason in ((None, "no imsmanifest"), ("<manifest", "not well-formed"), ("<html/>", "something else")):
        path = tmp_path / "x.imscc"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("page.html", "x")
            if manifest:
                archive.writestr("imsmanifest.xml", manifest)
        with pytest.raises(PackageError, match=reason):
            run(path)


def test_entities_are_not_followed(db: None, tmp_path: Path) -> None:
    doctype = '<!DOCTYPE manifest [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    course = run(cartridge(tmp_path, doctype=doctype, title="T &secret;")).course
    assert "root:" not in course.title


def test_paths_do_not_lead_out_of_the_archive(db: None, tmp_path: Path) -> None:
    html = '<p>x</p><img src="../../../../etc/passwd"><a href="../../../etc/passwd">y</a>'
    report = run(cartridge(tmp_path, html))
    assert report.pictures == report.files == 0
    assert any("passwd" in line for line in report.left_out)


def test_a_failure_leaves_no_rows_and_no_files(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}
    monkeypatch.setattr("learning.exchange.build.minutes_to_read", lambda blocks: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(CARTRIDGE)
    assert not CoursePage.objects.exists()
    assert not StoredFile.objects.exists()
    assert {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()} == before


def test_html_becomes_blocks() -> None:
    blocks = make(
        "<h2>Title</h2><p>One <b>bold</b> <em>word</em></p><ul><li>a<ul><li>b</li></ul></li></ul>"
        "<pre><code class='language-python'>x = 1\n</code></pre><p>see <img src='known.png' alt='A' title='C'> it</p>"
        "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table><hr>"
        "<iframe src='//www.youtube.com/embed/dQw4w9WgXcQ'></iframe>"
    )
    assert [block["type"] for block in blocks] == [
        "heading", "text", "code", "text", "image", "text", "table", "text", "video_link",
    ]  # fmt: skip
    assert blocks[1]["value"] == "<p>One <b>bold</b> <i>word</i></p><ul><li>a<ul><li>b</li></ul></li></ul>"
    assert blocks[2]["value"] == {"language": "python", "code": "x = 1"}
    assert blocks[4]["value"]["alt"] == "A"
    assert blocks[6]["value"]["data"] == [["A", "B"], ["1", "2"]]
    assert blocks[6]["value"]["first_row_is_table_header"] is True


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<p onclick=alert(1)>x</p>",
        "<p><a href='javascript:alert(1)'>x</a></p>",
        "<p><a href=' java\tscript:alert(1)'>x</a></p>",
        "<img src=x onerror=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<p><style>*{}</style><math><mi xlink:href='javascript:alert(1)'>x</mi></math></p>",
        "<h2><img src=x onerror=alert(1)></h2>",
        "<table><tr><td><script>alert(1)</script></td><td>2</td></tr></table>",
        "<blockquote><p>[!NOTE] <img src=x onerror=alert(1)></p></blockquote>",
    ],
)
def test_nothing_that_runs_survives(hostile: str) -> None:
    stored = str(make(hostile)).lower()
    assert "alert" not in stored or "<" not in stored.split("alert")[0][-12:]
    for mark in ("<script", "onerror", "onclick", "javascript:", "<iframe", "<svg", "srcdoc", "<style"):
        assert mark not in stored


def test_callouts_and_deep_nesting() -> None:
    blocks = make("<blockquote><p>[!TIP] Say it\naloud <b>now</b></p><p>Twice.</p></blockquote>")
    assert blocks[0]["type"] == "callout"
    assert blocks[0]["value"] == {"kind": "tip", "title": "Say it", "text": "<p>aloud <b>now</b></p><p>Twice.</p>"}
    assert make("<div>" * 300 + "deep" + "</div>" * 300)[0]["value"] == "<p>deep</p>"
