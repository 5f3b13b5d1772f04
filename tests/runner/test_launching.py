"""Launching: what a probe's process starts with is chosen, and not inherited."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfmatrix.config import RESERVED
from tfmatrix.records import Environment, Launch, Package, Start
from tfmatrix.runner.launching import PASSED, started, variables
from tfmatrix.runner.probe import Placed

HOME = Path("/a/home")
PLAIN = Environment("2.15.1")


def test_nothing_of_the_caller_reaches_a_probe_but_where_things_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of the caller that could move numbers or load code do not arrive, and those of places do."""
    before = variables(Launch(), PLAIN, "0", HOME)
    for name in ("TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS", "PYTHONPATH", "TF_USE_LEGACY_KERAS", "LD_PRELOAD", "OMP_FOO"):
        monkeypatch.setenv(name, "1")
    assert variables(Launch(), PLAIN, "0", HOME) == before
    for name in PASSED:
        monkeypatch.setenv(name, f"my {name}")
    assert {name: variables(Launch(), PLAIN, "0", HOME)[name] for name in PASSED} == {n: f"my {n}" for n in PASSED}


def test_what_moves_numbers_is_always_set() -> None:
    """Hash seed, threads, home, locale and backend are set in every launch, to what the launch says."""
    found = variables(Launch("x", intra_op=3, inter_op=5), PLAIN, "1", HOME)
    assert found["PYTHONHASHSEED"] == "1"
    assert (found["TF_NUM_INTRAOP_THREADS"], found["OMP_NUM_THREADS"], found["TF_NUM_INTEROP_THREADS"]) == (
        "3",
        "3",
        "5",
    )
    assert (found["HOME"], found["KERAS_HOME"], found["KERAS_BACKEND"]) == (str(HOME), str(HOME), "tensorflow")
    assert (found["LC_ALL"], found["TZ"], found["OPENBLAS_NUM_THREADS"]) == ("C.UTF-8", "UTC", "1")


def test_a_launchs_own_variables_come_last() -> None:
    """What a launch sets is set, also where another default stands."""
    chosen = Launch("x", variables=(("KERAS_BACKEND", "jax"), ("TF_ENABLE_ONEDNN_OPTS", "0")))
    found = variables(chosen, PLAIN, "0", HOME)
    assert (found["KERAS_BACKEND"], found["TF_ENABLE_ONEDNN_OPTS"]) == ("jax", "0")


def test_whoever_installs_tf_keras_means_it() -> None:
    """An environment with tf-keras beside Keras 3 runs it, and no other environment does."""
    legacy = Environment("2.16.2", (Package("tf-keras", "2.16.0"),))
    assert variables(Launch(), legacy, "0", HOME)["TF_USE_LEGACY_KERAS"] == "1"
    other = Environment("2.16.2", (Package("keras", "3.11.3"),))
    assert "TF_USE_LEGACY_KERAS" not in variables(Launch(), other, "0", HOME)


def test_what_a_launch_may_not_set_is_what_is_set_for_it() -> None:
    """Each variable that the configuration reserves is one that the runner sets itself."""
    assert set(RESERVED) - set(variables(Launch(), PLAIN, "0", HOME)) == {"TFMATRIX_ANSWERS", "TFMATRIX_SCRATCH"}


def test_a_start_changes_variables_and_tells_the_probe_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a start sets is set, what it empties is not there, and what only the probe can do it is told."""
    start = Start(variables=(("OMP_NUM_THREADS", ""), ("TZ", "XYZ-14")), processors=1, imports=("keras", "numpy"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # no GPU, which is not the same as unset
    before = variables(Launch(), PLAIN, "0", HOME)
    found = dict(started(before, start, Path("/a/folder")))
    asked = json.loads(found.pop("TFMATRIX_START"))
    told = {"here": "/a/folder", "processors": 1, "fixed_addresses": False, "imports": ["keras", "numpy"]}
    assert asked == {**told, "bare": False}
    assert found == {name: value for name, value in before.items() if name != "OMP_NUM_THREADS"} | {"TZ": "XYZ-14"}


def test_a_named_folder_is_made_once_and_another_is_kept(tmp_path: Path) -> None:
    """A start's folder is one folder however often it is asked for; where none is named the process has its own."""
    placed = Placed(Start(here="folder ä"), tmp_path / "recipes")
    assert placed.make("folder ä", HOME) == placed.make("folder ä", HOME) == tmp_path / "recipes" / "folder ä"
    assert (tmp_path / "recipes" / "folder ä").is_dir()
    assert placed.make("", HOME) == HOME
