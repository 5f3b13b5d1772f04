"""What vanished is told: nothing that a report had is got rid of without a word in the configuration."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, fill, ones
from cli.project import Tell
from tfmatrix import cli
from tfmatrix.gate.vanished import ASKED
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import ExpectedTrial
from tfmatrix.store.store import Store

from .project import gated, make_gated_project, report_id

LAUNCH = '[tool.tfmatrix.launches.plain]\nvariables = { TF_ENABLE_ONEDNN_OPTS = "0" }\n'

USUAL: dict[str, Any] = {"modes": ["tf2", "v1"], "seed": 42}


def failing(expected: ExpectedTrial) -> Any:
    """Answer with a model that fails the gate in one mode, and under one launch."""
    cell = expected.cell
    fails = cell.environment.name == CANDIDATE and cell.model.name == "bad"
    return ones(weights=[9.0] * 4) if fails else ones()


def asked_for(folder: Path, more: str = LAUNCH, models: tuple[str, ...] = (), **choices: Any) -> None:
    """Configure a project anew, and run whatever it asks for then."""
    plan = make_plan(make_gated_project(folder, models, more, **{**USUAL, **choices}))
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        fill(store, plan, lambda e: failing(e) if e.seed == 42 else ones())


def delete(folder: Path) -> None:
    """Delete the model."""
    (folder / "reference_models" / "bad.py").unlink()


def hide(folder: Path) -> None:
    """Rename the model so that it is none."""
    (folder / "reference_models" / "bad.py").rename(folder / "reference_models" / "_bad.py")


def move(folder: Path) -> None:
    """Have another folder of models, with the good one alone."""
    (folder / "models").mkdir()
    (folder / "reference_models" / "good.py").rename(folder / "models" / "good.py")


VANISHED: dict[str, tuple[Callable[[Path], None], dict[str, Any], list[str]]] = {
    "deleted": (delete, {}, ["model bad"]),
    "renamed": (hide, {}, ["model bad"]),
    "moved": (move, {"models_folder": "models"}, ["model bad"]),
    "left out": (lambda _: None, {"more": f'models = ["good"]\n{LAUNCH}'}, ["model bad"]),
    "a mode": (lambda _: None, {"modes": ["tf2"]}, ["mode v1"]),
    "a launch": (lambda _: None, {"more": ""}, ["launch plain"]),
    "a seed": (lambda _: None, {"seed": 7}, ["seed 42"]),
    "two at once": (delete, {"modes": ["tf2"]}, ["mode v1", "model bad"]),
}


@pytest.mark.parametrize(("change", "choices", "names"), VANISHED.values(), ids=VANISHED)
def test_what_vanished_is_named_until_it_is_said(
    tmp_path: Path, tell: Tell, change: Callable[[Path], None], choices: dict[str, Any], names: list[str]
) -> None:
    """A model, mode, launch or seed that reports had: 2 and its name, a warning once the configuration says so."""
    gated(tmp_path, failing, ["good", "bad"], LAUNCH, **USUAL)
    assert tell("report", "-q").code == cli.SAME
    assert tell("check", CANDIDATE).code == cli.CHANGED
    change(tmp_path)
    asked_for(tmp_path, **choices)
    for _ in range(2):
        said = tell("check", CANDIDATE)
        assert said.code == cli.INCOMPLETE
        for name in names:
            assert f"incomplete: the {name} has vanished: reports of this project had it" in said.out
        assert said.out.count("has vanished") == len(names)
        id_ = report_id(tell, tmp_path)  # a report of the rest is no word that the others are meant to be gone
    assert tell("pin", CANDIDATE, "--report", id_).code == cli.INCOMPLETE
    asked_for(tmp_path, **choices, removed=names)
    said = tell("check", CANDIDATE)
    assert "has vanished" not in said.out
    for name in names:
        assert f"warn: the {name}, which earlier reports had, is removed by the configuration" in said.out
    tell("report", "-q")
    assert "is removed" not in tell("check", CANDIDATE).out  # a report was made with that word, so it is settled
    asked_for(tmp_path, **choices)
    assert "has vanished" not in tell("check", CANDIDATE).out


def test_a_models_own_mode_that_vanished_is_a_cell(tmp_path: Path, tell: Tell) -> None:
    """Where model and mode are both still there, but not together, the cell is named."""
    table = '[tool.tfmatrix.models.built]\nmodel = "a:b"\ndata = "a:c"\nmodes = ["tf2", "v1"]\n'
    gated(tmp_path, lambda _: ones(), ["good"], table)
    tell("report", "-q")
    asked_for(tmp_path, table.replace(', "v1"', ""))
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "the cell built/v1 has vanished" in said.out
    asked_for(tmp_path, table.replace(', "v1"', ""), removed=["cell built/v1"])
    assert "has vanished" not in tell("check", CANDIDATE).out


def test_a_word_in_advance_is_none(tmp_path: Path, tell: Tell) -> None:
    """What is still asked for cannot be said to be removed: the word would stand ready for the day it fails."""
    gated(tmp_path, lambda _: ones(), ["good"], removed=["model good", "mode v1", "model other"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "the configuration says that the mode v1 is removed, but still asks for it" in said.out
    assert "the model good is removed, but still" in said.out
    assert "other" not in said.out


def test_what_came_back_has_not_vanished(tmp_path: Path, tell: Tell) -> None:
    """A model that is there again is judged, and nothing is said of the time between."""
    gated(tmp_path, failing, ["good", "bad"], modes=["tf2"])
    tell("report", "-q")
    hide(tmp_path)
    tell("report", "-q")
    (tmp_path / "reference_models" / "_bad.py").rename(tmp_path / "reference_models" / "bad.py")
    said = tell("check", CANDIDATE)
    assert said.code == cli.CHANGED
    assert "has vanished" not in said.out


def test_what_was_only_tried_has_not_vanished(tmp_path: Path, tell: Tell) -> None:
    """What one command alone asked for, and a mode by choice, may be tried without being asked for ever after."""
    gated(tmp_path, lambda _: ones(), ["good"], modes=["tf2", "tf2-xla"])
    tell("report", "-q", "--seed", "7", "--modes", "tf2,tf2-default")
    make_gated_project(tmp_path, (), modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.SAME
    assert "has vanished" not in said.out


def commit(folder: Path) -> None:
    """Commit all that is in a project."""
    person = ("-c", "user.name=n", "-c", "user.email=e")
    for command in (("init", "-q"), ("add", "-f", "."), (*person, "commit", "-qm", "m")):
        subprocess.run(["git", *command], cwd=folder, check=True)


@pytest.mark.parametrize("reports", ["reports", "build/all"])
def test_the_report_that_git_has_counts_too(tmp_path: Path, tell: Tell, reports: str) -> None:
    """With another store nothing is forgotten that the last commit's report has."""
    gated(tmp_path, failing, ["good", "bad"], **USUAL, reports=reports)
    tell("report", "-q")
    commit(tmp_path)
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        store.strike(ASKED, "")
    delete(tmp_path)
    asked_for(tmp_path, "", seed=7, reports=reports)
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "the model bad has vanished" in said.out
    assert "the seed 42 has vanished" in said.out
    tell("report", "-q")
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        store.strike(ASKED, "")
    assert "has vanished" in tell("check", CANDIDATE).out  # until the report of the rest is committed, too
    commit(tmp_path)
    assert tell("check", CANDIDATE).code == cli.SAME


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"cells": 3}', b"\xff", b"[" * 100_000])
def test_a_committed_report_that_is_none_says_nothing(tmp_path: Path, tell: Tell, content: bytes) -> None:
    """Of another program's file, or another schema, nothing is taken."""
    gated(tmp_path, lambda _: ones(), ["good"])
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "matrix.json").write_bytes(content)
    commit(tmp_path)
    assert tell("check", CANDIDATE).code == cli.SAME


@pytest.mark.parametrize("noted", [3, {"cells": 3}, {"cells": [["a"]]}, {"seeds": ["a"]}])
def test_a_note_that_cannot_be_read_is_one_sentence(tmp_path: Path, tell: Tell, noted: object) -> None:
    """What the store holds of what was asked for is believed or said to be damaged, and never passed over."""
    gated(tmp_path, lambda _: ones(), ["good"])
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        store.note(ASKED, "", noted)
    said = tell("check", CANDIDATE, "--baseline", BASELINE)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert "the store is damaged" in said.err
