"""`tfmatrix history`: what a store has seen."""

from __future__ import annotations

import json
from pathlib import Path

from building import CANDIDATE, ones
from tfmatrix import cli

from .project import Tell, changed, stored


def test_a_change_is_told_with_what_changed_before(tmp_path: Path, tell: Tell) -> None:
    """Two runs of an edited model are two, the results of the baseline are the same in both, the candidate's not."""
    stored(tmp_path, lambda _: ones())
    stored(tmp_path, changed, models={"mlp": "# edited\n"})
    said = tell("history")
    assert said.code == cli.SAME
    lines = said.out.splitlines()
    assert lines[0] == f"- {CANDIDATE}/mlp/tf2: 2 runs, 2 results"
    assert lines[2].endswith(": after the model changed")
    assert lines[-1] == "1 cell always gave the same results."
    runs = {one["cell"]: one["runs"] for one in json.loads(tell("history", "mlp", "--json").out)}
    assert [run["changed"] for run in runs["2.15.1/mlp/tf2"]] == [[], ["model"]]
    assert len({run["trace"] for run in runs["2.15.1/mlp/tf2"]}) == 1


def test_a_model_that_was_never_run_is_no_answer(tmp_path: Path, tell: Tell) -> None:
    """2, and a sentence that names it."""
    stored(tmp_path, lambda _: ones())
    said = tell("history", "nobody")
    assert (said.code, said.out, said.err) == (cli.INCOMPLETE, "", "tfmatrix: the store has no run of nobody.\n")
