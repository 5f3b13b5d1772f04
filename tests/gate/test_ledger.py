"""The ledger: what is written is what is read, and what is read is what was meant."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfmatrix.compare.policy import LEVELLED
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.errors import UserError
from tfmatrix.gate import ledger
from tfmatrix.gate.ledger import LONGEST, Bits, Place, Record

DAY = date(2026, 11, 25)
RECORD = Record(
    Place("2.15.1", "2.16.2", "a" * 64, "mlp/tf2", "native/shuffle"),
    Bits("b" * 64, "c" * 64),
    Verdict.REDRAWN,
    reason="another order of the rows",
    by="A. Reviewer",
    on=DAY,
    until=date(2027, 3, 1),
)

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(lambda text: text.strip())
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
records = st.builds(
    Record,
    place=st.builds(Place, words, words, digests, words, st.just("") | words),
    bits=st.builds(Bits, digests, digests | st.just("unsupported"), st.just("") | digests),
    verdict=st.sampled_from(LEVELLED),
    reason=words,
    by=words,
    on=st.just(DAY),
    until=st.dates(DAY, DAY + LONGEST),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(found=st.lists(records, max_size=4, unique_by=lambda record: record.place))
def test_what_is_written_is_what_is_read(tmp_path: Path, found: list[Record]) -> None:
    """Whatever names and reasons hold, records come back as they were, written at once or one by one."""
    path = tmp_path / ledger.FILE
    path.unlink(missing_ok=True)
    _, together = ledger.with_records(path, found)
    for record in found:
        ledger.write(path, ledger.with_records(path, [record])[1])
    if found:
        assert list(ledger.read(path).values()) == found
        assert path.read_text(encoding="utf-8", errors="strict").replace("\r\n", "\n") == together.replace("\r\n", "\n")


def test_a_record_takes_the_place_of_the_one_about_the_same(tmp_path: Path) -> None:
    """Accepted anew, a difference has one record, and what others wrote beside it stays byte for byte."""
    path = tmp_path / ledger.FILE
    other = replace(RECORD, place=replace(RECORD.place, cell="linear/tf2"))
    _, text = ledger.with_records(path, [RECORD, other])
    text = text.replace("[[accepted]]", "# looked at twice\n[[accepted]]", 1)
    ledger.write(path, text)
    anew = replace(RECORD, bits=Bits("d" * 64, "e" * 64, "f" * 64), reason="again")
    before, after = ledger.with_records(path, [anew])
    assert before == text
    ledger.write(path, after)
    assert ledger.read(path) == {RECORD.place: anew, other.place: other}
    assert "# looked at twice" in after
    assert after.endswith(text[text.rindex("[[accepted]]") :])


def test_nothing_is_left_of_a_record_that_was_replaced(tmp_path: Path) -> None:
    """What only the old record had, such as what was behind its difference, is not in the new one."""
    path = tmp_path / ledger.FILE
    behind = replace(RECORD, bits=replace(RECORD.bits, behind="f" * 64))
    ledger.write(path, ledger.with_records(path, [behind])[1])
    assert ledger.read(path) == {RECORD.place: behind}
    ledger.write(path, ledger.with_records(path, [RECORD])[1])
    assert ledger.read(path) == {RECORD.place: RECORD}


@pytest.mark.parametrize("in_the_way", [ledger.FILE, f".{ledger.FILE}.partial"])
def test_a_ledger_that_cannot_be_written_is_one_sentence(tmp_path: Path, in_the_way: str) -> None:
    """Where the file, or what is written beside it first, cannot be had, that is said and nothing new is left."""
    (tmp_path / in_the_way).mkdir()
    with pytest.raises(UserError, match=rf"{re.escape(ledger.FILE)} cannot be written: .*; nothing was changed\.$"):
        ledger.write(tmp_path / ledger.FILE, "schema = 1\n")
    assert [path.name for path in tmp_path.iterdir()] == [in_the_way]


def test_there_need_be_no_ledger(tmp_path: Path) -> None:
    """A project that accepted nothing has no file, or one without a record."""
    assert ledger.read(tmp_path / ledger.FILE) == {}
    ledger.write(tmp_path / ledger.FILE, ledger.with_records(tmp_path / ledger.FILE, [])[1])
    assert ledger.read(tmp_path / ledger.FILE) == {}


def test_a_ledger_says_first_what_it_is(tmp_path: Path) -> None:
    """The comments at the head come first, each on a line of its own."""
    _, text = ledger.with_records(tmp_path / ledger.FILE, [RECORD])
    assert text.splitlines()[: len(ledger.HEADER) + 1] == [*(f"# {line}" for line in ledger.HEADER), "schema = 1"]


@pytest.mark.parametrize("until", [DAY, DAY + timedelta(366)])
def test_a_record_counts_for_a_day_or_for_a_year(tmp_path: Path, until: date) -> None:
    """A record may end on the day it was made on, and 366 days later."""
    path = tmp_path / ledger.FILE
    record = replace(RECORD, until=until)
    ledger.write(path, ledger.with_records(path, [record])[1])
    assert ledger.read(path) == {RECORD.place: record}


def test_a_change_is_shown_as_in_a_review() -> None:
    """What stays is shown beside what goes and comes, line by line."""
    shown = ledger.diff("one\ntwo\n", "one\nthree\n")
    assert shown == f"--- a/{ledger.FILE}\n+++ b/{ledger.FILE}\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"


def test_two_records_about_the_same_are_refused(tmp_path: Path) -> None:
    """Which of the two counts is nobody's guess."""
    path = tmp_path / ledger.FILE
    _, text = ledger.with_records(path, [RECORD])
    ledger.write(path, text + "\n" + text[text.index("[[accepted]]") :])
    with pytest.raises(UserError, match="record 2: mlp/tf2 native/shuffle is accepted twice"):
        ledger.read(path)


