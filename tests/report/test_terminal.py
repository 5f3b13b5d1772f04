"""Documents on a terminal: plain lines, whatever a name or a message holds."""

from __future__ import annotations

from hypothesis import given

from tfmatrix.report.blocks import (
    Block,
    Break,
    Code,
    Details,
    Heading,
    Item,
    Link,
    Listing,
    Picture,
    Strong,
    Text,
    bullets,
    paragraph,
    table,
)
from tfmatrix.report.terminal import inline, lines

from .texts import TEXTS


def test_every_block_as_lines() -> None:
    """A paragraph is one line, columns stand in line, and entries below others are moved in."""
    document: list[Block] = [
        Heading(1, "Title"),
        paragraph(("a ", Strong("b")), "c"),
        table(["name", "n"], [["x", "1"], [Code("longer"), "10"]], right=(1,)),
        bullets([Item("a", (Item(Link("b", "#x")),))]),
        Details("More", [Picture("one", "1.svg")]),
        Listing("console", "$ ls\n\x1b[31m$ cd\n"),
        table([], []),
    ]
    assert list(lines(document)) == [
        "Title",
        "a b c",
        "name     n",
        "x        1",
        "longer  10",
        "- a",
        "  - b",
        "More",
        "one: 1.svg",
        "$ ls",
        "$ cd",
    ]


def test_a_cell_may_have_several_lines() -> None:
    """Lines of one cell stand below each other, and no line ends in spaces."""
    made = table([], [["a", ("first", Break(), "second")], ["bc", "only"]])
    assert list(lines([made])) == ["a   first", "    second", "bc  only"]


@given(TEXTS)
def test_any_text_is_one_line_that_a_terminal_only_shows(text: Text) -> None:
    """No character is left that a terminal acts on."""
    assert all(character >= " " and not "\x7f" <= character <= "\x9f" for character in inline(text))
