"""What is known of the two sides of a pair, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfmatrix.compare.distance import Distance
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.records import Trial

WEIGHTS, PREDICT = "weights", "predict"
"""The stages that a verdict may rest on."""

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

    verdict: Verdict
    reason: str = ""
    stage: str = ""
    """``weights`` or ``predict``, where the verdict is of what was read."""
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
