"""Reports and upkeep on the command line: exit codes that say how it went, and no word too many."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, add, fill, lock_of, make_project, ones, rest, trial
from tfmatrix import cli
from tfmatrix.records import Environment
from tfmatrix.store.store import Store

from .project import Tell, changed, ending, stored


def test_a_whole_matrix_is_zero(tmp_path: Path, tell: Tell) -> None:
    """Where every cell was observed the answer is a line for each candidate and where the report lies."""
    stored(tmp_path, lambda _: ones())
    said = tell("report")
    assert (said.code, said.err) == (cli.SAME, "")
    lines = said.out.splitlines()
    assert lines[1:3] == [f"{CANDIDATE}  yes: the same bits", "        1 identical"]
    assert lines[-1].endswith(": reports/matrix.md")


def test_a_difference_is_no_error_of_a_report(tmp_path: Path, tell: Tell) -> None:
    """A candidate that differs is told, and does not make the matrix less whole."""
    stored(tmp_path, changed)
    said = tell("report")
    assert (said.code, said.err) == (cli.SAME, "")
    assert said.out.splitlines()[1] == f"{CANDIDATE}  not yet: another meaning"


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


def test_a_report_of_less_says_what_it_takes_the_place_of(tmp_path: Path, tell: Tell) -> None:
    """A look at one model leaves out what a report was about; the same again, or one that can't be read, does not."""
    stored(tmp_path, lambda _: ones(), models=("mlp", "cnn"))
    assert tell("report").err == ""
    assert tell("report").err == ""
    said = tell("report", "--models", "mlp")
    assert said.code == cli.SAME
    assert "replaces one that was also about cnn; `--reports FOLDER`" in said.err
    assert tell("report", "--models", "cnn", "--reports", "beside").err == ""
    (tmp_path / "reports" / "matrix.json").write_text("{", encoding="utf-8")
    assert tell("report", "--models", "cnn").err == ""


def test_cells_are_listed_with_what_is_known_of_them(tmp_path: Path, tell: Tell) -> None:
    """Every expected cell has a line with its outcome and its reason."""
    stored(tmp_path, ending("missing"))
    said = tell("cells")
    assert [line.split() for line in said.out.splitlines()] == [
        ["2.15.1/mlp/tf2", "observed"],
        ["2.16.2/mlp/tf2", "missing", "not", "run"],
    ]


def edit_model(folder: Path) -> None:
    """Edit the model file."""
    (folder / "reference_models" / "mlp.py").write_text("# edited\n", encoding="utf-8")


def edit_helper(folder: Path) -> None:
    """Edit a module that the model imports."""
    (folder / "reference_models" / "_helper.py").write_text("# edited\n", encoding="utf-8")


def remove_helper(folder: Path) -> None:
    """Remove it."""
    (folder / "reference_models" / "_helper.py").unlink()


def edit_lock(folder: Path) -> None:
    """Edit the lock of the candidate, and of nothing else."""
    lock_of(folder, Environment(CANDIDATE)).write_text("# kind: as of 2024-01-01\n", encoding="utf-8")


def edit_launch(folder: Path) -> None:
    """Choose another number of threads."""
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as table:
        table.write("[tool.tfmatrix.launches.default]\nintra_op = 1\n")


def edit_model_and_lock(folder: Path) -> None:
    """Edit both."""
    edit_model(folder)
    edit_lock(folder)


def listed(baseline: str, candidate: str) -> list[list[str]]:
    """Return the words of the list of cells, given what changed of each; empty where nothing did."""
    return [
        [f"{version}/mlp/tf2", *(["missing", f"stale: run before the {what} changed"] if what else ["observed"])]
        for version, what in ((BASELINE, baseline), (CANDIDATE, candidate))
    ]


STALE: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "model": (edit_model, "model", "model"),
    "helper": (edit_helper, "file reference_models/_helper.py", "file reference_models/_helper.py"),
    "helper gone": (remove_helper, "file reference_models/_helper.py", "file reference_models/_helper.py"),
    "lock": (edit_lock, "", "lock"),
    "launch": (edit_launch, "launch", "launch"),
    "two things": (edit_model_and_lock, "model", "lock and the model"),
}
"""What is edited, and what is said to have changed of the baseline's cell and of the candidate's."""


@pytest.mark.parametrize(("edit", "baseline", "candidate"), STALE.values(), ids=STALE)
def test_what_made_a_cell_stale_is_named(
    tmp_path: Path, tell: Tell, edit: Callable[[Path], None], baseline: str, candidate: str
) -> None:
    """A cell whose trials were run before something was edited is missing and says what, and no other cell is."""
    stored(tmp_path, lambda _: ones(), models={"mlp": "import _helper\n", "_helper": "# as it was\n"})
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        rest(store, on=[tmp_path / "reference_models" / "_helper.py"], root=tmp_path)
    assert "missing" not in tell("cells").out
    edit(tmp_path)
    said = tell("cells")
    assert (said.code, said.err) == (cli.SAME, "")
    assert [line.split(maxsplit=2) for line in said.out.splitlines()] == listed(baseline, candidate)


def test_a_seed_that_nothing_was_run_with_is_named(tmp_path: Path, tell: Tell) -> None:
    """Under another seed than the stored trials have, every cell is missing and says so; under theirs none is."""
    stored(tmp_path, lambda _: ones())
    for seed, what in (("7", "seed"), ("42", "")):
        said = tell("cells", "--seed", seed)
        assert [line.split(maxsplit=2) for line in said.out.splitlines()] == listed(what, what)


def test_stores_that_contradict_each_other_are_one(tmp_path: Path, tell: Tell) -> None:
    """A merge with other bits under the same keys names every trial and ends with 1, and one that agrees with 0."""
    plan = stored(tmp_path, lambda _: ones())
    for name, answer in (("same.sqlite", lambda _: ones()), ("other.sqlite", changed)):
        with Store(tmp_path / name) as other:
            fill(other, plan, answer)
    assert tell("merge", "same.sqlite") == (cli.SAME, "", "")
    before = tell("report").out
    said = tell("merge", "other.sqlite")
    assert (said.code, said.out) == (cli.CHANGED, "")
    trials = [e for trials in plan.trials.values() for e in trials if e.cell.environment.name == CANDIDATE]
    assert {line.partition(": trace ")[0] for line in said.err.splitlines()} == {f"tfmatrix: {e.id}" for e in trials}
    assert all(line.endswith("under one key; what is here is kept") for line in said.err.splitlines())
    assert tell("report").out == before


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
