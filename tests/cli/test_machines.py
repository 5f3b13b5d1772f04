"""Machine classes on the command line: what is told, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from building import add, make_project, ones
from tfmatrix import cli
from tfmatrix.questions.machines.plan import make_machines_plan
from tfmatrix.records import SEEDS, Launch
from tfmatrix.store.store import Store

from .project import Tell


@pytest.fixture(autouse=True)
def one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this machine stand for one class besides its own."""
    monkeypatch.setattr("tfmatrix.questions.machines.plan.CLASSES", (Launch("one-thread", intra_op=1),))


def test_what_is_stored_is_told_and_written(tmp_path: Path, tell: Tell) -> None:
    """A line for each class and release; a difference is no error."""
    plan = make_machines_plan(make_project(tmp_path, ["a"]))
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        for release in plan.of_releases:
            for trials in release.trials.values():
                for expected in trials:
                    if expected.role != SEEDS:
                        add(store, expected, ones(weights=[4.0 - expected.cell.launch.intra_op] * 4))
    said = tell("machines", "--stored")
    assert (said.code, said.err) == (cli.SAME, "")
    first, *lines, last = said.out.splitlines()
    assert first == "against here:"
    assert [line.split() for line in lines] == [[v, "one-thread", "1", "different"] for v in ("2.15.1", "2.16.2")]
    assert last.endswith(": reports/machines.md")
    data = json.loads((tmp_path / "reports" / "machines.json").read_text(encoding="utf-8"))
    assert {cell["verdict"] for cell in data["cells"]} == {"different"}


def test_what_is_not_known_is_two(tmp_path: Path, tell: Tell) -> None:
    """Of an empty store nothing can be said, and that is no answer."""
    make_project(tmp_path, ["a"], versions=["2.15.1"])
    said = tell("machines", "--stored")
    assert said.code == cli.INCOMPLETE
    assert said.err.startswith("tfmatrix: one-thread, 2.15.1: 1 cell not compared, such as a/tf2: missing")
