"""The atlas on the command line: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

from questions.atlas.world import exp, fill, plan_of
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
    assert said.out.splitlines()[0].split(None, 3)[-1].strip() == "1 another meaning"
    assert said.out.splitlines()[-1].endswith(": reports/atlas.md")
    data = json.loads((tmp_path / "reports" / "atlas.json").read_text(encoding="utf-8"))
    assert [row["letters"] for row in data["rows"]] == [["A", "B"]]


def test_what_is_not_known_is_two(tmp_path: Path, tell: Tell) -> None:
    """Of an empty store nothing can be said, and that is no answer."""
    plan_of(tmp_path, VERSIONS)
    said = tell("atlas", "--stored")
    assert said.code == cli.INCOMPLETE
    assert said.err == "".join(f"tfmatrix: {name}: 32 of its 32 trials not run\n" for name in VERSIONS)


def test_wrong_usage_is_two_and_a_sentence(tmp_path: Path, tell: Tell) -> None:
    """A release that is not known, and one release alone."""
    plan_of(tmp_path, VERSIONS)
    for arguments in (["--versions", "2.7.0"], ["--versions", "2.15.1"], ["--stored", "--fresh"]):
        said = tell("atlas", *arguments)
        assert said.code == cli.INCOMPLETE
        assert said.err.startswith("tfmatrix: ")
        assert said.err.count("\n") == 1
