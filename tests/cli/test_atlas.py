"""The atlas on the command line: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

from questions.atlas.world import Ran, exp, fill, plan_of
from tfmatrix import cli
from tfmatrix.store.store import Store

from .project import Tell

VERSIONS = ["2.15.1", "2.16.2"]


def ran(folder: Path) -> None:
    """Make a project in which two releases were run."""
    plan = plan_of(folder, VERSIONS)
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        fill(plan, store, {"2.15.1": exp(1.0), "2.16.2": exp(2.0)})


def test_what_is_stored_is_told_and_written(tmp_path: Path, tell: Tell) -> None:
    """How many ops changed at each boundary; the code is that of an answer."""
    ran(tmp_path)
    said = tell("atlas", "--stored")
    assert (said.code, said.err) == (cli.SAME, "")
    assert said.out.splitlines()[0].split() == [*["2.15.1", "to", "2.16.2", "ops", "1", "another", "meaning"]]
    assert said.out.splitlines()[-1].endswith(": reports/atlas.md")
    data = json.loads((tmp_path / "reports" / "atlas.json").read_text(encoding="utf-8"))
    assert [row["letters"] for row in data["rows"]] == [["A", "B"]]


def test_what_is_not_known_is_two(tmp_path: Path, tell: Tell) -> None:
    """Of an empty store nothing can be said, and that is no answer."""
    plan_of(tmp_path, VERSIONS)
    said = tell("atlas", "--stored")
    assert said.code == cli.INCOMPLETE
    assert said.err == "".join(f"tfmatrix: {name}: 48 of its 48 trials not run\n" for name in VERSIONS)


def test_some_names_alone_are_told(tmp_path: Path, tell: Tell) -> None:
    """Those that are like a pattern, and of a pattern that nothing is like a sentence says so."""
    plan = plan_of(tmp_path, VERSIONS)
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        made = {**exp(1.0).made, "Log[float32]/odd/0": exp(1.0).made["Exp[float32]/odd/0"]}
        fill(plan, store, {"2.15.1": Ran(made), "2.16.2": exp(2.0)})
    said = tell("atlas", "--stored", "--ops", "E*")
    assert said.code == cli.SAME
    written = tmp_path / "reports" / "atlas.json"
    data = json.loads(written.read_text(encoding="utf-8"))
    assert ([row["op"] for row in data["rows"]], data["settings"]["names"]) == (["Exp"], "E*")
    assert "--ops 'E*'" in (tmp_path / "reports" / "atlas.md").read_text(encoding="utf-8")
    said = tell("atlas", "--stored", "--ops", "matmul")
    assert said.code == cli.INCOMPLETE
    assert said.err.startswith("tfmatrix: no op and no name of Keras in 2.15.1, 2.16.2 is like 'matmul'; ")
    assert json.loads(written.read_text(encoding="utf-8")) == data


def test_wrong_usage_is_two_and_a_sentence(tmp_path: Path, tell: Tell) -> None:
    """A release that is not known, and one release alone."""
    plan_of(tmp_path, VERSIONS)
    for arguments in (["--versions", "2.7.0"], ["--versions", "2.15.1"], ["--stored", "--fresh"]):
        said = tell("atlas", *arguments)
        assert said.code == cli.INCOMPLETE
        assert said.err.startswith("tfmatrix: ")
        assert said.err.count("\n") == 1
