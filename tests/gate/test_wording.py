"""What the answer's texts say of cells and verdicts."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from building import CANDIDATE
from cli.project import Tell
from questions.matrix.stored import MODELS
from tfmatrix import __version__

from .project import gated, make_gated_project, of_candidate


@pytest.mark.parametrize(("modes", "told"), [(["tf2"], "1 cell expected: "), (["tf2", "v1"], "2 cells expected: ")])
def test_one_cell_is_no_cells(tmp_path: Path, tell: Tell, modes: list[str], told: str) -> None:
    """The second line counts the cells, one in the singular."""
    gated(tmp_path, models=["same"], modes=modes)
    assert tell("check", CANDIDATE).out.splitlines()[1].startswith(told)


def test_junit_has_the_verdict_as_the_type_of_a_fault(tmp_path: Path, tell: Tell) -> None:
    """A difference has its verdict as type; what is about no cell has no verdict, and its level instead."""
    gated(tmp_path, of_candidate(weights=[9.0] * 4), ["same"], modes=["tf2"])
    (failure,) = ElementTree.fromstring(tell("check", CANDIDATE, "--format", "junit").out).iter("failure")
    assert failure.get("type") == "different"
    (tmp_path / ".tfmatrix" / "store.sqlite").unlink()
    errors = ElementTree.fromstring(tell("check", CANDIDATE, "--format", "junit").out).iter("error")
    assert [error.get("type") for error in errors] == ["missing", "incomplete"]


def test_the_worst_is_counted_first(tmp_path: Path, tell: Tell) -> None:
    """Levels and verdicts are counted worst first, and none that no cell has."""
    gated(tmp_path, models=MODELS, modes=["tf2"])
    assert tell("check", CANDIDATE).out.splitlines()[1] == (
        "11 cells expected: 3 incomplete, 6 fail, 2 pass "
        "(2 failed, 1 unstable, 1 not comparable, 1 gone, 1 new, 1 different, 1 redrawn, 1 rounding, "
        "1 identical, 1 unsupported)"
    )


@pytest.mark.parametrize(("models", "more"), [(12, ""), (15, " and 3 more cells")])
def test_of_many_cells_some_are_named(tmp_path: Path, tell: Tell, models: int, more: str) -> None:
    """A line names twelve cells, and counts those beyond."""
    make_gated_project(tmp_path, [f"m{number:02}" for number in range(models)], modes=["tf2"])
    (line,) = (line for line in tell("check", CANDIDATE).out.splitlines() if line.startswith("incomplete, missing"))
    named = ", ".join(f"{CANDIDATE}/m{number:02}/tf2" for number in range(12))
    assert line == f"incomplete, missing: {named}{more}"


def test_json_has_a_line_for_each_value(tmp_path: Path, tell: Tell) -> None:
    """The document says first what it is, and ends with its line, so that two answers can be compared line by line."""
    gated(tmp_path, models=["same"], modes=["tf2"])
    lines = tell("check", CANDIDATE, "--format", "json").out.splitlines(keepends=True)
    assert lines[:4] == ["{\n", ' "schema": 1,\n', f' "tfmatrix": "{__version__}",\n', ' "answer": "pass",\n']
    assert lines[-1] == "}\n"
