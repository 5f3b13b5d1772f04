"""Explanations on the command line: a line for each change, and what is written for a tracker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from building import BASELINE, CANDIDATE
from questions.explain.world import plan_of, run
from tfmatrix import cli
from tfmatrix.questions.explain import export
from tfmatrix.store.store import Store

from .project import Tell


def project(folder: Path, *models: str) -> None:
    """Make a project of which everything that an explanation needs is stored."""
    plan = plan_of(folder, models)
    (folder / ".tfmatrix").mkdir()
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        run(plan, store)


def test_each_change_is_a_line(tmp_path: Path, tell: Tell) -> None:
    """Where it is, whose it is, in which operations, and what undoes it; the page has more."""
    project(tmp_path, "of_keras", "of_tensorflow", "same")
    said = tell("explain", CANDIDATE, "--stored")
    assert (said.code, said.err) == (cli.SAME, "")
    keras, tensorflow, next_, last = said.out.splitlines()
    assert keras.split()[:4] == [f"{CANDIDATE}/of_keras/tf2", "#", "native", "gradient@1/w"]
    assert "Keras (proved)" in keras
    assert "MatMul became Einsum in dense, backward" in keras
    assert keras.endswith("install tf-keras 2.16.0 and set TF_USE_LEGACY_KERAS=1")
    assert "kernel Sigmoid in dense, backward" in tensorflow
    assert next_ == "next: tfmatrix report, which shows this beside each change"
    assert last.endswith(": reports/explain.md")
    assert json.loads((tmp_path / "reports" / "explain.json").read_text(encoding="utf-8"))["baseline"] == BASELINE


def test_what_is_not_known_is_two(tmp_path: Path, tell: Tell) -> None:
    """Of an empty store nothing can be said, and nothing is run for it."""
    plan_of(tmp_path, ("of_keras",))
    said = tell("explain", CANDIDATE, "--stored")
    assert said.code == cli.INCOMPLETE
    assert f"{CANDIDATE}/of_keras/tf2 missing" in said.err


def test_a_kernel_is_exported(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder is named; one whose script shows nothing is left out, which is incomplete."""
    project(tmp_path, "of_tensorflow")
    monkeypatch.setattr(export, "run", lambda one, *_: one.printed)
    said = tell("explain", CANDIDATE, "--stored", "--export", "repro")
    assert said.code == cli.SAME, said.err
    assert "repro/2.15.1-2.16.2-Sigmoid: run in both releases" in said.out
    monkeypatch.setattr(export, "run", lambda *_: ())
    said = tell("explain", CANDIDATE, "--stored", "--export", "other")
    assert said.code == cli.INCOMPLETE
    assert "2.15.1-2.16.2-Sigmoid is left out: it prints other digests" in said.err
