"""Bisects on the command line: letters and boundaries, from what is stored and from probes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from building import fill, install, make_project
from questions.bisect.world import CELL, RELEASES, World, became, changing
from tfmatrix import cli
from tfmatrix.environments import making, offered
from tfmatrix.errors import Unavailable
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import Environment
from tfmatrix.runner.making import Maker, find
from tfmatrix.store.store import Store

from .project import Tell

pytestmark = pytest.mark.timeout(60)

BETWEEN = "2.12.1..2.16.2"
VERSIONS = ["2.12.1", "2.13.1", "2.14.1", "2.15.1", "2.16.2"]


def data(folder: Path) -> dict[str, Any]:
    """Return the JSON report."""
    loaded: dict[str, Any] = json.loads((folder / "reports" / "bisect.json").read_text(encoding="utf-8"))
    return loaded


def searched(folder: Path, at: str = "2.14.1", **gives: Any) -> None:
    """Make a project in which a bisect was run."""
    world = World(folder, {**changing(at), **gives})
    (folder / ".tfmatrix").mkdir()
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        world.run(world.plan(BETWEEN), store)


def made(folder: Path, models: list[str], *versions: str) -> None:
    """Make a project with environments that are made."""
    settings = make_project(folder, models, versions=VERSIONS, baseline="2.15.1")
    for version in versions or VERSIONS:
        install(Environment(version), settings)


def test_a_boundary_is_a_line(tmp_path: Path, tell: Tell) -> None:
    """With the letters before it, and the command that comes next; the code is that of an answer."""
    searched(tmp_path)
    said = tell("bisect", BETWEEN, "--cell", CELL, "--stored")
    assert (said.code, said.err) == (cli.SAME, "")
    letters, line, next_, last = said.out.splitlines()
    assert letters == "mlp/tf2: 2.12.1 A, 2.13.1 A, 2.14.1 B, 2.16.2 B"
    assert line == "- changed between 2.13.1 and 2.14.1; first change: native gradient@1/w"
    assert next_ == "next: tfmatrix bisect 2.13.1..2.14.1 --cell mlp/tf2 --patches"
    assert last.endswith(": reports/bisect.md")
    assert [one["letter"] for one in data(tmp_path)["cells"][0]["results"]] == ["A", "A", "B", "B"]


def test_the_report_can_be_printed_or_left_out(tmp_path: Path, tell: Tell) -> None:
    """As that of every question."""
    searched(tmp_path)
    said = tell("bisect", BETWEEN, "--cell", CELL, "--stored", "--json")
    assert (said.code, json.loads(said.out)) == (cli.SAME, data(tmp_path))
    assert tell("bisect", BETWEEN, "--cell", CELL, "--stored", "-q") == (cli.SAME, "", "")


def test_what_is_not_known_is_two(tmp_path: Path, tell: Tell) -> None:
    """Of an empty store nothing can be said; a build in the way is named."""
    make_project(tmp_path, versions=VERSIONS, baseline="2.15.1")
    said = tell("bisect", BETWEEN, "--cell", CELL, "--stored")
    assert said.code == cli.INCOMPLETE
    assert said.err == "".join(f"tfmatrix: {name}/{CELL} missing: not run\n" for name in ("2.12.1", "2.16.2"))


def test_a_build_in_the_way_is_two(tmp_path: Path, tell: Tell) -> None:
    """The boundary is told, and what stands in it."""
    searched(tmp_path, **{"2.14.1": "crashed"})
    said = tell("bisect", BETWEEN, "--cell", CELL, "--stored")
    assert said.code == cli.INCOMPLETE
    assert "- changed between 2.13.1 and 2.15.1" in said.out
    where = f"{CELL}: not narrowed down between 2.13.1 and 2.15.1"
    assert said.err == f"tfmatrix: {where}: 2.14.1 crashed: ValueError: it crashed here\n"


def test_builds_are_run_and_not_again(tmp_path: Path, tell: Tell) -> None:
    """The fake gives each build the same: two are run, and with --scan the others; then nothing."""
    made(tmp_path, ["a"])
    first = tell("bisect", BETWEEN, "--cell", "a/tf2")
    assert first.code == cli.SAME, first.err
    assert "4 of 4 trials to run, 0 stored already." in first.err
    assert "2.12.1 and 2.16.2 have the same results." in first.out
    scan = tell("bisect", BETWEEN, "--cell", "a/tf2", "--scan")
    assert "6 of 10 trials to run, 4 stored already." in scan.err
    assert "Nothing changed: every build has the same results." in scan.out
    again = tell("bisect", BETWEEN, "--cell", "a/tf2", "--scan")
    assert again.err == "0 of 10 trials to run, 10 stored already.\n"
    assert again.out == scan.out


def test_what_the_matrix_ran_counts(tmp_path: Path, tell: Tell) -> None:
    """Its baseline's trials too, though nothing had to be known of it."""
    made(tmp_path, ["a"])
    tell("run", "--versions", "2.12.1,2.16.2", "--modes", "tf2")
    assert "0 of 6 trials to run, 6 stored already." in tell("bisect", BETWEEN, "--cell", "a/tf2").err


