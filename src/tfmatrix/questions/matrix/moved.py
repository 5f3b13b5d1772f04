"""How far a cell's training moved: what it came to there and here, beside what other seeds make of it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tfmatrix.compare.ends import PREDICTIONS
from tfmatrix.compare.stages import NATIVE, START, parse
from tfmatrix.questions.matrix.summary import Cell, End, Report, Spread
from tfmatrix.report.text import number, share, shortened, told_apart

LOSS = "loss"

MOST_NAME = 40
"""Characters of a metric's name."""


class Moved(NamedTuple):
    """A cell, and what its training came to."""

    cell: Cell
    number: End | None
    """The last loss; where none is told, the first metric."""
    predictions: End | None
    spreads: Mapping[str, Spread]
    """What the baseline's training comes to under other seeds, by stage."""

    @property
    def apart(self) -> float:
        """Return how far it moved: its predictions, and the number where there are none."""
        end = self.predictions or self.number
        return float(end.apart) if end else 0.0

    @property
    def number_in_words(self) -> str:
        """Return the number there and here: ``0.474 → 0.249``, behind its name where it is no loss."""
        if not self.number or self.number.baseline is None or self.number.candidate is None:
            return ""
        name = _called(self.number)
        came = " → ".join(told_apart(self.number.baseline, self.number.candidate))
        return came if name == LOSS else f"{shortened(name, MOST_NAME)} {came}"

    @property
    def predictions_in_words(self) -> str:
        """Return how far the predictions are apart: ``37 %``."""
        return share(float(self.predictions.apart)) if self.predictions else ""

    @property
    def seeds_in_words(self) -> str:
        """Return the same of the baseline's own training under other seeds: ``0.46 to 0.49; 12 %``."""
        return "; ".join(self._under_other_seeds())

    def _under_other_seeds(self) -> Iterator[str]:
        found = self.spreads.get(self.number.stage) if self.number else None
        if found and found.least is not None and found.most is not None:
            yield f"{number(found.least)} to {number(found.most)}"
        if self.predictions and (predicted := self.spreads.get(PREDICTIONS)):
            yield share(float(predicted.apart))

    def __str__(self) -> str:
        """Return all of it in one sentence; nothing where nothing moved."""
        if not self.apart:
            return ""
        name = f"{LOSS} " if self.number and _called(self.number) == LOSS else ""
        told = [f"{name}{self.number_in_words}"] if self.number else []
        told += [f"predictions {self.predictions_in_words} apart"] if self.predictions else []
        seeds = f"; under other seeds of the baseline {self.seeds_in_words}" if self.spreads else ""
        return f"the training ends with: {', '.join(told)}{seeds}"


def moves(report: Report) -> Iterator[Moved]:
    """Yield what the training of every cell came to that was compared and has an end."""
    base = {(cell.where, cell.launch): cell for cell in report.cells if cell.environment == report.baseline}
    for cell in report.cells:
        if cell.ends:
            spreads = base[cell.where, cell.launch].spreads or ()
            yield _of(cell, {one.stage: one for one in spreads})


def _of(cell: Cell, spreads: Mapping[str, Spread]) -> Moved:
    """Return what a cell's training came to: from the baseline's start where it ran so, since a redraw moves all."""
    ends = cell.ends or ()
    tier = START if any(end.tier == START for end in ends) else NATIVE
    own = [end for end in ends if end.tier == tier]
    numbers = [end for end in own if end.baseline is not None]
    loss = next((end for end in numbers if _called(end) == LOSS), next(iter(numbers), None))
    return Moved(cell, loss, next((end for end in own if end.baseline is None), None), spreads)


def _called(end: End) -> str:
    stage = parse(end.stage)
    return stage.variable or stage.kind
