"""Text from elsewhere in Markdown, and numbers as a reader wants them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmatrix.report.text import code, escaped, number, plain, table

ANY = st.text(st.sampled_from("ab `|<>&\\*_[]~#\n\r\t\x1b\x07\x9b;m3é"), max_size=30)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\nc\td", "a b c d"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\rest", "rest"),
        ("bell\x07and \x9b", "bell and"),
        ("\x1b", ""),
        ("", ""),
        (None, "None"),
    ],
)
def test_plain_text_is_one_line_without_codes(text: object, shown: str) -> None:
    """Newlines become spaces, and what a terminal would act on is gone."""
    assert plain(text) == shown


@given(ANY)
def test_any_text_is_plain_once_and_for_all(text: str) -> None:
    """Plain text has no control character, and making it plain again changes nothing."""
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", plain(text))
    assert plain(plain(text)) == plain(text)


@given(ANY)
def test_any_text_is_escaped_and_none_of_it_lost(text: str) -> None:
    """No tag and no mark of Markdown's is left bare, and undoing the escapes gives the plain text."""
    safe = escaped(text)
    assert "<" not in safe
    assert ">" not in safe
    assert not re.search(r"[`*_\[\]|~#]", re.sub(r"\\.", "", safe))
    undone = re.sub(r"\\(.)", r"\1", safe)
    assert undone.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == plain(text)


@given(ANY)
def test_any_text_as_code_leaves_the_table_whole(text: str) -> None:
    """A code span has no backtick and no bar within, or the text is escaped instead."""
    shown = code(text)
    if shown.startswith("`"):
        assert shown == f"`{plain(text)}`"
        assert "`" not in plain(text)
        assert "|" not in shown
    else:
        assert shown == (escaped(text) if plain(text) else "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (0.0, "0"),
        (3.0, "3"),
        (999_999, "999999"),
        (1e6, "1e+06"),
        (0.123456, "0.123"),
        (1234.5, "1.23e+03"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        ("inf", "inf"),
    ],
)
def test_numbers_have_three_digits_and_whole_ones_are_exact(value: float | str | None, shown: str) -> None:
    """A measured number has three digits, a whole one below a million all of them, and none is no number."""
    assert number(value) == shown


def test_a_table_keeps_every_cell_as_text() -> None:
    """What looks like a number stays as it was written, and a table without rows is nothing."""
    assert table(["a", "b"], []) == ""
    assert "| 2.10 | 007 |" in re.sub(" +", " ", table(["a", "b"], [["2.10", "007"]], right=(1,)))
