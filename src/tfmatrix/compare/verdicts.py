"""Verdicts: the words for a judged difference, worst first, and their marks."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import cached_property


class Verdict(Enum):
    """What a difference was judged to be; the members stand worst first."""

    MISSING = "missing"
    FAILED = "failed"
    UNSTABLE = "unstable"
    NOT_COMPARABLE = "not comparable"
    DIFFERENT = "different"
    REDRAWN = "redrawn"
    ROUNDING = "rounding"
    IDENTICAL = "identical"
    UNSUPPORTED = "unsupported"
    """The model exists on neither side: nothing was compared, so it neither passes nor fails."""

    @property
    def mark(self) -> str:
        """Return the one character that stands for it in tables."""
        return _MARKS[self]

    @cached_property
    def severity(self) -> int:
        """Return its place, 0 being the worst."""
        return _SEVERITY[self]


_SEVERITY = {verdict: place for place, verdict in enumerate(Verdict)}
_MARKS = dict(zip(Verdict, "?!~x#*.=-", strict=True))

MEANINGS = {
    Verdict.MISSING: "expected and not there: never a pass",
    Verdict.FAILED: "failed, crashed, timed out or unavailable",
    Verdict.UNSTABLE: "trials of one cell disagree with each other: it is compared with nothing",
    Verdict.NOT_COMPARABLE: "a stage or the whole model exists on one side only",
    Verdict.DIFFERENT: "beyond the noise floor, or another distribution: another meaning",
    Verdict.REDRAWN: "another random stream of the same distribution; the rest is identical or rounding",
    Verdict.ROUNDING: "other bits, within the noise floor",
    Verdict.IDENTICAL: "the same bits at every stage",
    Verdict.UNSUPPORTED: "the model does not exist here or in the baseline: nothing to compare",
}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts; MISSING where nothing at all was compared."""
    compared = [verdict for verdict in verdicts if verdict is not Verdict.UNSUPPORTED]
    return min(compared, key=lambda verdict: verdict.severity, default=Verdict.MISSING)
