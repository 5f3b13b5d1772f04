"""What a report's page is made of: blocks, and the pieces of text in them. No format is known here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd


@dataclass(frozen=True)
class Code:
    """Text as it is typed: a name, a digest, a mark."""

    text: str


@dataclass(frozen=True)
class Strong:
    """Text that stands out."""

    text: Text


@dataclass(frozen=True)
class Emphasis:
    """A word that is said with a stress."""

    text: Text


@dataclass(frozen=True)
class Link:
    """Text that leads to another place of the report."""

    text: Text
    target: str


@dataclass(frozen=True)
class Break:
    """The end of a line within a table's cell."""


Text: TypeAlias = "str | Code | Strong | Emphasis | Link | Break | tuple[Text, ...]"
"""Pieces of text, which may be nested. A string is shown as it is, whoever wrote it: each writer escapes it."""


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title of the whole report."""

    level: int
    text: Text


@dataclass(frozen=True)
class Paragraph:
    """Some lines of text, which a format may break otherwise."""

    lines: tuple[Text, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """A table; without rows it is not shown."""

    cells: pd.DataFrame
    """Its cells are texts."""
    headings: tuple[Text, ...] = ()
    """None, or one for each column."""
    right: tuple[int, ...] = ()
    """The columns that hold numbers."""


@dataclass(frozen=True)
class Item:
    """One entry of a list, and the entries below it."""

    text: Text
    below: tuple[Item, ...] = ()


@dataclass(frozen=True)
class List:
    """A list of entries; without any it is not shown."""

    items: tuple[Item, ...]


@dataclass(frozen=True)
class Picture:
    """A picture in a file beside the report."""

    title: str
    file: str


@dataclass(frozen=True)
class Details:
    """What a reader unfolds to see."""

    summary: str
    blocks: Document


@dataclass(frozen=True)
class Listing:
    """Lines to be typed or pasted, in some language."""

    language: str
    text: str


@dataclass(frozen=True)
class Screen:
    """What a reader of a format that runs a script sees first; the other formats leave it out.

    Everything but the headline and the data are files of tfmatrix's own.
    """

    headline: str
    """One sentence: what there is to say without a script, too."""
    markup: str
    """What the script fills."""
    style: str
    script: str
    data: str
    """JSON, which the script reads and nothing runs."""


Block: TypeAlias = Heading | Paragraph | Table | List | Picture | Details | Listing | Screen
Document: TypeAlias = "Sequence[Block]"


def paragraph(*lines: Text) -> Paragraph:
    """Return a paragraph of some lines."""
    return Paragraph(lines)


def table(headings: Sequence[Text], rows: Iterable[Sequence[Text]], right: tuple[int, ...] = ()) -> Table:
    """Return a table of rows; the columns in ``right`` hold numbers."""
    columns = zip(*rows, strict=True)
    return Table(
        pd.DataFrame({at: pd.Series(cells, dtype=object) for at, cells in enumerate(columns)}), tuple(headings), right
    )


def filled(headings: Sequence[Text], rows: Iterable[Sequence[Text]]) -> Table:
    """Return a table of rows without the columns in which no row has anything."""
    found = list(rows)
    kept = [at for at in range(len(headings)) if any(row[at] for row in found)]
    return table([headings[at] for at in kept], ([row[at] for at in kept] for row in found))


def bullets(entries: Iterable[Text | Item]) -> List:
    """Return a list of entries."""
    return List(tuple(entry if isinstance(entry, Item) else Item(entry) for entry in entries))


def joined(separator: Text, texts: Iterable[Text]) -> Text:
    """Return some texts as one, with another between each two of them."""
    found = tuple(texts)
    return tuple(piece for text in found for piece in (separator, text))[1:]


def prose(text: str) -> Text:
    """Return a text of our own, in which backticks enclose what is code."""
    parts = text.split("`")
    return tuple(Code(part) if number % 2 else part for number, part in enumerate(parts) if part)
