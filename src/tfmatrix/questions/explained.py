"""Why cells changed, as far as that was found out: noted by who tries it, read by whoever tells of a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from tfmatrix.compare.results import CellComparison, CellState, Explained
from tfmatrix.store.store import Store

EXPLAINED = "explained"
"""The kind of these facts in the store."""


class Owned(Protocol):
    """A change of which it was tried to find out whose it is."""

    @property
    def package(self) -> str:
        """``Keras``; empty where nothing tells."""

    @property
    def package_is(self) -> str:
        """How much is known of that."""


class Undone(Owned, Protocol):
    """A change of which it was tried to find out what undoes it too."""

    @property
    def undone(self) -> str:
        """What is done; empty where nothing that was tried undoes it."""


def whose(one: Owned) -> str:
    """Return whose a change is, and how sure that is: ``Keras (proved)``."""
    return f"{one.package} ({one.package_is})" if one.package else one.package_is


def in_words(one: Undone) -> str:
    """Return whose a change is and what undoes it, in a phrase."""
    return f"{whose(one)}, undone by {one.undone}" if one.undone else whose(one)


def note_explained(store: Store, baseline: CellState, candidate: CellState, found: Iterable[Explained]) -> None:
    """Note whose the changes of a cell are and what undoes them, for the very bits of both sides."""
    store.note(EXPLAINED, _key(baseline, candidate), msgspec.to_builtins(tuple(found)))


def noted_explained(
    store: Store, baseline: CellState, candidate: CellState, compared: CellComparison
) -> Iterator[Explained]:
    """Yield what was noted of the changes that a cell has, as they are judged now."""
    noted = store.noted(EXPLAINED, _key(baseline, candidate))
    judged = {(one.tier, one.kind): one.verdict for one in compared.stages} or {("", ""): compared.verdict}
    try:
        found = msgspec.convert(noted or (), tuple[Explained, ...])
    except msgspec.ValidationError:
        return  # an older tfmatrix noted it: that is no knowledge
    yield from (one for one in found if judged.get((one.tier, one.stage)) is one.verdict)


def _key(baseline: CellState, candidate: CellState) -> str:
    return " ".join([baseline.cell.id, baseline.trace or "", candidate.cell.id, candidate.trace or ""])
