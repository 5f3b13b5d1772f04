"""What changed between two reports of a matrix: verdicts, results, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tfmatrix.questions.matrix.summary import Cell, Report
from tfmatrix.report.blocks import Block, bullets, paragraph
from tfmatrix.report.records import Environment
from tfmatrix.report.text import few

NAMED = 5
"""Cells that a line names."""


class Difference(NamedTuple):
    """What an older report says otherwise than a newer one; each group of cells by their names."""

    ground: tuple[str, ...]
    """Sentences on what the results rest on: machine, settings, environments."""
    verdicts: Mapping[tuple[str, str], tuple[str, ...]]
    """Cells with another verdict or outcome, by what it was and what it is."""
    results: tuple[str, ...]
    """Cells with the same verdict and other results."""
    sources: tuple[str, ...]
    """Models whose file is another one."""
    gone: tuple[str, ...]
    new: tuple[str, ...]
    same: int
    """How many cells have the same verdict and results."""

    def __bool__(self) -> bool:
        """Return whether anything is otherwise."""
        return any((self.ground, self.verdicts, self.results, self.sources, self.gone, self.new))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        verdicts = [{"was": was, "now": now, "cells": ids} for (was, now), ids in self.verdicts.items()]
        return {**self._asdict(), "verdicts": verdicts}


def difference(old: Report, new: Report) -> Difference:
    """Return what changed from one report to another."""
    before, after = ({cell.id: cell for cell in report.cells} for report in (old, new))
    both = [id_ for id_ in after if id_ in before]
    verdicts: dict[tuple[str, str], list[str]] = {}
    results = []
    for id_ in both:
        was, now = _came(before[id_]), _came(after[id_])
        if was != now:
            verdicts.setdefault((was, now), []).append(id_)
        elif before[id_].trace != after[id_].trace:
            results.append(id_)
    others = sum(map(len, verdicts.values())) + len(results)
    sources = {after[id_].model for id_ in both if before[id_].source != after[id_].source}
    return Difference(
        ground=tuple(_ground(old, new)),
        verdicts={move: tuple(ids) for move, ids in verdicts.items()},
        results=tuple(results),
        sources=tuple(sorted(sources)),
        gone=tuple(id_ for id_ in before if id_ not in after),
        new=tuple(id_ for id_ in after if id_ not in before),
        same=len(both) - others,
    )


def _came(cell: Cell) -> str:
    """Return a cell's verdict; of one of the baseline, which has none, its outcome."""
    return cell.verdict or cell.outcome


def _ground(old: Report, new: Report) -> Iterator[str]:
    """Yield what the two rest on and do not have in common."""
    for what, was, now in (
        ("tfmatrix", old.tfmatrix, new.tfmatrix),
        ("baseline", old.baseline, new.baseline),
        ("machine", old.machine.cpu, new.machine.cpu),
    ):
        if was != now:
            yield f"{what}: {was}, now {now}"
    if old.machine.id != new.machine.id and old.machine.cpu == new.machine.cpu:
        yield f"machine: {old.machine.id[:12]}, now {new.machine.id[:12]}, both {new.machine.cpu}"
    for name in new.settings.__struct_fields__:
        was, now = (getattr(report.settings, name) for report in (old, new))
        if was != now:
            yield f"{name.replace('_', ' ')}: {_short(was)}, now {_short(now)}"
    before = {one.name: one for one in old.environments}
    for one in new.environments:
        if one.name in before and (told := _moved(before[one.name], one)):
            yield f"environment {one.name}: {told}"


def _moved(was: Environment, now: Environment) -> str:
    """Return what an environment has otherwise: its Python, packages, or the lock that they are from."""
    moved = [f"Python {was.python}, now {now.python}"] if was.python != now.python else []
    names = sorted({*was.packages, *now.packages})
    both = ((name, was.packages.get(name, "none"), now.packages.get(name, "none")) for name in names)
    moved += [f"{name} {old}, now {new}" for name, old, new in both if old != new]
    if not moved and was.lock != now.lock:
        return "another lock file with the same packages"
    return few(moved, NAMED, between="; ")


def _short(value: object) -> str:
    """Return a setting in a few characters: digests and long lists by their beginnings."""
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return (text if len(text) <= 40 else f"{text[:12]}...") or "none"  # a line's half


def told(found: Difference) -> Iterator[Block]:
    """Yield a difference in words: what the results rest on first."""
    lines = list(found.ground)
    lines += [f"the file of {name} changed" for name in found.sources]
    lines += [f"{was}, now {now}: {few(ids, NAMED)}" for (was, now), ids in found.verdicts.items()]
    lines += [f"{what}: {few(ids, NAMED)}" for what, ids in _groups(found) if ids]
    yield bullets(lines)
    yield paragraph(f"{found.same} cells have the same results and verdict.")


def _groups(found: Difference) -> Iterator[tuple[str, Sequence[str]]]:
    yield "other results with the same verdict", found.results
    yield "in the old one only", found.gone
    yield "in the new one only", found.new
