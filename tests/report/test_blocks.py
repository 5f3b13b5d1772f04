"""Blocks: what a page is made of, whatever it becomes."""

from __future__ import annotations

from tfmatrix.report.blocks import Code, Item, List, bullets, joined, prose, table


def test_a_table_keeps_every_cell_as_it_is() -> None:
    """Cells of text and of pieces are in the frame, row by row, and nothing is taken for a number."""
    pieces = ("a", Code("b"))
    made = table(["x", ("y", "z")], [["007", pieces], ["2.10", ""]], right=(0,))
    assert made.cells.to_numpy().tolist() == [["007", pieces], ["2.10", ""]]
    assert (made.headings, made.right) == (("x", ("y", "z")), (0,))
    assert table(["x"], []).cells.empty


def test_texts_are_joined_as_strings_are() -> None:
    """Between each two stands the separator, and of none nothing is made."""
    assert joined(", ", ["a", Code("b"), "c"]) == ("a", ", ", Code("b"), ", ", "c")
    assert joined(", ", ["a"]) == ("a",)
    assert joined(", ", []) == ()


def test_backticks_in_our_own_words_enclose_code() -> None:
    """A sentence that has code in it becomes pieces, and one without stays as it is."""
    assert prose("`a` and `b`.") == (Code("a"), " and ", Code("b"), ".")
    assert prose("plain") == ("plain",)


def test_a_list_has_items_of_whatever_it_is_given() -> None:
    """Texts become entries, and entries stay what they are."""
    below = Item("b", (Item("c"),))
    assert bullets(["a", below]) == List((Item("a"), below))
