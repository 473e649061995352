"""Every word of a page arrives, in order, once: the constructs of real packages, and random trees."""

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from learning.exchange.packages.html_blocks import BlockMaker, PageTooSlowError
from learning.exchange.raw_blocks import plain_text
from tests.parts import ONCE

pytestmark = [ONCE, pytest.mark.slow]


def made(source: str, **finders: Any) -> tuple[BlockMaker, list[dict[str, Any]]]:
    maker = BlockMaker(
        lambda name: 7 if name.endswith("known.png") else None,
        lambda href: {"linktype": "page", "id": "3"} if href == "page.html" else {"href": href},
        lambda name: ("video", 5) if name.endswith("known.mp4") else None,
    )
    return maker, maker.make(source)


def letters_of_source(source: str) -> str:
    """What a browser would show of the page, without spaces; counted here, not by the code under test."""
    root = lxml_html.document_fromstring(source)
    for gone in list(root.iter("script", "style", "head")):
        gone.drop_tree()
    return "".join("".join(root.xpath("//text()")).split())


def letters_of(blocks: list[dict[str, Any]]) -> str:
    return "".join("".join(plain_text(blocks)).split())


SNIPPETS = [
    "<ul><ul><li>one</li></ul><li>two</li></ul>",
    "<ol><li>one</li><ol><li>two</li></ol><li>three</li></ol>",
    "<ul>loose<p>words</p><li>item</li>tail</ul>",
    "<ol><ol><li>deep</li></ol></ol>",
    "<ul><li><p>one</p><p>two</p></li><li><div>three<ul><li>four</li></ul></div></li></ul>",
    "<ul><li>a<table><tr><td>b</td><td>c</td></tr></table>d</li><li>e<pre>f\ng</pre>h</li></ul>",
    "<ul><li><h3>head</h3>text</li></ul>",
    "<p>before</p><embed src='x.swf'><p>after</p><p>more</p>",
    "<form><p>in a form</p><button>press</button><select><option>a</option><option>b</option></select></form>",
    "<noscript>no script</noscript><template>t</template>",
    "<table><tr><th>h</th><th>i</th></tr><tr><td>a</td><td>b <i>c</i></td></tr></table>",
    "<table><caption>cap</caption>loose<tr><td rowspan='2'>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
    "<table><tr><td>only</td></tr></table>",
    "<table><tr><td>x<table><tr><td>y<table><tr><td>z</td><td>w</td></tr></table></td></tr></table></td></tr></table>",
    "<table><tr><td><p>a</p><img src='known.png'></td><td>b</td></tr></table>",
    "<table><tr><th></th><th></th></tr><tr><td>a</td><td>b</td></tr></table>",
    "a <s>b</s> <del>c</del> <ins>d</ins> super<wbr>cali <bdi>e</bdi> <time>f</time> <dfn>g</dfn> h",
    "<math><mi>x</mi><mo>=</mo><mn>2</mn></math> and <svg><text>drawn</text></svg>",
    "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
    "<dl>loose<dt>term</dt><dd><p>one</p><p>two</p><ul><li>three</li></ul></dd></dl>",
    "<dl><dd><dl><dt>in</dt><dd>out</dd></dl></dd></dl>",
    "<details><summary>more</summary>inside</details>",
    "<figure><img src='known.png'><figcaption>cap</figcaption></figure>",
    "<blockquote>said<footer>who</footer></blockquote>",
    "<pre>line one<br>line two</pre>",
    "<h2>" + "word " * 60 + "</h2>",
    "<h2>with <a href='https://x.example/'>a link</a></h2><h3><a href='page.html'>in</a></h3>",
    "<a href='https://x.example/'><p>a</p><h3>b</h3><img src='known.png'>c</a>",
    "<b>bold<p>in a paragraph</p>after</b>",
    "loose<div>in<div>deeper</div>after</div>tail<!-- not me -->end",
    "<p>a<span>b<b>c<i>d</i></b></span>e</p><address>f</address><main>g</main>",
    "<p>5 &lt; 6 &amp; 7 &gt; 2</p>",
]


@pytest.mark.parametrize("source", SNIPPETS, ids=range(len(SNIPPETS)))
def test_words_arrive_in_order_and_once(source: str) -> None:
    _maker, blocks = made(f"<html><body>{source}</body></html>")
    assert letters_of(blocks) == letters_of_source(source)