def test_an_end_that_cannot_be_had_is_two(tmp_path: Path, tell: Tell) -> None:
    """It is named once, with the reason."""
    made(tmp_path, ["a"], *VERSIONS[:-1])
    said = tell("bisect", BETWEEN, "--cell", "a/tf2")
    assert said.code == cli.INCOMPLETE
    told = [line for line in said.err.splitlines() if line.startswith("tfmatrix: ")]
    assert told == ["tfmatrix: begin or end with another build: 2.16.2/a/tf2 unavailable: no unit test makes one."]


def test_an_unstable_end_is_refused(tmp_path: Path, tell: Tell) -> None:
    """By name, with the stage where its trials part."""
    searched(tmp_path, **{"2.16.2": "unstable"})
    said = tell("bisect", BETWEEN, "--cell", CELL, "--stored")
    assert said.code == cli.INCOMPLETE
    assert said.err.startswith(
        f"tfmatrix: begin or end with another build: 2.16.2/{CELL} unstable: 2 trials gave 2 results; "
    )


def test_only_what_a_bisect_made_is_removed(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --keep N the last N of it are left, besides what was there before; the trials stay."""
    made(tmp_path, ["a"], "2.12.1", "2.13.1")

    def make(self: Maker, environment: Environment) -> Any:
        settings = self._config
        install(environment, settings)
        return find(environment, settings)

    monkeypatch.setattr(Maker, "make", make)
    said = tell("bisect", BETWEEN, "--cell", "a/tf2", "--scan", "--keep", "1")
    assert said.code == cli.SAME, said.err
    there = [one for one in VERSIONS if making.is_there(making.folder_of(Environment(one), tmp_path / ".nox"))]
    assert there[:2] == ["2.12.1", "2.13.1"]
    assert len(there) == 3
    assert tell("bisect", BETWEEN, "--cell", "a/tf2", "--scan").err == "0 of 10 trials to run, 10 stored already.\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["2.16.2..2.12.1", "--cell", CELL], "write 2.12.1..2.16.2."),
        (["2.16.2..2.16.2", "--cell", CELL], "is one build; name two that differ."),
        (["2.12.1..2.99.0", "--cell", CELL], "no TensorFlow 2.99.0 is known"),
        ([BETWEEN, "--cell", "nothing/tf2"], "there is no model 'nothing'; there are mlp."),
        ([BETWEEN, "--cell", f"{CELL}/none"], "there is no stage 'none'"),
        ([BETWEEN, "--cell", CELL, "--stored", "--fresh"], "--fresh does not go with it."),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, tell: Tell, arguments: list[str], told: str) -> None:
    """With 2, and nothing is run."""
    make_project(tmp_path, versions=VERSIONS, baseline="2.15.1")
    said = tell("bisect", *arguments)
    assert (said.code, said.out, said.err.count("\n")) == (cli.INCOMPLETE, "", 1)
    assert told in said.err


def test_without_the_index_it_is_one_sentence(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is run."""

    def offline(*_: Any) -> Any:
        raise Unavailable("the package index cannot be asked for tensorflow-cpu: it cannot be reached.")

    monkeypatch.setattr(offered, "versions_of", offline)
    made(tmp_path, ["a"])
    said = tell("bisect", BETWEEN, "--cell", "a/tf2", "--patches")
    assert said == (
        cli.INCOMPLETE,
        "",
        "tfmatrix: the package index cannot be asked for tensorflow-cpu: it cannot be reached.\n",
    )


def test_nothing_that_a_bisect_rests_on_is_removed(tmp_path: Path, tell: Tell) -> None:
    """`gc` keeps the trials of builds that the project does not name."""
    searched(tmp_path)
    assert "0 trials" in tell("gc").out


def test_all_releases_are_a_line(tmp_path: Path, tell: Tell) -> None:
    """What a matrix of all stored tells more than a search would have run."""
    settings = make_project(tmp_path, versions=list(RELEASES), baseline="2.15.1")
    given = changing("2.10.1", "2.19.1")
    (tmp_path / ".tfmatrix").mkdir()
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        fill(store, make_plan(settings), lambda one: became(one, given[one.cell.environment.name]))
    said = tell("bisect", f"{RELEASES[0]}..latest", "--cell", CELL, "--stored")
    assert said.code == cli.SAME, said.err
    assert said.out.count("- changed between ") == 2
