"""Pairs in words: every pair is named, and no other."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmatrix.report.releases import told, told_pairs

RELEASES = ["2.8.4", "2.9.3", "2.10.1", "2.11.1", "2.12.1"]
TRIANGLE = [(writer, reader) for at, writer in enumerate(RELEASES) for reader in RELEASES[at:]]


def expand(text: str) -> list[str]:
    """Return the releases that a phrase names."""
    found = []
    for part in text.split(", "):
        first, _, last = part.partition(" to ")
        found += RELEASES[RELEASES.index(first) : RELEASES.index(last or first) + 1]
    return found


def readers(writer: str, phrase: str) -> list[str]:
    """Return who reads what a writer wrote, by a phrase."""
    later = RELEASES[RELEASES.index(writer) :]
    known = {"itself": [writer], "itself and every later release": later, "every later release": later[1:]}
    if phrase in known:
        return known[phrase]
    if until := re.fullmatch(r"itself to (.*)", phrase):
        return RELEASES[RELEASES.index(writer) : RELEASES.index(until[1]) + 1]
    return expand(phrase)


@given(st.sets(st.sampled_from(TRIANGLE)))
def test_phrases_name_every_pair_and_no_other(pairs: set[tuple[str, str]]) -> None:
    """Read back, the phrases give exactly the pairs that they were made of."""
    found = []
    for phrase in told_pairs(pairs, RELEASES):
        writers, _, read = phrase.partition(" read in ")
        found += [(writer, reader) for writer in expand(writers) for reader in readers(writer, read)]
    assert sorted(found) == sorted(pairs)


def test_a_block_of_pairs_is_one_phrase() -> None:
    """Where the same writers are read by the same readers, one phrase stands for all of them."""
    assert told_pairs([(w, r) for w in RELEASES[:2] for r in RELEASES[3:]], RELEASES) == [
        "2.8.4 to 2.9.3 read in 2.11.1 to 2.12.1"
    ]
    assert told(["2.8.4", "2.10.1", "2.11.1"], RELEASES) == "2.8.4, 2.10.1 to 2.11.1"


def test_the_last_writer_of_a_block_stands_with_the_others() -> None:
    """A writer whose readers are those of the writers before it is named with them, whatever else could be said."""
    block = [(w, r) for w in RELEASES[:3] for r in RELEASES[3:]]  # to the last writer, these are every later release
    assert told_pairs(block, RELEASES) == ["2.8.4 to 2.10.1 read in 2.11.1 to 2.12.1"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["2.12.1", "2.8.4", "2.9.3"], "2.8.4, 2.9.3, 2.12.1"),
        (["2.8.4", "2.9.3", "2.10.1", "2.12.1"], "2.8.4 to 2.10.1, 2.12.1"),
        ([], ""),
    ],
)
def test_short_runs_may_be_listed(names: list[str], words: str) -> None:
    """Where a run has to have three releases, two are listed; they come in their own order, however they are given."""
    assert told(names, RELEASES, shortest=3) == words
