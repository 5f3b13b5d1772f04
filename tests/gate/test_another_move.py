"""A receipt speaks of its own move only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, fill, ones
from cli.project import Tell
from tfmatrix import cli
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.store.store import Store

from .project import gated, make_gated_project, report_id


@pytest.mark.parametrize(
    ("baseline", "other"), [(BASELINE, "2.12.1"), (BASELINE, "2.21.0"), ("2.12.1", "2.21.0"), ("2.17.1", "2.21.0")]
)
def test_a_receipt_is_not_held_against_a_check_of_another_move(
    tmp_path: Path, tell: Tell, baseline: str, other: str
) -> None:
    """A check of another move, to or from anywhere else, passes by its own results, whatever the receipt rests on."""
    gated(tmp_path)
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    less: dict[str, Any] = {"modes": ["tf2"], "removed": ["mode v1"]}
    config = make_gated_project(tmp_path, ("same",), versions=[baseline, other], baseline=baseline, **less)
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        fill(store, make_plan(config), lambda _: ones())
    said = tell("check", other, "--baseline", baseline)
    assert said.code == cli.SAME, said.out + said.err
    assert "tfmatrix-pin.toml" not in said.out
    assert "relies" not in said.out
