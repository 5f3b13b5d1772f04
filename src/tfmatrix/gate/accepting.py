"""Accepting: the records that let named differences of one cell pass, and no more than these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tfmatrix.errors import UserError
from tfmatrix.gate.checking import Pair
from tfmatrix.gate.ledger import FILE, LONGEST, Record
from tfmatrix.gate.levels import Level
from tfmatrix.gate.stages import Difference
from tfmatrix.reading import is_text
from tfmatrix.records import OBSERVED, UNSUPPORTED


@dataclass(frozen=True)
class Word:
    """On whose word something is accepted, why, and for how long."""

    reason: str
    by: str
    on: date
    until: date


def accept(pairs: Iterable[Pair], cell: str, stages: Sequence[str], word: Word) -> tuple[Record, ...]:
    """Return the records that accept some stages of a cell, ``keras_mlp/tf2``; no stage means the cell as a whole.

    A stage is named with its tier, ``native/shuffle``, or without, for both. Raises ``UserError`` for a word that
    cannot be written down, a cell that cannot be accepted, and a stage that has nothing to accept.
    """
    _require_word(word)
    pair = _find(tuple(pairs), cell)
    for state, side in ((pair.candidate, "it"), (pair.baseline, "the baseline's")):
        if state.outcome not in {OBSERVED, UNSUPPORTED}:
            raise UserError(f"{cell} cannot be accepted: {side} is {state.outcome}, so nothing is known of its bits.")
    failing = [difference for difference in pair.differences if difference.level is Level.FAIL]
    if not failing:
        raise UserError(f"{cell} has nothing to accept: it is {pair.compared.verdict.value}, which passes.")
    chosen = dict.fromkeys(found for stage in stages or [""] for found in _named(failing, stage, pair))
    return tuple(
        Record(
            pair.place(difference),
            difference.bits,
            difference.verdict,
            reason=word.reason.strip(),
            by=word.by.strip(),
            on=word.on,
            until=word.until,
        )
        for difference in chosen
    )


def _require_word(word: Word) -> None:
    for name, text in (("reason", word.reason), ("name of who accepts it", word.by)):
        if not text.strip():
            raise UserError(f"an accepted difference needs a {name}; {FILE} is read in a review.")
        if not is_text(text):
            raise UserError(f"the {name} is not UTF-8; {FILE} is read in a review.")
    if not timedelta() <= word.until - word.on <= LONGEST:
        raise UserError(
            f"{word.until} is no last day: it has to lie between today, {word.on}, and {LONGEST.days} days from now."
        )


def _find(pairs: Sequence[Pair], cell: str) -> Pair:
    for pair in pairs:
        if pair.cell.name == cell:
            return pair
    raise UserError(f"there is no cell {cell!r}; there are {', '.join(pair.cell.name for pair in pairs)}.")


def _named(failing: Sequence[Difference], stage: str, pair: Pair) -> list[Difference]:
    """Return the failing differences that a stage names, the cell's own where it is empty."""
    found = [d for d in failing if d.stage == stage or (stage and d.stage.partition("/")[2] == stage)]
    if not found:
        names = ", ".join(difference.stage or "the cell as a whole, without --stage" for difference in failing)
        told = f"the stage {stage!r} of {pair.cell.name}" if stage else f"{pair.cell.name} as a whole"
        raise UserError(f"{told} has nothing to accept; what does not pass there is {names}.")
    return found