NAMES = ["p", "div", "ul", "ol", "li", "b", "i", "span", "table", "tr", "td", "th", "blockquote", "dl", "dt", "dd"]
NAMES += ["s", "code", "h2", "section", "form", "math", "figure", "details", "sup"]
trees = st.recursive(
    st.text("abcdef gh", min_size=1, max_size=12),
    lambda inner: st.tuples(st.sampled_from(NAMES), st.lists(inner, max_size=4)).map(
        lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0]}>"
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(trees, min_size=1, max_size=4).map("".join))
def test_no_tree_loses_a_letter(source: str) -> None:
    page = f"<html><body><p>begin</p>{source}<p>end</p></body></html>"
    _maker, blocks = made(page)
    assert letters_of(blocks) == letters_of_source(page)


def test_what_is_made_is_well_formed(tmp_path: Any) -> None:
    for source in SNIPPETS:
        for block in made(f"<body>{source}</body>")[1]:
            text = block["value"] if block["type"] == "text" else ""
            shown = lxml_html.fragment_fromstring(text, create_parent="div")
            again = lxml_html.tostring(shown, encoding="unicode").replace("<br>", "").replace("<hr>", "")
            assert again == f"<div>{text.replace('<br/>', '').replace('<hr/>', '')}</div>"


def test_links_and_players_keep_their_address() -> None:
    maker, blocks = made(
        "<h2><a href='https://h.example/'>Head</a></h2>"
        "<a href='https://p.example/'><img src='known.png' alt='A map'></a>"
        "<table><tr><td><a href='https://t.example/'>Cell</a></td><td>b</td></tr></table>"
        "<table><tr><td><a href='page.html'>Own</a></td><td>c</td></tr></table>"
        "<ul><li>See<video><source src='known.mp4'></video></li></ul>"
        "<table><tr><td><iframe src='https://www.youtube.com/embed/aaaaaaaaaaa'></iframe></td><td>d</td></tr></table>"
    )
    said = str(blocks)
    for address in (
        "https://h.example/",
        "https://p.example/",
        "https://t.example/",
        '<a linktype="page" id="3">Own</a>',
    ):
        assert address in said
    assert '<a href="https://p.example/">A map</a>' in said
    kinds = [block["type"] for block in blocks]
    assert "video" in kinds
    assert "video_link" in kinds
    assert maker.lost == []


def test_formulas_and_pictures_of_elsewhere_keep_their_words() -> None:
    maker, blocks = made(
        "<p>So <img class='equation_image' data-equation-content='x^2' src='https://c.example/e'> and"
        "<script type='math/tex'>y_1</script> <img src='https://far.example/cat.png' alt='A cat'></p>"
    )
    said = str(blocks)
    assert "<code>x^2</code>" in said
    assert "<code>y_1</code>" in said
    assert "[A cat]" in said
    assert maker.lost == ["https://far.example/cat.png"]


def test_callouts() -> None:
    _maker, blocks = made(
        "<blockquote><p>[!TIP] Say it\naloud</p><ul><li>once</li></ul><pre>x = 1</pre></blockquote><p>after</p>"
    )
    assert [block["type"] for block in blocks] == ["callout", "code", "text"]
    assert blocks[0]["value"] == {"kind": "tip", "title": "Say it", "text": "<p>aloud</p><ul><li>once</li></ul>"}


HOSTILE = {
    "divs": "<div>" * 5_000 + "deep" + "</div>" * 5_000,
    "lists": "<ul><li>" * 2_000 + "deep",
    "tables": "<table><tr><td>" * 300 + "deep",
    "marks": "<b>" * 3_000 + "deep",
    "quotations": "<blockquote>" * 1_000 + "[!NOTE] deep",
    "paragraphs": "<p>word</p>" * 20_000,
    "wide": "<table><tr>" + "<td>c</td>" * 3_000 + "</tr>" + "<tr><td>d</td></tr>" * 3_000 + "</table>",
    "links": "<p><a href='https://x.example/'>w</a></p>" * 20_000,
    "callouts": "<blockquote><p>[!TIP] a</p>" * 200 + "deep",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_take_little_time_and_keep_their_words(name: str) -> None:
    source = HOSTILE[name]
    began = time.monotonic()
    try:
        _maker, blocks = made(f"<body>{source}</body>")
    except PageTooSlowError:
        assert time.monotonic() - began < 25
        return
    assert time.monotonic() - began < 15
    assert letters_of(blocks).endswith(("deep", "word", "c", "d", "w"))
    assert sum(len(str(block)) for block in blocks) < 20 * len(source) + 10_000
