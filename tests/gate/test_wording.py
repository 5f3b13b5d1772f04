"""What the answer's texts say of cells and verdicts."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from building import CANDIDATE
from cli.project import Tell

from .project import gated, of_candidate


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
