"""The answer in a few lines: what each class has otherwise in each release, and what is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tfmatrix.compare.verdicts import Passing, Verdict
from tfmatrix.questions.machines.summary import Cell, Report
from tfmatrix.report.blocks import Document, paragraph, table
from tfmatrix.report.text import counted, plain


def answer(report: Report) -> Document:
    """Return how many cells of each class have which verdict in each release."""
    base, *others = report.classes
    rows = [
        [one.name, of.name, told]
        for one in report.environments
        for of in others
        if (told := counts(cell for cell in report.cells if (cell.environment, cell.of) == (one.name, of.name)))
    ]
    return [paragraph(f"against {base.name}:"), table((), rows)]


def counts(cells: Iterable[Cell]) -> str:
    """Return how many cells have which verdict, worst first; nothing where there is none."""
    found = Counter(cell.verdict for cell in cells)
    return ", ".join(f"{found[one]} {one.value}" for one in Verdict if found[one])


def problems(report: Report) -> list[str]:
    """Return a sentence for each thing that is not known though it was asked for."""
    return [
        plain(f"{one.name}, {environment.name}: {counted(len(amiss), 'cell')} not compared, such as {_told(amiss[0])}")
        for environment in report.environments
        for one in report.classes
        if (amiss := [cell for cell in report.cells if _is_amiss(cell, environment.name, one.name)])
    ]


def _is_amiss(cell: Cell, environment: str, of: str) -> bool:
    return (cell.environment, cell.of) == (environment, of) and cell.verdict.passing is Passing.NEVER


def _told(cell: Cell) -> str:
    return f"{cell.model}/{cell.mode}: {cell.verdict.value}{f' ({cell.reason})' if cell.reason else ''}"
