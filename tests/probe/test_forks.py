"""Where a fork is not sound, or there is none: the probe says so, and trials in fresh processes are the same ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tfmatrix.records import InstalledEnvironment

from .client import Server

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def interpreter(made_environment: Callable[..., InstalledEnvironment]) -> str:
    """Return the Python of an environment."""
    return made_environment("2.15.1").interpreter


@pytest.fixture
def without_fork(tmp_path: Path) -> dict[str, str]:
    """Return variables with which a Python has no `os.fork`."""
    (tmp_path / "sitecustomize.py").write_text("import os\ndel os.fork\n", encoding="utf-8")
    return {"PYTHONPATH": str(tmp_path)}


def test_where_the_runtime_exists_already_a_fork_is_not_sound(interpreter: str, tmp_path: Path) -> None:
    """Where an import started the runtime the probe says that it cannot fork; tf2 refuses, since threads are set."""
    text = "import tensorflow\ntensorflow.constant(1.0)\n"
    (tmp_path / "starts_the_runtime.py").write_text(text, encoding="utf-8")
    variables = {"PYTHONPATH": str(tmp_path), "TFMATRIX_START": json.dumps({"imports": ["starts_the_runtime"]})}
    with Server(interpreter) as forking:
        forked = forking.ask("healthy", "v1")
    with Server(interpreter, **variables) as server:
        assert not server.description["can_fork"]
        assert server.ask("healthy", "v1", fresh=True).trace == forked.trace != {}
    with Server(interpreter, **variables) as server:
        refused = server.ask("healthy", "tf2", fresh=True)
    assert refused.outcome == "failed"
    assert "parallelism cannot be modified after initialization" in refused.message


def test_a_trial_without_any_fork_is_that_of_a_fork(interpreter: str, without_fork: dict[str, str]) -> None:
    """Where the system has no fork the probe says so, and a trial in a fresh process has the bits of a forked one."""
    with Server(interpreter) as forking:
        forked = forking.ask("healthy")
    with Server(interpreter, **without_fork) as server:
        assert not server.description["can_fork"]
        fresh = server.ask("healthy", fresh=True)
    assert fresh.outcome == "observed", fresh.message
    assert fresh.trace == forked.trace != {}


@pytest.mark.parametrize(
    ("name", "outcome", "kind"),
    [("raises", "failed", "ValueError"), ("segfaults", "crashed", "SIGSEGV"), ("hangs", "timed-out", "")],
)
def test_a_trial_without_any_fork_ends_in_its_outcome(
    interpreter: str, without_fork: dict[str, str], name: str, outcome: str, kind: str
) -> None:
    """A model that goes wrong in a process that was not forked is answered for, and its process is gone."""
    server = Server(interpreter, **without_fork)
    worker = psutil.Process(server.description["pid"])
    answer = server.ask(name, timeout=3.0 if outcome == "timed-out" else 60.0, fresh=True)
    assert (answer.outcome, answer.kind) == (outcome, kind), answer.message
    server.close()
    assert not worker.is_running()


def test_a_worker_that_was_not_forked_ends_with_its_guard(interpreter: str, without_fork: dict[str, str]) -> None:
    """Where the guard is killed, nothing is left of a probe that could not fork."""
    server = Server(interpreter, **without_fork)
    worker = psutil.Process(server.description["pid"])
    server.process.kill()
    assert server.close() != 0
    psutil.wait_procs([worker], timeout=20)
    assert not worker.is_running()
