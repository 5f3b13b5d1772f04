"""Documents as HTML: every block, one file that needs no other, and text from elsewhere that is shown as it is."""

from __future__ import annotations

import base64
import hashlib
import html as standard
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmatrix.report import html
from tfmatrix.report.blocks import (
    Block,
    Break,
    Code,
    Details,
    Emphasis,
    Heading,
    Item,
    Link,
    Listing,
    Picture,
    Screen,
    Strong,
    Text,
    bullets,
    paragraph,
    table,
)
from tfmatrix.report.html import as_data, inline, to_html
from tfmatrix.report.text import in_one_line

from .texts import ANY, TEXTS

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><title>a</title></svg>\n'

SCREEN = Screen(
    headline="May <it>?",
    markup='<p id="app">&nbsp;</p>\n',
    style="p { margin: 0; }\n",
    script='"use strict";\n',
    data=json.dumps(["</script><script>alert(1)</script>", "<!--", "&amp;", "\u2028", "é"], ensure_ascii=False),
)

HOSTILE = ["<script>alert(1)</script>", "a|b", "\x1b[31mred\x1b[0m", "left\u202eright", "x" * 300, '"><img src=x>']


class _Elements(HTMLParser):
    """Every element of a page with its attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._open: list[str] = []
        self.unclosed: list[str] = []
        self.feed(text)
        self.close()
        self.unclosed += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag in self.raw:
            self.raw[tag].append("")
        if tag not in {"meta", "br", "img"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open.pop() != tag:
            self.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in self.raw:
            self.raw[self._open[-1]][-1] += data


def policy(page: str) -> dict[str, str]:
    """Return the content security policy of a page, by directive."""
    (content,) = (
        attributes["content"]
        for tag, attributes in _Elements(page).found
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert content
    return dict(directive.split(" ", 1) for directive in content.split("; "))


def body(*blocks: Block) -> str:
    """Return what a page has of some blocks."""
    return to_html([*blocks], {}).partition("<header>\n")[2].partition("\n</header>")[0]


def test_every_block_as_html() -> None:
    """Parts stand in sections with an anchor, and what is empty is left out."""
    document: list[Block] = [
        Heading(1, "Title"),
        paragraph(("One ", Strong("line"), ","), ("and ", Emphasis("another"), " ", Link("there", "#of-it"), ".")),
        Heading(2, ("Of ", Code("it"))),
        table([], []),
        bullets([]),
        table(["a", "b"], [["x", ("1", Break(), "2")], ["2.10", "007"]], right=(1,)),
        table([], [["no heading"]]),
        Heading(2, "Of it!"),
        bullets([Item("a", (Item("b"), Item(Code("c")))), "d"]),
        Heading(3, "Below"),
        Details("More", [Picture("one_", "1.svg"), Picture("none", "2.svg")]),
        Listing("python", "a = 1 < 2\nb\n"),
    ]
    picture = base64.b64encode(SVG.encode()).decode()
    page = to_html(document, {"1.svg": SVG})
    assert page.partition("<main>\n")[2] == (
        f"""
<article>
<header>
<h1>Title</h1>
<p>One <strong>line</strong>,
and <em>another</em> <a href="#of-it">there</a>.</p>
</header>
<nav aria-label="Contents"><ul>\
<li><a href="#of-it">Of <code>it</code></a></li><li><a href="#of-it-1">Of it!</a></li></ul></nav>
<section id="of-it">
<h2>Of <code>it</code></h2>
<div class="table"><table>
<thead><tr><th scope="col">a</th><th scope="col" class="right">b</th></tr></thead>
<tbody>
<tr><th scope="row">x</th><td class="right">1<br>2</td></tr>
<tr><th scope="row">2.10</th><td class="right">007</td></tr>
</tbody></table></div>
<div class="table"><table>
<tbody>
<tr><td>no heading</td></tr>
</tbody></table></div>
</section>
<section id="of-it-1">
<h2>Of it!</h2>
<ul>
<li>a<ul>
<li>b</li>
<li><code>c</code></li>
</ul></li>
<li>d</li>
</ul>
<h3>Below</h3>
<details><summary>More</summary>
<img alt="one_" loading="lazy" src="data:image/svg+xml;base64,{picture}">
<p>none: 2.svg</p>
</details>
<pre data-language="python"><code>a = 1 &lt; 2
b</code></pre>
</section>
</article>
</main>

