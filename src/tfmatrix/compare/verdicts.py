"""Verdicts: the one scale by which every question judges what it found."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import cached_property
from typing import NamedTuple


class Passing(Enum):
    """Whether a verdict may pass."""

    NEVER = "never"
    IF_ALLOWED = "where a policy lets it"
    ALWAYS = "always"
    NEITHER = "counts neither way"
    """Nothing was compared, and nothing is amiss."""


class Verdict(Enum):
    """What was found, judged; the members stand worst first."""

    MISSING = "missing"
    PARTIAL = "partial"
    FAILED = "failed"
    UNSTABLE = "unstable"
    REFUSED = "refused"
    NOT_COMPARABLE = "not comparable"
    GONE = "gone"
    NEW = "new"
    DIFFERENT = "different"
    REDRAWN = "redrawn"
    ROUNDING = "rounding"
    IDENTICAL = "identical"
    NOT_WRITTEN = "not written"
    UNSUPPORTED = "unsupported"

    @property
    def mark(self) -> str:
        """Return the one character that stands for it in tables."""
        return _ROWS[self].mark

    @property
    def passing(self) -> Passing:
        """Return whether it may pass."""
        return _ROWS[self].passing

    @property
    def beside(self) -> bool:
        """Return whether it is said beside the verdict of what was compared, never in place of it."""
        return _ROWS[self].beside

    @property
    def meaning(self) -> str:
        """Return what it means, in one phrase."""
        return _ROWS[self].meaning

    @cached_property
    def severity(self) -> int:
        """Return its place, 0 being the worst."""
        return list(Verdict).index(self)


class _Row(NamedTuple):
    mark: str
    passing: Passing
    meaning: str
    beside: bool = False


_ROWS = {
    Verdict.MISSING: _Row("?", Passing.NEVER, "expected and not there: never a pass"),
    Verdict.PARTIAL: _Row(
        "%",
        Passing.NEVER,
        "no exception, but some weights did not come back: absent, or as they were before loading",
    ),
    Verdict.FAILED: _Row("!", Passing.NEVER, "failed, crashed, timed out or unavailable"),
    Verdict.UNSTABLE: _Row(
        "~", Passing.NEVER, "trials of one cell disagree with each other: it is compared with nothing"
    ),
    Verdict.REFUSED: _Row("^", Passing.NEVER, "an exception, on reading what was written or on using what was read"),
    Verdict.NOT_COMPARABLE: _Row(
        "x",
        Passing.IF_ALLOWED,
        "a stage exists on one side only, a test of draws could not tell, or the baseline failed",
    ),
    Verdict.GONE: _Row("-", Passing.IF_ALLOWED, "the model exists in the baseline only", beside=True),
    Verdict.NEW: _Row("+", Passing.IF_ALLOWED, "the model does not exist in the baseline", beside=True),
    Verdict.DIFFERENT: _Row("#", Passing.IF_ALLOWED, "beyond rounding, or of another distribution: another meaning"),
    Verdict.REDRAWN: _Row(
        "*",
        Passing.IF_ALLOWED,
        "another random stream of the same distribution; the rest, as far as it was judged, is identical or rounding",
    ),
    Verdict.ROUNDING: _Row(".", Passing.IF_ALLOWED, "other bits, within the noise floor"),
    Verdict.IDENTICAL: _Row("=", Passing.ALWAYS, "the same bits at every stage"),
    Verdict.NOT_WRITTEN: _Row("/", Passing.NEITHER, "this release does not write it, so there is nothing to read"),
    Verdict.UNSUPPORTED: _Row(
        "o", Passing.NEITHER, "the model does not exist where it is asked for: nothing to compare"
    ),
}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts; MISSING where nothing at all was compared.

    What is said beside the others is the worst only where there is no other.
    """
    counted = [verdict for verdict in verdicts if verdict.passing is not Passing.NEITHER]
    return min(counted, key=lambda verdict: (verdict.beside, verdict.severity), default=Verdict.MISSING)
