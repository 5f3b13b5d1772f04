"""Documents as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from tfmatrix.report.text import in_one_line

GAP = "  "
"""What stands between two columns of a table."""


def lines(document: Document) -> Iterator[str]:
    """Yield the lines of a document, without terminal codes or control characters."""
    for block in document:
        yield from _lines(block)


def inline(text: Text) -> str:
    """Return a text on one line."""
    return " ".join(_broken(text))


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text=text):
            yield inline(text)
        case Paragraph(lines=found):
            yield " ".join(map(inline, found))
        case Table():
            yield from _table(block)
        case List(items=items):
            yield from _items(items, "")
        case Picture(title=title, file=file):
            yield inline(f"{title}: {file}")
        case Details(summary=summary, blocks=blocks):
            yield inline(summary)
            yield from lines(blocks)
        case Listing(text=text):
            yield from (in_one_line(line) for line in text.splitlines())
        case Screen():
            pass
        case _:
            unreachable(block)


def _items(items: Iterable[Item], indent: str) -> Iterator[str]:
    for item in items:
        yield f"{indent}- {inline(item.text)}"
        yield from _items(item.below, f"{indent}{GAP}")


def _table(block: Table) -> Iterator[str]:
    """Yield the rows of a table, their columns in line; a cell may have several lines."""
    rows = [[_broken(cell) for cell in row] for row in block.cells.itertuples(index=False, name=None)]
    if rows and block.headings:
        rows.insert(0, [_broken(name) for name in block.headings])
    widths = [max(len(line) for cell in column for line in cell) for column in zip(*rows, strict=True)]
    for row in rows:
        for number in range(max(map(len, row))):
            cells = [cell[number] if number < len(cell) else "" for cell in row]
            aligned = (
                cell.rjust(width) if column in block.right else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
            )
            yield GAP.join(aligned).rstrip()


def _broken(text: Text) -> list[str]:
    """Return the lines of a text."""
    found = [""]
    for piece in _pieces(text):
        if isinstance(piece, Break):
            found.append("")
        else:
            found[-1] += in_one_line(piece)
    return [line.strip() for line in found]


def _pieces(text: Text) -> Iterator[str | Break]:
    match text:
        case str() | Break():
            yield text
        case Code(text=typed):
            yield typed
        case Strong(text=within) | Emphasis(text=within) | Link(text=within):
            yield from _pieces(within)
        case tuple():
            for each in text:
                yield from _pieces(each)
        case _:
            unreachable(text)
