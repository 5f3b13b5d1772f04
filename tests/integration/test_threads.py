"""Threads within a trial: as many as its launch says, by every way in which TensorFlow and NumPy are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tfmatrix.records import InstalledEnvironment

from .project import Project

pytestmark = pytest.mark.integration

MODEL = '''"""counts_threads: prints how many threads it was given, within and between operations, and by what."""

import gc
import os

import tensorflow as tf

VARIABLES = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTEROP_THREADS")


def draws():
    if tf.executing_eagerly():
        told = tf.config.threading
        counts = told.get_intra_op_parallelism_threads(), told.get_inter_op_parallelism_threads()
    else:
        (session,) = [found for found in gc.get_objects() if type(found) is tf.compat.v1.Session]
        told = session._config
        counts = told.intra_op_parallelism_threads, told.inter_op_parallelism_threads
    print("threads:", *counts, *[os.environ[name] for name in VARIABLES])
    return {"x": tf.zeros([1])}
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]) -> Project:
    """Return a project with a launch of thread counts that no default has."""
    made_environment("2.15.1")
    project = Project(tmp_path_factory.mktemp("threads") / "project", ["2.15.1"], [])
    (project.models / "counts_threads.py").write_text(MODEL, encoding="utf-8")
    with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as table:
        table.write("[tool.tfmatrix.launches.wide]\nintra_op = 3\ninter_op = 5\n")
    return project


@pytest.mark.parametrize("jobs", ["1", "8"])
@pytest.mark.parametrize("mode", ["tf2", "v1"])
def test_a_trial_has_the_threads_of_its_launch_however_many_run_at_once(project: Project, mode: str, jobs: str) -> None:
    """Configured threads are what a model finds in TensorFlow's settings and variables, with one job and with eight."""
    ran = project.run("run", "--cell", f"2.15.1/counts_threads/{mode}/wide", "--jobs", jobs)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "threads: 3 5 3 3 5" in ran.stdout.splitlines()
