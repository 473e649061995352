"""A package that hides something in every way there is."""

from pathlib import Path

import pytest

from tests.exchange.made_packages import CANVAS, ROLE, item, module, package, page


@pytest.fixture
def hiding(tmp_path: Path) -> Path:
    """A package with an unpublished module, an unpublished item, files for teachers, and links to them."""
    pages = {key: page(key, f"wiki_content/{key}.html") for key in ("open", "shut", "gone", "inside")}
    files = page("teach", "web_resources/teach.txt", ROLE) + page("lock", "web_resources/Secret/lock.txt")
    meta = (
        f'<modules {CANVAS}><module identifier="m2"><workflow_state>unpublished</workflow_state></module>'
        '<module identifier="m1"><title>One</title><workflow_state>active</workflow_state><items>'
        '<item identifier="ishut"><workflow_state>unpublished</workflow_state></item></items></module></modules>'
    )
    locked = f'<fileMeta {CANVAS}><folders><folder path="Secret"><locked>true</locked></folder></folders></fileMeta>'
    linking = (
        "<p>Words <a href='$IMS-CC-FILEBASE$/teach.txt'>one</a> <a href='$IMS-CC-FILEBASE$/Secret/lock.txt'>two</a></p>"
    )
    gone = (
        "<html><head><title>x</title><meta content='unpublished' name='workflow_state'></head><body>Gone</body></html>"
    )
    return package(
        tmp_path,
        module("m1", "One", item("open", "Open") + item("shut", "Shut") + item("gone", "Gone"))
        + module("m2", "Two", item("inside", "Inside")),
        "".join(pages.values()) + files,
        **{
            "wiki_content__open.html": linking,
            "wiki_content__shut.html": "Shut",
            "wiki_content__gone.html": gone,
            "wiki_content__inside.html": "Inside",
            "web_resources__teach.txt": "for teachers",
            "web_resources__Secret__lock.txt": "locked",
            "course_settings__module_meta.xml": meta,
            "course_settings__files_meta.xml": locked,
        },
    )
