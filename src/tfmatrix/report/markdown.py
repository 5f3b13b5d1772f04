"""Documents as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from tabulate import tabulate

from tfmatrix.errors import unreachable
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

WIDTH = 120
"""Characters of a line up to which a table is written in columns."""

_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")


def to_markdown(document: Document) -> str:
    """Return a document as the text of a Markdown file."""
    return f"{_blocks(document)}\n"


def inline(text: Text) -> str:
    """Return a text as Markdown on one line, in a table or outside."""
    return _inline(text).strip()


def _blocks(blocks: Iterable[Block]) -> str:
    """Return blocks with an empty line between each two of them; pictures stand close together."""
    written = [(block, text) for block in blocks if (text := _block(block))]
    parts = [text for _, text in written[:1]]
    for (before, _), (block, text) in pairwise(written):
        together = isinstance(before, Picture) and isinstance(block, Picture)
        parts += ["\n" if together else "\n\n", text]
    return "".join(parts)


def _block(block: Block) -> str:
    match block:
        case Heading(level=level, text=text):
            written = f"{'#' * level} {inline(text)}"
        case Paragraph(lines=lines):
            written = "\n".join(map(inline, lines))
        case Table():
            written = _table(block)
        case List(items=items):
            written = "\n".join(_items(items, ""))
        case Picture(title=title, file=file):
            written = f"![{inline(title)}]({file})"
        case Details(summary=summary, blocks=blocks):
            written = f"<details><summary>{inline(summary)}</summary>\n\n{_blocks(blocks)}\n\n</details>"
        case Listing(language=language, text=text):
            written = f"```{language}\n{in_lines(text.removesuffix(chr(10)))}\n```"
        case Screen():
            written = ""
        case _:
            unreachable(block)
    return written


def _table(block: Table) -> str:
    if block.cells.empty:
        return ""
    names = [inline(name) for name in block.headings or [""] * block.cells.shape[1]]
    rows = [[inline(cell) for cell in row] for row in block.cells.itertuples(index=False, name=None)]
    aligned = ["right" if column in block.right else "left" for column in range(len(names))]
    padded = tabulate(rows, names, tablefmt="pipe", disable_numparse=True, colalign=aligned)
    if len(padded.partition("\n")[0]) <= WIDTH:
        return padded
    # In columns nobody reads one that is so wide, and what fills them up is most of a long page.
    rule = ["--:" if column in block.right else ":--" for column in range(len(names))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (names, rule, *rows))


def _items(items: Iterable[Item], indent: str) -> Iterator[str]:
    for item in items:
        yield f"{indent}- {inline(item.text)}"
        yield from _items(item.below, f"{indent}  ")


def _inline(text: Text) -> str:
    match text:
        case str():
            written = _escaped(in_one_line(text))
        case Code(text=typed):
            written = _code(plain(typed))
        case Strong(text=within):
            written = f"**{inline(within)}**"
        case Emphasis(text=within):
            written = f"*{inline(within)}*"
        case Link(text=within, target=target):
            written = f"[{inline(within)}]({target})"
        case Break():
            written = "<br>"
        case tuple():
            written = "".join(map(_inline, text))
        case _:
            unreachable(text)
    return written


def _escaped(text: str) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", safe)


def _code(text: str) -> str:
    if not text:
        return ""
    if "`" in text or "|" in text:  # a code span's own escapes are not the same in every Markdown
        return _escaped(text)
    return f"`{text}`"
