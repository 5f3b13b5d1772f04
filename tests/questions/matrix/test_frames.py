"""A report as DataFrames: every cell, stage and end, with the dtypes that are promised."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import tfmatrix
from questions.changing import changed
from tfmatrix.errors import UserError
from tfmatrix.questions.matrix.frames import CELLS, ENDS, ENVIRONMENTS, STAGES, frames
from tfmatrix.questions.matrix.summary import End, Report
from tfmatrix.report.document import to_text


def test_every_row_of_a_report_is_there(report: Report, tmp_path: Path) -> None:
    """What is loaded from a file has a row for each cell, stage and environment, and joins by the cell."""
    (tmp_path / "matrix.json").write_text(to_text(report), encoding="utf-8")
    found = tfmatrix.load(tmp_path)
    assert list(found.cells.cell) == [cell.id for cell in report.cells]
    assert len(found.stages) == sum(len(cell.stages or ()) for cell in report.cells)
    assert list(found.environments.environment) == [one.name for one in report.environments]
    joined = found.cells.merge(found.stages, on="cell", suffixes=("", "_of_stage"))
    differs = joined[(joined.model == "differs") & (joined.verdict_of_stage == "different")]
    assert set(differs.stage) == {"gradient"}
    assert differs.ratio.min() > 16
    for frame, columns in zip(found, (CELLS, STAGES, ENDS, ENVIRONMENTS), strict=True):
        assert {name: str(frame.dtypes[name]) for name in columns} == columns


def test_of_packages_each_has_its_column(report: Report) -> None:
    """An environment that lacks one has nothing there."""
    first, *rest = report.environments
    whole = changed(report, environments=(changed(first, packages={"keras": "3.1.0"}), *rest))
    keras = frames(whole).environments.set_index("environment").keras
    assert keras[first.name] == "3.1.0"
    assert pd.isna(keras[rest[0].name]) or rest[0].packages.get("keras") == keras[rest[0].name]


def test_ends_without_numbers_and_words_for_numbers(report: Report) -> None:
    """Predictions have a share alone, and what JSON has as a word is a float again."""
    cell = changed(
        report.cells[0],
        ends=(
            End(tier="native", stage="loss@1", apart="inf", baseline=0, candidate="nan"),
            End(tier="native", stage="predict/out", apart=0.5, baseline=None, candidate=None),
        ),
    )
    found = frames(changed(report, cells=(cell,))).ends
    assert list(found.apart) == [float("inf"), 0.5]
    assert found.baseline[0] == 0
    assert found[["baseline", "candidate"]].iloc[1].isna().all()


def test_a_report_of_nothing_has_its_columns(report: Report) -> None:
    """Where no cell was compared the frames are empty, with the same dtypes."""
    bare = tuple(changed(cell, stages=None, ends=None) for cell in report.cells)
    found = frames(changed(report, cells=bare))
    assert {name: str(dtype) for name, dtype in found.stages.dtypes.items()} == STAGES
    assert found.ends.empty


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    """No report, half a one, one that was edited, and one of another schema."""
    with pytest.raises(UserError, match=r"there is no report .*; make it with `tfmatrix run`"):
        tfmatrix.load(tmp_path / "matrix.json")
    for text, saying in (('{"schema": 1', "cannot be read"), ('{"schema": 9}', "has another schema"), ("[]", "schema")):
        (tmp_path / "matrix.json").write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=saying):
            tfmatrix.load(tmp_path)
