"""A report of a matrix as pandas DataFrames, for a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from tfmatrix.questions.matrix.reread import read_report, report_in
from tfmatrix.questions.matrix.summary import Cell, Finding, Report, Stage

CELLS = {
    "cell": "string",
    "environment": "string",
    "launch": "string",
    "mode": "string",
    "model": "string",
    "outcome": "string",
    "verdict": "string",
    "reason": "string",
    "letter": "string",
    "trials": "Int64",
}
STAGES = {
    "cell": "string",
    "tier": "string",
    "stage": "string",
    "verdict": "string",
    "names": "Int64",
    "differing": "Int64",
    "first": "string",
    "worst": "string",
    "reason": "string",
    "ratio": "float64",
    "scaled_error": "float64",
    "max_abs": "float64",
    "max_ulp": "Float64",
}
ENDS = {
    "cell": "string",
    "tier": "string",
    "stage": "string",
    "baseline": "float64",
    "candidate": "float64",
    "apart": "float64",
}
ENVIRONMENTS = {
    "environment": "string",
    "distribution": "string",
    "python": "string",
    "lock": "string",
    "unavailable": "string",
}
"""The columns of each frame, and their dtypes; of the environments each package is one more, its version a string."""


class Frames(NamedTuple):
    """What a report says, a row for each cell, each stage of a cell, each end of a training, and each environment.

    `cells` has ``reason`` where a cell was not observed or not compared. `stages` has the worst finding of a stage: its
    name, its reason, how many times the noise floor it is (``ratio``), its scaled error in eps, its largest absolute
    difference, and the same in ULPs. `ends` has the last number of each loss and metric, there and here, and how far
    these are apart as a share of the baseline's; of predictions the share alone. Join them by ``cell``.
    """

    cells: pd.DataFrame
    stages: pd.DataFrame
    ends: pd.DataFrame
    environments: pd.DataFrame


def load(path: str | Path = "reports/matrix.json") -> Frames:
    """Return the report of a `matrix.json`, or of the folder that it lies in, as DataFrames.

    Raises ``UserError``, an `Exception` of one sentence, where there is none, or none that can be read.
    """
    return frames(read_report(report_in(Path(path))))


def frames(report: Report) -> Frames:
    """Return a report as DataFrames."""
    packages = sorted({name for one in report.environments for name in one.packages})
    return Frames(
        cells=_frame(CELLS, map(_cell, report.cells)),
        stages=_frame(STAGES, (_stage(cell, stage) for cell in report.cells for stage in cell.stages or ())),
        ends=_frame(ENDS, _ends(report.cells)),
        environments=_frame(
            {**ENVIRONMENTS, **dict.fromkeys(packages, "string")},
            (
                [
                    *(one.name, one.distribution, one.python, one.lock.digest if one.lock else None, one.unavailable),
                    *(one.packages.get(name) for name in packages),
                ]
                for one in report.environments
            ),
        ),
    )


def _frame(columns: dict[str, str], rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    frame: pd.DataFrame = pd.DataFrame(list(rows), columns=list(columns)).astype(columns)
    return frame


def _cell(cell: Cell) -> list[Any]:
    reason = cell.verdict_reason or cell.reason
    where = [cell.id, cell.environment, cell.launch, cell.mode, cell.model]
    return [*where, cell.outcome, cell.verdict, reason, cell.letter, cell.trials]


def _stage(cell: Cell, stage: Stage) -> list[Any]:
    own = [cell.id, stage.tier, stage.stage, stage.verdict, stage.names, stage.differing]
    first, worst = stage.first, stage.worst
    return [*own, first.stage if first else None, *(_sizes(worst) if worst else [None] * 6)]


def _sizes(found: Finding) -> list[Any]:
    distance = found.distance
    sizes = (distance.scaled_error, distance.max_abs, distance.max_ulp) if distance else (None, None, None)
    return [found.stage, found.reason, *map(_number, (found.ratio, *sizes))]


def _ends(cells: Iterable[Cell]) -> Iterator[list[Any]]:
    for cell in cells:
        for end in cell.ends or ():
            yield [cell.id, end.tier, end.stage, *map(_number, (end.baseline, end.candidate, end.apart))]


def _number(value: float | str | None) -> float | None:
    """Return a number as a float; JSON has infinities and NaN as words."""
    return None if value is None else float(value)
