"""Reports and upkeep on the command line: exit codes that say how it went, and no word too many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from building import CANDIDATE, add, make_project, ones, trial
from tfmatrix import cli
from tfmatrix.store import Store

from .project import Tell, changed, ending, stored


def test_a_whole_matrix_is_zero(tmp_path: Path, tell: Tell) -> None:
    """Where every cell was observed the answer is a line for each candidate and where the report lies."""
    stored(tmp_path, lambda _: ones())
    said = tell("report")
    assert (said.code, said.err) == (cli.SAME, "")
    lines = said.out.splitlines()
    assert lines[1].split() == [CANDIDATE, "identical", "1", "identical"]
    assert lines[-1].endswith(": reports/matrix.md")


def test_a_difference_is_no_error_of_a_report(tmp_path: Path, tell: Tell) -> None:
    """A candidate that differs is told, and does not make the matrix less whole."""
    stored(tmp_path, changed)
    said = tell("report")
    assert (said.code, said.err) == (cli.SAME, "")
    assert "different" in said.out.splitlines()[1]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("missing", 2), ("failed", 2), ("crashed", 2), ("timed-out", 2), ("unsupported", 0)],
)
def test_what_nothing_is_known_of_is_two(tmp_path: Path, tell: Tell, outcome: str, code: int) -> None:
    """A cell that is missing, failed, crashed or timed out is named on standard error, and the exit code is 2."""
    stored(tmp_path, ending(outcome))
    said = tell("report")
    assert said.code == code
    problems = said.err.splitlines()
    assert len(problems) == (1 if code else 0)
    assert all(line.startswith("tfmatrix: mlp ") for line in problems)
    assert "Traceback" not in said.err


def test_a_stale_store_is_two(tmp_path: Path, tell: Tell) -> None:
    """A store of a model that was edited since is no answer, and the problem says why."""
    stored(tmp_path, lambda _: ones())
    assert tell("report").code == cli.SAME
    (tmp_path / "reference_models" / "mlp.py").write_text("# edited\n", encoding="utf-8")
    said = tell("report")
    assert said.code == cli.INCOMPLETE
    assert "mlp missing: stale: run before the model changed (2 cells)" in said.err


def test_an_empty_store_is_two(tmp_path: Path, tell: Tell) -> None:
    """A report of nothing is no pass."""
    make_project(tmp_path)
    said = tell("report")
    assert said.code == cli.INCOMPLETE
    assert "mlp missing: not run (2 cells)" in said.err
    assert "identical" not in said.out


@pytest.mark.parametrize("choices", [{"versions": ["2.15.1"]}, {}], ids=["no candidate", "unsupported everywhere"])
def test_nothing_to_compare_is_two(tmp_path: Path, tell: Tell, choices: dict[str, Any]) -> None:
    """Where there is no candidate, or no model exists anywhere, nothing was compared and nothing passes."""
    stored(tmp_path, lambda e: trial(e, "unsupported", message="m") if not choices else ones(), **choices)
    assert tell("report").code == cli.INCOMPLETE


def test_quiet_says_nothing_but_errors(tmp_path: Path, tell: Tell) -> None:
    """With -q a whole matrix is silent, and one with a hole says only what is wrong."""
    stored(tmp_path, lambda _: ones())
    assert tell("report", "-q") == (cli.SAME, "", "")
    stored(tmp_path, ending("failed"))
    said = tell("report", "-q")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert len(said.err.splitlines()) == 1


def test_json_is_the_reports_own_and_nothing_else(tmp_path: Path, tell: Tell) -> None:
    """With --json standard output is matrix.json, byte for byte, also where the exit code is 2."""
    stored(tmp_path, ending("failed"))
    said = tell("report", "--json")
    assert said.code == cli.INCOMPLETE
    assert said.out == (tmp_path / "reports" / "matrix.json").read_text(encoding="utf-8")
    assert json.loads(said.out)["candidates"][0]["verdict"] == "failed"


def test_a_project_is_found_from_a_folder_within_it(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that is given below the project's folder reads and writes the project's own files."""
    stored(tmp_path, lambda _: ones())
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert tell("report").code == cli.SAME
    assert (tmp_path / "reports" / "matrix.json").is_file()


def test_cells_are_listed_with_what_is_known_of_them(tmp_path: Path, tell: Tell) -> None:
    """Every expected cell has a line with its outcome and its reason."""
    stored(tmp_path, ending("missing"))
    said = tell("cells")
    assert [line.split() for line in said.out.splitlines()] == [
        ["2.15.1/mlp/tf2", "observed"],
        ["2.16.2/mlp/tf2", "missing", "not", "run"],
    ]


def test_a_store_is_checked(tmp_path: Path, tell: Tell) -> None:
    """A whole store is said to be, and one with other bytes than its digests say ends with 2."""
    plan = stored(tmp_path, lambda _: ones())
    assert tell("check-store").code == cli.SAME
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        add(store, next(iter(plan.trials.values()))[0], ones(weights=[8.0]))
        store.connection.execute("UPDATE tensors SET data = zeroblob(length(data))")
    said = tell("check-store")
    assert said.code == cli.INCOMPLETE
    assert "has other bytes than its digest says" in said.err