@pytest.mark.parametrize(
    ("pattern", "new", "saying"),
    [
        (r"schema = 1\n", "", "schema None"),
        (r"schema = 1", "schema = 2", "schema 2"),
        (r"schema = 1", "schema = 0", "schema 0"),
        (r"schema = 1", "schema = 1\nmore = 2", "nothing else"),
        (r"\[\[accepted\]\]", "[accepted]", "nothing else"),
        (r"\[\[accepted\]\]", "[[accepted", "cannot be read"),
        (r"reason = .*\n", "", "'reason' is not there"),
        (r"reason = .*\n", 'reason = " "\n', "reason must be a string that is not empty"),
        (r"reason = .*\n", "reason = 3\n", "reason must be a string that is not empty"),
        (r"by = .*\n", "", "'by' is not there"),
        (r"reason = .*\nby = .*\n", "", "'reason' is not there"),
        (r"reason = .*\n", "b = 1\na = 2\n", "no key 'a'"),
        (r"stage = .*\n", "stage = ['a']\n", "stage must be a string"),
        (r"stage = .*\n", "stages = 'shuffle'\n", "no key 'stages'"),
        (r"baseline = .*\n", "baseline = '*'\n", "baseline must be a digest"),
        (r"candidate = .*\n", "candidate = 'abc'\n", "candidate must be a digest"),
        (r"verdict = .*\n", "verdict = 'unstable'\n", "no verdict that can be accepted"),
        (r"verdict = .*\n", "verdict = 'fine'\n", "no verdict that can be accepted"),
        (r"until = .*\n", "until = 2020-01-01\n", "not before it"),
        (r"until = .*\n", "until = 2026-11-24\n", "not before it"),
        (r"until = .*\n", "until = 2027-11-27\n", "at most 366 days"),
        (r"until = .*\n", "until = 2127-01-01\n", "at most 366 days"),
        (r"until = .*\n", "until = 2027-01-01T00:00:00\n", "until must be a day"),
        (r"until = .*\n", "until = '2027-01-01'\n", "until must be a day"),
        (r"until = .*\n", "", "'until' is not there"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(tmp_path: Path, pattern: str, new: str, saying: str) -> None:
    """A key that is unknown or not there, and a value that cannot be meant, are refused by name."""
    path = tmp_path / ledger.FILE
    _, text = ledger.with_records(path, [RECORD])
    changed = re.sub(pattern, new, text, count=1)
    assert changed != text
    ledger.write(path, changed)
    with pytest.raises(UserError, match=re.escape(saying)) as caught:
        ledger.read(path)
    assert path.name in str(caught.value)


@pytest.mark.parametrize(
    ("bits", "verdict", "today", "covered"),
    [
        (RECORD.bits, Verdict.REDRAWN, DAY, True),
        (RECORD.bits, Verdict.ROUNDING, DAY, True),
        (RECORD.bits, Verdict.REDRAWN, RECORD.until, True),
        (RECORD.bits, Verdict.DIFFERENT, DAY, False),
        (RECORD.bits, Verdict.REDRAWN, RECORD.until + timedelta(1), False),
        (RECORD.bits, Verdict.REDRAWN, DAY - timedelta(1), False),
        (Bits("b" * 64, "d" * 64), Verdict.REDRAWN, DAY, False),
        (Bits("d" * 64, "c" * 64), Verdict.REDRAWN, DAY, False),
        (Bits("b" * 64, "c" * 64, "d" * 64), Verdict.REDRAWN, DAY, False),
    ],
)
def test_a_record_covers_its_bits_on_its_days(bits: Bits, verdict: Verdict, today: date, covered: bool) -> None:
    """The same two digests and what is behind them, a verdict no worse, and a day from its first to its last."""
    assert (RECORD.obstacle(bits, verdict, today) == "") == covered
