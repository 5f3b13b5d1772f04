"""Advice beside a refusal: what is said to read a file does so by hand too, and predicts the same bits."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tfmatrix import config
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.questions.matrix.summary import Report, summarise
from tfmatrix.records import InstalledEnvironment
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store

from .project import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.wide]

SCRIPT = Path(__file__).parent / "saved" / "ways.py"
BASELINE, CANDIDATE, KERAS_2 = "2.15.1", "2.16.2", "2.16.2+tf-keras-2.16.0"
NAMES = ("depthwise", "timed", "chain")
ENDINGS = {".h5": "h5", ".keras": "keras", "_folder": "folder"}

Plain = Mapping[str, Mapping[str, str]]
"""By file and way, the digest of what it predicts, or the exception's type."""


@pytest.fixture(scope="module")
def project(made_environment: Callable[..., InstalledEnvironment], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with files of the baseline and what people make of them."""
    folder = tmp_path_factory.mktemp("ways")
    (folder / "saved").mkdir()
    by_hand(made_environment(BASELINE), "write", folder / "saved")
    tables = "".join(
        f'models.{name}-{word} = {{ file = "saved/{name}{ending}", inputs = "saved/{name}.npz" }}\n'
        for name in NAMES
        for ending, word in ENDINGS.items()
    )
    for version in (CANDIDATE, KERAS_2):
        made_environment(version)
    (folder / ".nox").symlink_to(ROOT / ".nox")
    (folder / "pyproject.toml").write_text(
        f'[tool.tfmatrix]\nversions = ["{BASELINE}", "{CANDIDATE}"]\nbaseline = "{BASELINE}"\ntrials = 2\njitters = 1\n'
        f'modes = ["tf2"]\n{tables}'
    )
    return folder


def by_hand(environment: InstalledEnvironment, what: str, folder: Path, **variables: str) -> Plain:
    """Run the plain script in a release, and return what it found."""
    threads = {"TF_NUM_INTRAOP_THREADS": "2", "TF_NUM_INTEROP_THREADS": "2", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [environment.interpreter, str(SCRIPT), what, str(folder)]
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **threads, **variables}
    )
    found: Plain = json.loads(told.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def plain(project: Path, made_environment: Callable[..., InstalledEnvironment]) -> Plain:
    """Return what came of every way by hand; that of the baseline is called ``baseline``."""
    saved = project / "saved"
    mine = by_hand(made_environment(BASELINE), "read", saved)
    there = by_hand(made_environment(CANDIDATE), "read", saved)
    keras_2 = by_hand(made_environment(KERAS_2), "read", saved, TF_USE_LEGACY_KERAS="1")
    return {file: {**ways, "baseline": mine[file][""], "tf-keras": keras_2[file][""]} for file, ways in there.items()}


@pytest.fixture(scope="module")
def report(project: Path) -> Report:
    """Return what tfmatrix says of the project."""
    plan = make_plan(config.load(project))
    with Store(project / "store.sqlite") as store:
        rounds(plan, store, lambda _: None)
        return summarise(compare_all(plan, store))


def test_a_file_is_advised_on_where_a_plain_script_is_refused(report: Report, plain: Plain) -> None:
    """And nowhere else."""
    advised = {cell.model: cell.ways is not None for cell in report.cells if cell.environment == CANDIDATE}
    refused = {
        f"{name}-{word}": len(plain[name + ending][""]) != 16 for name in NAMES for ending, word in ENDINGS.items()
    }
    assert advised == refused
    assert sum(refused.values()) >= 6


def test_each_way_came_to_what_it_comes_to_by_hand(report: Report, plain: Plain) -> None:
    """Refused where that is, and the same bits where those are the same."""
    words: dict[str, set[str]] = {}
    for name in NAMES:
        for ending, word in ENDINGS.items():
            (cell,) = (c for c in report.cells if c.model == f"{name}-{word}" and c.environment == CANDIDATE)
            told = plain[name + ending]
            for way in cell.ways or ():
                by_script = told[way.way]
                assert (way.verdict == "failed") == (len(by_script) != 16), (cell.id, way, by_script)
                assert (way.verdict == "identical") == (by_script == told["baseline"]), (cell.id, way, by_script)
                words.setdefault(way.way, set()).add(way.verdict)
    assert set(words) >= {"custom-objects", "config", "h5", "keras", "tf-keras", "tfsm-layer", "saved-model"}
    assert "identical" in words["tf-keras"] | words["custom-objects"]


def test_what_is_left_out_is_said(report: Report) -> None:
    """So that its user can write the class."""
    worked = [(cell.model, way) for cell in report.cells for way in cell.ways or () if way.verdict != "failed"]
    used = {f"{model} {way.way}": way.used for model, way in worked}
    assert "`DepthwiseConv2D`: a subclass without `groups=1`" in used["depthwise-h5 custom-objects"]
    assert "the class `Model` of the module `keras` for `Functional`" in used["timed-keras config"]
    assert "`LSTM`: a subclass without `time_major=False`" in used["timed-h5 custom-objects"]
