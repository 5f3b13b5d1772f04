"""Text from elsewhere on one line, and numbers as a reader wants them."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given

from tfmatrix.report.text import (
    MOST,
    cut_within,
    in_lines,
    in_one_line,
    number,
    plain,
    share,
    shortened,
    told_apart,
    without_places,
)

from .texts import ANY


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\nc\td", "a b c d"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\rest", "rest"),
        ("bell\x07and \x9b", "bell and"),
        ("\x1b", ""),
        ("one\u2028two\u2029three", "one two three"),
        ("safe\u202egnp.exe\u202c", "safegnp.exe"),
        ("a\u2066b\u2067c\u2068d\u2069e\u200ff\u061cg", "abcdefg"),
        ("key\u200bras\ufeff\u00ad", "keyras"),
        ("\U000e0041tag", "tag"),
        ("half \ud800, none \uffff", "half \ufffd, none \ufffd"),
        ("", ""),
        (None, "None"),
    ],
)
def test_plain_text_is_one_line_without_codes(text: object, shown: str) -> None:
    """Newlines become spaces, and what a terminal would act on is gone."""
    assert plain(text) == shown


def test_whatever_unicode_calls_a_format_or_a_control_is_not_shown() -> None:
    """Of all characters none is shown that Unicode calls a control, a format or an end of a line."""
    left = {character for character in map(chr, range(sys.maxunicode + 1)) if character in in_one_line(character)}
    assert not {hex(ord(one)) for one in left if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}


@given(ANY)
def test_any_text_is_plain_once_and_for_all(text: str) -> None:
    """Plain text has no control character, and making it plain again changes nothing."""
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", plain(text))
    assert plain(plain(text)) == plain(text)


def test_a_piece_keeps_the_spaces_at_its_ends() -> None:
    """What stands between two pieces of a text is no part of either that could be taken off."""
    assert in_one_line(" a\n b ") == " a  b "


def test_lines_stay_lines() -> None:
    """Of a text of several lines each is shown by itself, tabs as spaces."""
    assert in_lines("-a\r\n+\tb\u202e\n") == "-a \n+ b\n"


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


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        (0.474, 0.249, ("0.474", "0.249")),
        (1.00431, 1.00352, ("1.0043", "1.0035")),
        (2.5, 2.5, ("2.5", "2.5")),
        (1.0, 1.0 + 1e-12, ("1", "1")),
        (1.0, "nan", ("1", "nan")),
    ],
)
def test_numbers_that_look_the_same_have_more_digits(
    one: float | str, other: float | str, shown: tuple[str, str]
) -> None:
    """As many as tell one from the other, seven at most; a word and equal numbers stay as they are."""
    assert told_apart(one, other) == shown


def test_of_a_long_name_both_ends_are_drawn() -> None:
    """Names of one kind often differ at their ends."""
    assert cut_within("optimizers[adam]", 16) == "optimizers[adam]"
    assert cut_within("keras_mixed_precision[bfloat16]/tf2", 16) == "keras_mixe…]/tf2"


def test_a_long_message_is_cut_where_a_page_shows_it() -> None:
    """In one line, with a sign that there is more; what is short stays as it is."""
    assert shortened("a\nb") == "a b"
    assert shortened("x" * MOST) == "x" * MOST
    assert shortened("x" * MOST + "y") == "x" * MOST + "…"
    assert shortened("one two", 4) == "one…"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.3456, "35 %"),
        (0.003, "0.3 %"),
        (2e-5, "0.002 %"),
        (1e-9, "less than 0.001 %"),
        (1.84, "184 %"),
        (12.0, "12 times"),
        (float("inf"), "not measurable"),
        (float("nan"), "not measurable"),
    ],
)
def test_shares_are_per_cent_with_two_digits(value: float, shown: str) -> None:
    """A share below a hundred-thousandth is said to be that; one above the whole is how many times it."""
    assert share(value) == shown


def test_what_is_told_of_a_trial_names_no_folder_of_the_machine() -> None:
    """Of packages, of tfmatrix and of Python what is within is left, and a project's files as they are called there."""
    stack = """Traceback (most recent call last):
  File "/home/me/venv/lib/python3.11/site-packages/tfmatrix/probe/trial.py", line 61, in observe
  File "/src/clone/src/tfmatrix/probe/builders.py", line 147, in compiled
  File "/my project/models/net.py", line 28, in build
  File "/my project/.nox/tf/lib/python3.10/site-packages/keras/layers.py", line 3, in call
  File "/usr/lib/python3.10/runpy.py", line 86
OSError: cannot read '/my project/data.csv'"""
    assert (
        without_places(stack, "/my project")
        == """Traceback (most recent call last):
  File "tfmatrix/probe/trial.py", line 61, in observe
  File "tfmatrix/probe/builders.py", line 147, in compiled
  File "models/net.py", line 28, in build
  File "site-packages/keras/layers.py", line 3, in call
  File "lib/python3.10/runpy.py", line 86
OSError: cannot read 'data.csv'"""
    )
