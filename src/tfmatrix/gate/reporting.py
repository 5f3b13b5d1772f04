"""The report that a pin rests on: whether it is the one that was read, and still says what the store does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.gate.comparison import Evidence, gather
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.questions.matrix.report import report_of
from tfmatrix.questions.matrix.reread import NAME, read_report
from tfmatrix.questions.matrix.summary import Cell, Report
from tfmatrix.reading import MOST_OF_A_REPORT, bytes_of, reading
from tfmatrix.records import Environment
from tfmatrix.report.writing import is_of
from tfmatrix.store.store import Store

NAMED = 8
"""Cells that a refusal names."""


def require_current(config: Config, store: Store, id_: str, baseline: Environment, candidate: Environment) -> Evidence:
    """Return the evidence for the report of an id, gathered anew from the store.

    Raises ``UserError``, saying why, where the report that lies in the project is another, was edited, was made under
    other settings, of other models or against another baseline, does not cover the candidate, or where the store now
    says something else.
    """
    read = _read(config, id_)
    _require_move(read, baseline, candidate)
    names = [environment.name for environment in read.environments]
    evidence = gather(make_plan(config.overridden(versions=names, baseline=baseline.name)), store)
    now = report_of(evidence.comparison)
    if changed := next(_changes(read, now), None):
        raise UserError(f"the report {id_} is not the current one: {changed}; make it anew, and read it.")
    if now.id != id_:
        raise UserError(
            f"the report {id_} is not the current one: what is stored now gives the report {now.id}; "
            "make it anew with `tfmatrix report`, and read it."
        )
    _require_files(config.under_root(config.reports), read)
    return evidence


def _require_files(folder: Path, report: Report) -> None:
    """Raise ``UserError`` where what lies beside a report's JSON, and was read, is not what the report says."""
    for name in report.files:
        path = folder / name
        with reading(f"{path}, which belongs to the report {report.id},", "make it anew with `tfmatrix report`"):
            content = bytes_of(path, MOST_OF_A_REPORT)
        if not is_of(content, report, name):
            raise UserError(
                f"{path} is not what the report {report.id} says: it was edited, or is another report's; "
                "make it anew with `tfmatrix report`, and read it."
            )


def _read(config: Config, id_: str) -> Report:
    report = read_report(config.under_root(config.reports) / f"{NAME}.json")
    if report.id != id_:
        raise UserError(f"the report in {config.reports} is {report.id}, and not {id_}: read that one first.")
    return report


def _require_move(report: Report, baseline: Environment, candidate: Environment) -> None:
    """Raise ``UserError`` where a report is not about the move."""
    if report.baseline != baseline.name:
        raise UserError(
            f"the report {report.id} compares with {report.baseline}, and the project pins {baseline.name}: "
            f"make one with `tfmatrix run --baseline {baseline.name} --versions {candidate.name}`."
        )
    covered = [found.environment for found in report.candidates]
    if candidate.name not in covered:
        raise UserError(
            f"the report {report.id} does not cover {candidate.name}, only {', '.join(covered)}: "
            f"make one with `tfmatrix run --versions {candidate.name}`."
        )


def _changes(before: Report, now: Report) -> Iterator[str]:
    """Yield why two reports are not one, what weighs most first."""
    for name in now.settings.__struct_fields__:
        was = getattr(before.settings, name)
        if was != getattr(now.settings, name):
            told = "another policy" if name == "policy" else f"{name} {_told(was)}"
            yield f"it was made under other settings, {told} in place of the configuration's"
    old, new = ({cell.id: cell for cell in report.cells} for report in (before, now))
    if gone := [id_ for id_ in new if id_ not in old]:
        yield f"it leaves out {_named(gone)}, which the configuration has"
    if extra := [id_ for id_ in old if id_ not in new]:
        yield f"it has {_named(extra)}, which the configuration has no longer"
    if before.tfmatrix != now.tfmatrix:
        yield f"tfmatrix {before.tfmatrix} made it, and this is {now.tfmatrix}"
    for word, of in _OF_CELLS.items():
        if other := [id_ for id_ in new if of(old[id_]) != of(new[id_])]:
            reason = f": {new[other[0]].reason}" if new[other[0]].reason else ""
            yield f"the {word} of {_named(other)} has changed{reason}"


_OF_CELLS: dict[str, Callable[[Cell], str]] = {
    "reason": attrgetter("reason"),
    "outcome": attrgetter("outcome"),
    "verdict": attrgetter("verdict"),
    "trace": attrgetter("trace"),
}
"""What is compared of each cell, by the word for it."""


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _named(cells: list[str]) -> str:
    more = f" and {len(cells) - NAMED} more cells" if len(cells) > NAMED else ""
    return ", ".join(cells[:NAMED]) + more
