"""The search: which builds of a line are to be run next, and between which ones the results change.

A line is known by its letters: builds with equal results have one letter, and one of which nothing is known has None.
Nothing else is known here of builds or of results.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Letters = Sequence[str | None]
"""The letter of each build, in the order of the line; None where it was not run, or is skipped."""


@dataclass(frozen=True)
class Boundary:
    """Two builds with other results, and nothing that was run between them: places on the line."""

    before: int
    after: int
    skipped: tuple[int, ...] = ()
    """The builds between them that cannot be run."""
    unknown: tuple[int, ...] = ()
    """The builds between them that were not run by now."""


def wanted(letters: Letters, skipped: Collection[int], *, scan: bool = False) -> tuple[int, ...]:
    """Return the builds that are to be run next, all at once; none where the search is over.

    The first and the last one come first. Then every interval whose two ends differ is split in its middle; where some
    in it are skipped, in the middle of the longest stretch without one. With ``scan`` every build is run. Without a
    first or a last one there is nothing to search.
    """
    ends = tuple(dict.fromkeys((0, len(letters) - 1))) if letters else ()
    if any(place in skipped for place in ends):
        return ()
    if absent := tuple(place for place in ends if letters[place] is None):
        return absent
    if scan:
        return tuple(place for place, letter in enumerate(letters) if letter is None and place not in skipped)
    return tuple(_middle(one) for one in boundaries(letters, skipped) if one.unknown)


def boundaries(letters: Letters, skipped: Collection[int]) -> Iterator[Boundary]:
    """Yield each two builds with other letters that have nothing between them that was run."""
    run = [place for place, letter in enumerate(letters) if letter is not None]
    for before, after in pairwise(run):
        if letters[before] != letters[after]:
            between = range(before + 1, after)
            left_out = tuple(place for place in between if place in skipped)
            yield Boundary(before, after, left_out, tuple(place for place in between if place not in skipped))


def returning(letters: Letters) -> tuple[str, ...]:
    """Return the letters that come back after another one: the line is monotone where there are none."""
    runs = [letter for letter in letters if letter is not None]
    begun = [letter for place, letter in enumerate(runs) if place == 0 or runs[place - 1] != letter]
    return tuple(dict.fromkeys(letter for place, letter in enumerate(begun) if letter in begun[:place]))


def _middle(interval: Boundary) -> int:
    """Return the build in the middle of the longest stretch of an interval in which none is skipped.

    Builds that cannot be run are mostly neighbours: the nearest one of these is one more of them.
    """
    walls = (interval.before, *interval.skipped, interval.after)
    before, after = max(pairwise(walls), key=lambda pair: pair[1] - pair[0])
    return (before + after) // 2
