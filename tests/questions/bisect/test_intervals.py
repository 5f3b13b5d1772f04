"""The search over random lines, monotone or not, in which some builds cannot be run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmatrix.questions.bisect.intervals import Boundary, Letters, boundaries, returning, wanted


@dataclass
class Line:
    """What every build would give, and which of them cannot be run."""

    truth: Sequence[str]
    skips: frozenset[int] = frozenset()
    letters: list[str | None] = field(default_factory=list)
    found_out: set[int] = field(default_factory=set)
    """The skipped ones that were tried: which these are, nobody knows before."""
    rounds: list[tuple[int, ...]] = field(default_factory=list)

    def search(self, *, scan: bool = False) -> list[Boundary]:
        """Run what is wanted, round after round, and return the boundaries."""
        self.letters = [None] * len(self.truth)
        while found := wanted(self.letters, self.found_out, scan=scan):
            self.rounds.append(found)
            for place in found:
                assert self.letters[place] is None
                assert place not in self.found_out
                if place in self.skips:
                    self.found_out.add(place)
                else:
                    self.letters[place] = self.truth[place]
        return list(boundaries(self.letters, self.found_out))

    @property
    def tried(self) -> list[int]:
        """Every build that was tried, in order."""
        return [place for found in self.rounds for place in found]


@st.composite
def lines(draw: st.DrawFn, *, skips: bool = True) -> Line:
    """Return lines of few letters, so that these come back; the ends can be run."""
    truth = draw(st.text("ABC", min_size=2, max_size=24))
    places = st.sets(st.integers(1, max(1, len(truth) - 2)), max_size=8 if skips else 0)
    return Line(truth, frozenset(place for place in draw(places) if place < len(truth) - 1))


def split(truth: Sequence[str], skips: frozenset[int], before: int, after: int) -> Iterator[tuple[int, int]]:
    """Yield the changes that splitting finds: a search of its own, written as the definition is."""
    if truth[before] == truth[after]:
        return
    inside = [place for place in range(before + 1, after) if place not in skips]
    if not inside:
        yield before, after
        return
    middle = min(inside, key=lambda place: abs(place - (before + after) / 2))
    yield from split(truth, skips, before, middle)
    yield from split(truth, skips, middle, after)


def runs_of_splitting(truth: Sequence[str], before: int, after: int) -> int:
    """Return how many builds splitting runs between two, with nothing skipped."""
    if truth[before] == truth[after] or after - before < 2:
        return 0
    middle = (before + after) // 2
    return 1 + runs_of_splitting(truth, before, middle) + runs_of_splitting(truth, middle, after)


def changes(truth: Sequence[str]) -> list[tuple[int, int]]:
    """Return every change of a line."""
    return [(place, place + 1) for place, (one, other) in enumerate(pairwise(truth)) if one != other]


@given(lines())
def test_no_boundary_is_wrong(line: Line) -> None:
    """Its builds were run and differ, and every build between them cannot be run."""
    for found in line.search():
        assert line.truth[found.before] != line.truth[found.after]
        assert found.skipped == tuple(range(found.before + 1, found.after))
        assert set(found.skipped) <= line.skips
        assert found.unknown == ()


@given(lines())
def test_the_changes_of_every_interval_whose_ends_differ_are_found(line: Line) -> None:
    """Where nothing else is told, as many as by the definition; equal ends end the search after two builds."""
    found = [(one.before, one.after) for one in line.search()]
    if not line.skips:
        assert found == list(split(line.truth, line.skips, 0, len(line.truth) - 1))
    assert bool(found) == (line.truth[0] != line.truth[-1])
    if not found:
        assert line.tried == [0, len(line.truth) - 1]


@given(lines())
def test_each_interval_that_is_left_has_equal_ends(line: Line) -> None:
    """Whatever is skipped: what was not run lies between builds with equal results."""
    line.search()
    run = [place for place, letter in enumerate(line.letters) if letter is not None]
    for before, after in pairwise(run):
        left = set(range(before + 1, after)) - line.skips
        assert not left or line.truth[before] == line.truth[after]


@given(lines(skips=False))
def test_no_more_builds_are_run_than_splitting_runs(line: Line) -> None:
    """Both ends, and one for each interval that is split."""
    line.search()
    last = len(line.truth) - 1
    assert len(line.tried) == len(set(line.tried)) == 2 + runs_of_splitting(line.truth, 0, last)


@given(st.integers(2, 500), st.data())
def test_one_change_takes_as_many_builds_as_a_bisection(length: int, data: st.DataObject) -> None:
    """Of n builds the logarithm of n, and the ends."""
    at = data.draw(st.integers(1, length - 1))
    line = Line("A" * at + "B" * (length - at))
    assert line.search() == [Boundary(at - 1, at)]
    assert len(line.tried) <= 2 + (length - 1).bit_length()


@pytest.mark.parametrize("at", [1, 60, 140, 199])
def test_a_crowd_of_skipped_builds_is_left_in_few_steps(at: int) -> None:
    """Where the change is not among them, most of them are not tried."""
    line = Line("A" * at + "B" * (200 - at), frozenset(range(80, 120)))
    assert line.search() == [Boundary(at - 1, at)]
    assert len(line.found_out) <= 3
    assert len(line.tried) <= 14


@given(lines())
def test_a_scan_finds_every_change(line: Line) -> None:
    """It tries each build once, the ends first, and then all others at once."""
    found = line.search(scan=True)
    assert sorted(line.tried) == list(range(len(line.truth)))
    assert len(line.rounds) == (2 if len(line.truth) > 2 else 1)
    runs = [place for place in range(len(line.truth)) if place not in line.skips]
    there = [line.truth[place] for place in runs]
    assert [(one.before, one.after) for one in found] == [(runs[a], runs[b]) for a, b in changes(there)]


@given(lines(skips=False))
def test_what_changes_once_or_never_returns_is_found_whole(line: Line) -> None:
    """Where no letter comes back, splitting finds every change."""
    truth = "".join(sorted(line.truth))
    found = Line(truth).search()
    assert [(one.before, one.after) for one in found] == changes(truth)


@given(lines(), st.data())
def test_what_is_known_already_is_not_run_again(line: Line, data: st.DataObject) -> None:
    """Whatever another run left: the search goes on from there, and finds no wrong boundary."""
    runs = [place for place in range(len(line.truth)) if place not in line.skips]
    known = data.draw(st.sets(st.sampled_from(runs)))
    letters: list[str | None] = [line.truth[place] if place in known else None for place in range(len(line.truth))]
    tried: set[int] = set()
    while found := wanted(letters, line.skips):
        assert not known & set(found)
        tried |= set(found)
        for place in found:
            letters[place] = line.truth[place]
    assert not tried & line.skips
    assert all(one.unknown == () for one in boundaries(letters, line.skips))


def committed() -> dict[str, list[str]]:
    """Return the letters of each cell over the releases of the committed report, where it has one in each."""
    report = json.loads((Path(__file__).parents[3] / "reports" / "matrix.json").read_text(encoding="utf-8"))
    lines: dict[str, list[str]] = {}
    for cell in report["cells"]:
        lines.setdefault(f"{cell['model']}/{cell['mode']}/{cell['launch']}", []).append(cell["letter"])
    return {name: letters for name, letters in lines.items() if all(letters)}


def test_of_real_releases_every_change_is_found_that_did_not_come_back() -> None:
    """Over the letters of the committed report, in fewer builds than there are; no boundary is none."""
    lines = committed()
    changed = {name: truth for name, truth in lines.items() if len(set(truth)) > 1}
    assert len(changed) > 20
    tried = 0
    for name, truth in changed.items():
        line = Line(truth)
        found = [(one.before, one.after) for one in line.search()]
        tried += len(line.tried)
        assert set(found) <= set(changes(truth)), name
        assert found == changes(truth) or returning(truth), name
    assert tried < sum(map(len, changed.values()))


@pytest.mark.parametrize(
    ("letters", "skipped", "expected"),
    [
        ([None] * 5, set(), (0, 4)),
        (["A", None, None, None, None], set(), (4,)),
        (["A", None, None, None, "B"], set(), (2,)),
        (["A", None, None, None, "B"], {2}, (1,)),
        (["A", None, None, None, "B"], {1, 2}, (3,)),
        (["A", None, None, None, "B"], {1, 2, 3}, ()),
        (["A", *[None] * 15, "B"], {8}, (4,)),
        (["A", *[None] * 15, "B"], {8, 4}, (12,)),
        (["A", None, "B", None, "A"], set(), (1, 3)),
        (["A", None, None, None, "A"], set(), ()),
        ([None, None, None], {0}, ()),
        (["A", None, None], {2}, ()),
        ([None], set(), (0,)),
        ([], set(), ()),
    ],
)
def test_what_is_wanted_next(letters: Letters, skipped: set[int], expected: tuple[int, ...]) -> None:
    """The ends, then the middle of each interval whose ends differ, a skipped one by a step aside."""
    assert wanted(letters, skipped) == expected


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        (["A", None, "A", "B", "B"], ()),
        (["A", "B", None, "A"], ("A",)),
        (["A", "B", "C", "B", "A", "B"], ("B", "A")),
        (["A", "B", "C"], ()),
        ([], ()),
    ],
)
def test_a_letter_that_comes_back_is_named(letters: Letters, expected: tuple[str, ...]) -> None:
    """Once, in the order in which they come back."""
    assert returning(letters) == expected
