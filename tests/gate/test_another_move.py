"""A receipt speaks of its own move only."""

from __future__ import annotations

from pathlib import Path

import pytest

from building import BASELINE, CANDIDATE, fill, ones
from cli.project import Tell
from tfmatrix import cli
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.store.store import Store

from .project import gated, make_gated_project, report_id


@pytest.mark.parametrize("other", ["2.12.1", "2.21.0"])
def test_a_receipt_is_not_held_against_a_check_of_another_move(tmp_path: Path, tell: Tell, other: str) -> None:
    """A check of another candidate of the same baseline passes by its own results, whatever the receipt rests on."""
    gated(tmp_path)
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    config = make_gated_project(tmp_path, ("same",), versions=[BASELINE, CANDIDATE, other], baseline=BASELINE)
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        fill(store, make_plan(config), lambda _: ones())
    said = tell("check", other, "--baseline", BASELINE)
    assert said.code == cli.SAME, said.out + said.err
    assert "no longer holds" not in said.out
