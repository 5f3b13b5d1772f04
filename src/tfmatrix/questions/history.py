"""What a store has seen over time: when the results of a cell changed, and what had changed before that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tfmatrix.compare.cells import named
from tfmatrix.records import TRIAL, Trial
from tfmatrix.report.blocks import Block, Code, Item, bullets, paragraph
from tfmatrix.report.text import counted
from tfmatrix.store.store import Store

FIRST = f" {TRIAL}-1"
"""How the name of a cell's first trial ends, which stands for all of them."""

DIGITS = 8
"""Of a digest that are shown."""


class Seen(NamedTuple):
    """One run of a cell's first trial."""

    outcome: str
    trace: str
    """Digest of its results; empty where it was not observed."""
    changed: tuple[str, ...]
    """What is otherwise than in the run before: ``lock``, ``model``, ``probe``, ``machine``, ``file data.csv``."""


class History(NamedTuple):
    """The runs of a cell, oldest first."""

    cell: str
    runs: tuple[Seen, ...]

    @property
    def results(self) -> int:
        """Return how many different results there were; not to have been observed is one of them."""
        return len({(one.outcome, one.trace) for one in self.runs})

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"cell": self.cell, "runs": [one._asdict() for one in self.runs]}


def histories(store: Store, models: Collection[str]) -> list[History]:
    """Return the history of each cell that a store has, of some models or of all, in the order of their first runs.

    A trial that was run again under the same key took the place of the one before, so of these the last is told.
    Raises ``UserError`` for a damaged store.
    """
    runs: dict[str, list[Trial]] = {}
    for trial in store.every_trial():
        cell, _, name = trial.id.rpartition(" ")
        if f" {name}" == FIRST and (not models or _model(cell) in models):
            runs.setdefault(cell, []).append(trial)
    return [History(cell, tuple(_seen(trials))) for cell, trials in runs.items()]


def _model(cell: str) -> str:
    """Return the model of a cell such as ``2.15.1/mlp/tf2``."""
    return cell.split("/")[1] if "/" in cell else ""


def _seen(trials: Sequence[Trial]) -> Iterator[Seen]:
    before: Trial | None = None
    for trial in trials:
        yield Seen(trial.outcome, trial.trace or "", tuple(_changed(before, trial)) if before else ())
        before = trial


def _changed(before: Trial, after: Trial) -> Iterator[str]:
    """Yield the names of what a later run rests on otherwise than an earlier one."""
    yield from _others(dict(before.covers), dict(after.covers))
    yield from (f"file {path}" for path in _others(dict(before.read), dict(after.read)))


def _others(before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[str]:
    return [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]


def told(found: Sequence[History]) -> Iterator[Block]:
    """Yield the cells whose results changed, run by run, and how many others there are."""
    changed = [one for one in found if one.results > 1]
    yield bullets(Item((Code(one.cell), f": {_runs(one)}"), tuple(_lines(one))) for one in changed)
    same = len(found) - len(changed)
    yield paragraph(f"{counted(same, 'cell')} always gave the same results.")


def _runs(one: History) -> str:
    return f"{len(one.runs)} runs, {one.results} results"


def _lines(one: History) -> Iterator[Item]:
    """Yield a line for each run: its results, whether these are new, and what had changed."""
    before: Seen | None = None
    for run in one.runs:
        word = run.trace[:DIGITS] or run.outcome
        if before is None:
            yield Item(word)
        else:
            same = (run.outcome, run.trace) == (before.outcome, before.trace)
            after = f"after {named(run.changed)} changed" if run.changed else "nothing that it rests on changed"
            yield Item(f"{word}{', the same' if same else ''}: {after}")
        before = run
