"""Equivalence classes: which cells, and which environments, have the same bits as which."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from tfmatrix.compare.results import CellState
from tfmatrix.records import Cell, Environment


def letters(states: Iterable[CellState]) -> Mapping[Cell, str]:
    """Return a letter per observed cell: of one model, cells with one trace have one letter, over all modes."""
    seen: dict[str, dict[Hashable, str]] = {}
    return {
        state.cell: letter_of(state.trace, seen.setdefault(state.cell.model.name, {}))
        for state in states
        if state.trace
    }


def whole_letters(states: Iterable[CellState]) -> Mapping[tuple[Environment, str, str], str]:
    """Return a letter per environment, launch and mode: the same where every model has the same bits or outcome.

    One of which any cell is missing, failed or unstable is the same as no other, and has none.
    """
    rows: dict[tuple[Environment, str, str], dict[str, str | None]] = {}
    for state in states:
        cell = state.cell
        known = state.trace or (state.outcome if state.outcome == "unsupported" else None)
        rows.setdefault((cell.environment, cell.launch.name, cell.mode), {})[cell.model.name] = known
    seen: dict[Hashable, str] = {}
    return {row: letter_of(tuple(sorted(models.items())), seen) for row, models in rows.items() if all(models.values())}


def letter_of(bits: Hashable, seen: dict[Hashable, str]) -> str:
    """Return the letter of some bits, the next free one where they are new: A to Z, then AA, AB, ...

    ``seen`` has the letters that were given, and is given new ones.
    """
    if bits not in seen:
        number, name = len(seen), ""
        while number >= 0:
            name = chr(ord("A") + number % 26) + name
            number = number // 26 - 1
        seen[bits] = name
    return seen[bits]
