"""The main job where something is wrong with a model, an environment, or the run itself."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import psutil
import pytest

from tfmatrix.records import InstalledEnvironment

from .project import ROOT, Project

pytestmark = pytest.mark.integration

LINEAR = ROOT / "reference_models" / "linear.py"

UNSTABLE = '''"""unstable: draws from the system's entropy, which no seed reaches."""

import os

import tensorflow as tf


def draws():
    return {"x": tf.constant(list(os.urandom(8)))}
'''

MISSPELT = '''"""misspelt: a syntax error in line 5."""

import tensorflow as tf

def draws()
    return {"x": tf.zeros([1])}
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]) -> Project:
    """Return a project with one healthy model, two sick ones, and an environment that cannot be had."""
    for version in ("2.9.3", "2.15.1"):
        made_environment(version)
    folder = tmp_path_factory.mktemp("trouble") / "project"
    project = Project(folder, ("2.9.3", "2.15.1", "2.15.1+keras-9.9.9"), [LINEAR])
    (project.models / "unstable.py").write_text(UNSTABLE, encoding="utf-8")
    (project.models / "misspelt.py").write_text(MISSPELT, encoding="utf-8")
    ran = project.run("run")
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    (project.folder / "said").write_text(ran.stderr, encoding="utf-8")
    return project


def test_a_healthy_model_is_compared_whatever_else_is_wrong(project: Project) -> None:
    """Trouble with other models and environments takes nothing from a cell that could be observed."""
    assert project.cell("2.9.3/linear/tf2")["verdict"] == "identical"


def test_a_model_that_does_not_repeat_itself_is_compared_with_nothing(project: Project) -> None:
    """A run-to-run difference is shown as one, with the stage where the trials part, and never as a version's."""
    cell = project.cell("2.9.3/unstable/tf2")
    assert (cell["outcome"], cell["verdict"], cell["letter"]) == ("unstable", "unstable", "")
    assert cell["stages"] == []
    assert "differ at native draw/x" in cell["reason"]
    assert "do not repeat themselves within one release" in project.report


def test_a_broken_model_file_gets_one_error_that_names_the_line(project: Project) -> None:
    """A syntax error is one line on the terminal, with the file, its line and Python's words."""
    said = (project.folder / "said").read_text(encoding="utf-8")
    told = [line for line in said.splitlines() if line.startswith("tfmatrix: misspelt failed")]
    assert len(told) == 1
    assert "misspelt.py, line 5: SyntaxError: expected ':'" in told[0]


def test_an_environment_that_cannot_be_had_says_why(project: Project) -> None:
    """A lock that cannot be made leaves its cells unavailable, names what no index has, and counts as no pass."""
    cell = project.cell("2.15.1+keras-9.9.9/linear/tf2")
    assert (cell["outcome"], cell["verdict"]) == ("unavailable", "failed")
    assert "there is no version of keras==9.9.9" in cell["reason"]
    assert cell["reason"].replace("`", "") in project.report.replace("`", "").replace("\\", "")


STOPS = '''"""stops: in 2.9.3 it never ends, unless a file says that it may, which the key does not cover."""

import os
import signal

import tensorflow as tf


def draws():
    if tf.__version__ == "2.9.3" and not os.path.exists(os.path.join({folder!r}, "per" + "mit")):
        signal.pause()
    return {{"x": tf.zeros([1])}}
'''


def kept(project: Project) -> dict[str, tuple[str, str]]:
    """Return the outcome and the evidence, seconds included, of every trial in a project's own store, by key."""
    with closing(sqlite3.connect(project.folder / ".tfmatrix" / "store.sqlite")) as store:
        trials = store.execute("SELECT key, outcome, evidence FROM trials").fetchall()
    return {key: (outcome, evidence) for key, outcome, evidence in trials}


@pytest.mark.timeout(600)  # what it waits for is a line of a run that does not end by itself
def test_a_killed_run_leaves_no_process_and_the_next_one_goes_on(project: Project) -> None:
    """After kill -9 in the middle nothing of the run lives on, what was finished is not run again, and all is whole."""
    permit = project.folder / "permit"
    (project.models / "stops.py").write_text(STOPS.format(folder=str(project.folder)), encoding="utf-8")
    chosen = ("--models", "linear,stops", "--versions", "2.9.3", "--seed", "7")
    arguments = (*chosen, "--reports", "killed", "--timeout", "1000")
    before = kept(project)
    running = project.start("run", *arguments)
    assert running.stderr is not None
    try:
        next(line for line in running.stderr if re.match(r"2\.15\.1: \d+ trials done", line))  # 2.9.3 never gets as far
        children = psutil.Process(running.pid).children(recursive=True)
    finally:
        running.kill()
        running.wait()
        running.stderr.close()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    finished = {key: told for key, told in kept(project).items() if key not in before}
    assert {outcome for outcome, _ in finished.values()} == {"observed"}
    assert project.run("check-store").returncode == 0
    permit.touch()
    again = project.run("run", *arguments)
    assert again.returncode == 0, again.stderr
    assert (project.folder / "killed" / "matrix.md").is_file()
    left, total, stored = map(int, re.findall(r"\d+", again.stderr.splitlines()[0]))
    assert 0 < left < total
    assert (total - left, stored) == (len(finished), len(finished))
    assert finished.items() <= kept(project).items()
    assert f"0 of {total} trials to run" in project.run("run", *arguments).stderr