</body>
</html>
"""
    )
    assert _Elements(page).unclosed == []


def test_a_page_needs_no_other_file() -> None:
    """Nothing in it is fetched, and its policy forbids fetching and running anything."""
    page = to_html([Heading(1, "T"), Picture("p", "p.svg")], {"p.svg": SVG})
    assert re.findall(r"(?:src|href)=\"(?!data:|#)", page) == []
    assert "url(" not in page
    assert "@import" not in page
    rules = policy(page)
    assert (rules["default-src"], rules["script-src"], rules["img-src"]) == ("'none'", "'none'", "data:")
    assert "<script" not in page
    assert " style=" not in page


def test_the_policy_names_what_is_in_the_page() -> None:
    """Each hash is that of the one style and the one script that there are."""
    page = to_html([SCREEN, Heading(1, "T")], {})
    rules, found = policy(page), _Elements(page)
    (style,) = found.raw["style"]
    data, script = found.raw["script"]
    for text, rule in ((style, "style-src"), (script, "script-src")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert script == SCREEN.script
    assert style.endswith(SCREEN.style)
    assert json.loads(data) == json.loads(SCREEN.data)


def test_a_first_screen_stands_before_the_page() -> None:
    """With its sentence as text; the page's own headings then stand a level lower."""
    page = to_html([SCREEN, Heading(1, "T"), Heading(2, "U")], {})
    assert '<h1 id="headline">May &lt;it&gt;?</h1>\n<p id="app">&nbsp;</p>\n</section>' in page
    assert page.index("</section>") < page.index("<h2>T</h2>") < page.index("<h3>U</h3>")
    assert "<title>T</title>" in page


@given(st.text())
def test_data_stays_what_it_was_and_ends_nothing(text: str) -> None:
    """JSON in a page is read as it was written, and has no character that a page acts on."""
    written = as_data(json.dumps([text], ensure_ascii=False))
    assert json.loads(written) == [text]
    assert not set(written) & set("<>&\u2028\u2029")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_elsewhere_is_text_in_every_block(text: str) -> None:
    """Whichever block has it: no element, no attribute and no control character comes of it."""
    document: list[Block] = [
        Screen(text, "", "", ";", json.dumps([text])),
        Heading(1, text),
        Heading(2, text),
        paragraph((text, Code(text), Strong(text), Emphasis(text), Link(text, "#there"))),
        table([text], [[text]]),
        bullets([text]),
        Picture(text, text),
        Picture(text, "there.svg"),
        Details(text, [Listing(text, f"{text}\n{text}")]),
    ]
    page = to_html(document, {"there.svg": SVG})
    found = _Elements(page)
    assert found.unclosed == []
    assert [tag for tag, _ in found.found].count("script") == 2
    assert [tag for tag, _ in found.found].count("img") == 1
    assert {name for _, attributes in found.found for name in attributes if name.startswith("on")} == set()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", page)


@given(TEXTS)
def test_any_text_is_whole_markup(text: Text) -> None:
    """Every element in it is closed, and none but those of pieces is there."""
    found = _Elements(f"<p>{inline(text)}</p>")
    assert found.unclosed == []
    assert {tag for tag, _ in found.found} <= {"p", "code", "strong", "em", "a", "br"}


@given(ANY)
def test_a_string_is_read_as_it_was_meant(text: str) -> None:
    """What a reader sees is the text as every format shows it."""
    assert standard.unescape(inline(text)) == in_one_line(text).strip()


def test_a_long_part_is_folded_and_one_too_long_is_left_to_the_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a page opens and prints, however many cells there are."""
    document: list[Block] = [Heading(1, "T"), Heading(2, "Part"), paragraph("words " * 20)]
    monkeypatch.setattr(html, "LONG", 100)
    folded = to_html(document, {})
    assert '<section id="part">\n<details><summary><h2>Part</h2></summary>\n<p>words' in folded
    monkeypatch.setattr(html, "MOST_OF_A_PART", 100)
    left = to_html(document, {})
    assert "<p>words" not in left
    assert html.TOO_LONG in left


def test_the_same_document_is_the_same_page() -> None:
    """Byte for byte."""
    document: list[Block] = [SCREEN, Heading(1, "T"), table(["a"], [["b"]])]
    assert to_html(document, {}) == to_html(document, {})


def test_an_empty_document_is_a_page() -> None:
    """With tfmatrix for its title."""
    assert "<title>tfmatrix</title>" in to_html([], {})
    assert body(paragraph("a")) == "<p>a</p>"
