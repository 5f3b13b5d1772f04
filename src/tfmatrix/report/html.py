"""Documents as HTML: one file that needs no other, asks no network, and in which nothing of the data is run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html import escape
from importlib import resources
from string import Template

from tfmatrix.errors import unreachable
from tfmatrix.report import terminal
from tfmatrix.report.blocks import (
    Block,
    Break,
    Code,
    Details,
    Document,
    Emphasis,
    Heading,
    Item,
    Link,
    List,
    Listing,
    Paragraph,
    Picture,
    Screen,
    Strong,
    Table,
    Text,
)
from tfmatrix.report.text import in_lines, in_one_line, plain

MOST_OF_A_PART = 3_000_000
"""Characters of one part of a page, from a heading of level 2 to the next, that a browser still shows at once."""

LONG = 60_000
"""Characters of a part that is folded until a reader unfolds it: some twenty printed pages."""

TOO_LONG = "<p>This part is too long for a browser. It stands in the Markdown beside this page.</p>"

_BARE = re.compile(r"[^\w\- ]")


def to_html(document: Document, files: Mapping[str, str]) -> str:
    """Return a document as the text of an HTML file; ``files`` are the pictures beside it, which it takes in."""
    screen = next((block for block in document if isinstance(block, Screen)), None)
    blocks = [block for block in document if not isinstance(block, Screen)]
    style = asset("page.css") + (screen.style if screen else "")
    body = _Writer(files, below=1 if screen else 0).body(blocks)
    title = next((terminal.inline(block.text) for block in blocks if isinstance(block, Heading)), "tfmatrix")
    return Template(asset("page.html")).substitute(
        policy=escape(_policy(style, screen.script if screen else "")),
        title=escape(title),
        style=style,
        screen=_screen(screen) if screen else "",
        body=body,
        script=_script(screen) if screen else "",
    )


@cache
def asset(name: str, package: str = "tfmatrix.report") -> str:
    """Return the text of a file in the folder ``assets`` of a package."""
    return (resources.files(package) / "assets" / name).read_text(encoding="utf-8")


def as_data(json: str) -> str:
    """Return JSON as it can stand in a page: no character in it ends its element or begins another."""
    for character in "<>&\u2028\u2029":
        json = json.replace(character, f"\\u{ord(character):04x}")
    return json


def _policy(style: str, script: str) -> str:
    """Return what a browser may do with the page: show it, and run the one script that is ours."""
    allowed = {
        "default-src": "'none'",
        "style-src": _hash(style),
        "script-src": _hash(script) if script else "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{what} {which}" for what, which in allowed.items())


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _screen(screen: Screen) -> str:
    return f'<section id="screen">\n<h1 id="headline">{escape(plain(screen.headline))}</h1>\n{screen.markup}</section>'


def _script(screen: Screen) -> str:
    data = f'<script type="application/json" id="data">{as_data(screen.data)}</script>'
    return f"{data}\n<script>{screen.script}</script>"


class _Writer:
    """What writes blocks, knowing the pictures beside the page and how deep its headings stand."""

    def __init__(self, files: Mapping[str, str], *, below: int) -> None:
        self._files = files
        self._below = below
        """Levels of heading that stand above the document's own."""
        self._slugs: dict[str, int] = {}

    def body(self, document: Document) -> str:
        """Return a whole document: what stands before its parts, a list of these, and each part by itself."""
        head, *parts = _parts(document)
        written = [self._part(part) for part in parts]
        names = [inline(part[0].text) for part in parts if isinstance(part[0], Heading)]
        links = "".join(
            f'<li><a href="#{slug}">{name}</a></li>' for name, (slug, _) in zip(names, written, strict=True)
        )
        contents = f'<nav aria-label="Contents"><ul>{links}</ul></nav>' if len(parts) > 1 else ""
        begun = f"<header>\n{self.blocks(head)}\n</header>"
        return "\n".join(filter(None, [begun, contents, *(text for _, text in written)]))

    def _part(self, blocks: Document) -> tuple[str, str]:
        """Return a part's anchor, and its text."""
        first = blocks[0]
        assert isinstance(first, Heading)
        slug = self._slug(first)
        rest = self.blocks(blocks[1:])
        shown = rest if len(rest) <= MOST_OF_A_PART else TOO_LONG
        whole = f"{self._heading(first)}\n{shown}"
        if len(shown) > LONG:
            whole = f"<details><summary>{self._heading(first)}</summary>\n{shown}\n</details>"
        return slug, f'<section id="{slug}">\n{whole}\n</section>'

    def _slug(self, heading: Heading) -> str:
        """Return a heading's anchor, made as GitHub makes those of Markdown, so that links of a page lead to both."""
        slug = _BARE.sub("", terminal.inline(heading.text).lower()).replace(" ", "-")
        self._slugs[slug] = self._slugs.get(slug, 0) + 1
        return escape(slug if self._slugs[slug] == 1 else f"{slug}-{self._slugs[slug] - 1}")

    def _heading(self, heading: Heading) -> str:
        level = min(heading.level + self._below, 6)
        return f"<h{level}>{inline(heading.text)}</h{level}>"

    def blocks(self, blocks: Iterable[Block]) -> str:
        """Return blocks one below the other; what is empty is left out."""
        return "\n".join(filter(None, map(self._block, blocks)))

    def _block(self, block: Block) -> str:
        match block:
            case Heading():
                written = self._heading(block)
            case Paragraph(lines=lines):
                written = f"<p>{chr(10).join(map(inline, lines))}</p>"
            case Table():
                written = _table(block)
            case List(items=items):
                written = _items(items)
            case Picture(title=title, file=file):
                written = _picture(title, file, self._files.get(file))
            case Details(summary=summary, blocks=blocks):
                within = self.blocks(blocks)
                written = f"<details><summary>{inline(summary)}</summary>\n{within}\n</details>"
            case Listing(language=language, text=text):
                typed = escape(in_lines(text.removesuffix("\n")))
                written = f'<pre data-language="{escape(plain(language))}"><code>{typed}</code></pre>'
            case Screen():
                written = ""
            case _:
                unreachable(block)
        return written


