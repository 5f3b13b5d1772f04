"""How long trials take: by what earlier ones took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median

from tfmatrix.records import ExpectedTrial
from tfmatrix.runner.observing import by_process

IMPORT = 6.0
"""Seconds in which a process imports TensorFlow: 4 to 8 on a warm machine."""

UNKNOWN = 1.0
"""Seconds of a trial of which nothing is known: most reference models take less."""


class Durations:
    """What earlier trials took, in seconds of the clock."""

    def __init__(self, earlier: Mapping[str, float]) -> None:
        """Take what is known: seconds by a trial's name, such as ``2.15.1/mlp/tf2 trial-1``."""
        found: dict[tuple[str, ...], list[float]] = defaultdict(list)
        for name, seconds in earlier.items():
            cell, _, trial = name.partition(" ")
            _, _, model = cell.partition("/")
            role = trial.rpartition("-")[0]
            for key in ((cell, role), ("", model, role), ("", model)):
                found[key].append(seconds)
        self._earlier = earlier
        self._found = {key: median(some) for key, some in found.items()}

    def known(self, expected: ExpectedTrial) -> float | None:
        """Return what the trial itself took, or those most like it: of its cell, else of its model in other releases.

        None where no trial of its model and mode is known.
        """
        cell, role = expected.cell, expected.role
        like = ((cell.id, role), ("", cell.name, role), ("", cell.name))
        here = self._earlier.get(expected.id)
        return here if here is not None else next((self._found[key] for key in like if key in self._found), None)

    def of(self, expected: ExpectedTrial) -> float:
        """Return the seconds that a trial is likely to take; one that imports TensorFlow itself takes that time too."""
        known = self.known(expected)
        if known is not None:
            return known
        return UNKNOWN + (IMPORT if expected.start.bare else 0.0)

    def of_all(self, trials: Iterable[ExpectedTrial], processes: int) -> float:
        """Return the seconds in which so many processes at once run some trials, as far as can be told."""
        groups = [sum(map(self.of, group)) + (0.0 if group[0].start.bare else IMPORT) for group in by_process(trials)]
        return max(sum(groups) / processes, max(groups, default=0.0))
