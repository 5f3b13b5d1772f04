"""What a pair of a writer and a reader comes to: the words, worst first, their marks, and what is known of a pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from tfmatrix.compare.distance import Distance
from tfmatrix.records import Trial


class Exchanged(Enum):
    """What became of what was written; the members stand worst first, silent harm before what everybody sees."""

    MISSING = "missing"
    PARTIAL = "loads in part"
    OTHER_BITS = "loads other bits"
    CRASHED = "crashes"
    REFUSED = "refuses"
    PREDICTS_OTHERS = "predicts others"
    ROUNDS = "predicts within rounding"
    SAME = "predicts the same bits"
    NOT_WRITTEN = "not written"
    UNSUPPORTED = "unsupported"

    @property
    def mark(self) -> str:
        """Return the one character that stands for it in tables."""
        return _MARKS[self]


_MARKS = dict(zip(Exchanged, "?%#!x*.=/-", strict=True))

MEANINGS = {
    Exchanged.MISSING: "expected and not there: never a pass",
    Exchanged.PARTIAL: "nothing is raised, and some weights do not come back: absent, or as they were before loading",
    Exchanged.OTHER_BITS: "nothing is raised, and some weights are others than those written",
    Exchanged.CRASHED: "the process ended without an answer",
    Exchanged.REFUSED: "an exception, on reading or on predicting from what was read",
    Exchanged.PREDICTS_OTHERS: "every weight has the bits written; predictions lie farther away than rounding",
    Exchanged.ROUNDS: "every weight has the bits written; predictions differ by rounding",
    Exchanged.SAME: "every weight and every prediction has the writer's bits",
    Exchanged.NOT_WRITTEN: "the writer's release does not write this, so there is nothing to read",
    Exchanged.UNSUPPORTED: "the model does not exist in this mode in one of the two releases",
}

BACK, LOST, OTHER, NONE = "back", "lost", "other", "none"
"""What became of an optimizer's slots: all have the writer's bits; some are absent or as they were before loading; some
are others; the writer had none."""


@dataclass(frozen=True)
class Side:
    """What one side of a pair recorded."""

    trial: Trial | None = None
    """None where it was not run."""
    tensors: Mapping[str, str] | None = None
    """Full stage names to digests, where it was observed."""
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    """Why the environment cannot be had, where that is so."""


@dataclass(frozen=True)
class Slots:
    """What became of an optimizer's slots."""

    word: str
    first: str = ""
    """The first that did not come back."""
    count: int = 0
    """How many did not."""


@dataclass(frozen=True)
class Judged:
    """A pair, judged."""

    verdict: Exchanged
    reason: str = ""
    phase: str = ""
    """``write``, ``read`` or ``use``: when it was refused."""
    kind: str = ""
    """Type of the exception, or name of the signal."""
    absent: tuple[str, ...] = ()
    """Weights that the reader does not have."""
    kept: tuple[str, ...] = ()
    """Weights that have the values from before loading."""
    other: tuple[str, ...] = ()
    """Weights with bits that neither the writer nor the reader had."""
    distance: Distance | None = None
    """Of the first weight or prediction that is another."""
    slots: Slots = Slots(NONE)
    warnings: tuple[str, ...] = ()