def _parts(document: Document) -> list[list[Block]]:
    """Return a document cut before each heading of level 2; the first part has none."""
    parts: list[list[Block]] = [[]]
    for block in document:
        if isinstance(block, Heading) and block.level == 2:
            parts.append([])
        parts[-1].append(block)
    return parts


def _table(block: Table) -> str:
    """Return a table in a box of its own, which moves sideways where the page is too narrow."""
    if block.cells.empty:
        return ""
    head = ""
    if block.headings:
        names = "".join(
            f'<th scope="col"{_aligned(column, block)}>{inline(name)}</th>'
            for column, name in enumerate(block.headings)
        )
        head = f"<thead><tr>{names}</tr></thead>\n"
    rows = "\n".join(f"<tr>{_row(row, block)}</tr>" for row in block.cells.itertuples(index=False, name=None))
    return f'<div class="table"><table>\n{head}<tbody>\n{rows}\n</tbody></table></div>'


def _row(row: Iterable[Text], block: Table) -> str:
    """Return the cells of a row: what is under a heading belongs to the first of its row."""
    cells = []
    for column, cell in enumerate(row):
        kind = "th" if block.headings and not column else "td"
        scope = ' scope="row"' if kind == "th" else ""
        cells.append(f"<{kind}{scope}{_aligned(column, block)}>{inline(cell)}</{kind}>")
    return "".join(cells)


def _aligned(column: int, block: Table) -> str:
    return ' class="right"' if column in block.right else ""


def _items(items: Iterable[Item]) -> str:
    entries = "\n".join(f"<li>{inline(item.text)}{_items(item.below)}</li>" for item in items)
    return f"<ul>\n{entries}\n</ul>" if entries else ""


def _picture(title: str, file: str, drawn: str | None) -> str:
    """Return a picture that the page holds, or where there is no such file the words for it."""
    name = escape(plain(title))
    if drawn is None:
        return f"<p>{name}: {escape(plain(file))}</p>"
    data = base64.b64encode(drawn.encode("utf-8")).decode("ascii")
    return f'<img alt="{name}" loading="lazy" src="data:image/svg+xml;base64,{data}">'


def inline(text: Text) -> str:
    """Return a text as HTML, without spaces at its ends."""
    return "".join(_pieces(text)).strip()


def _pieces(text: Text) -> Iterator[str]:
    match text:
        case str():
            yield escape(in_one_line(text))
        case Code(text=typed):
            if shown := plain(typed):
                yield f"<code>{escape(shown)}</code>"
        case Strong(text=within):
            yield f"<strong>{inline(within)}</strong>"
        case Emphasis(text=within):
            yield f"<em>{inline(within)}</em>"
        case Link(text=within, target=target):
            yield f'<a href="{escape(target)}">{inline(within)}</a>'
        case Break():
            yield "<br>"
        case tuple():
            for each in text:
                yield from _pieces(each)
        case _:
            unreachable(text)
