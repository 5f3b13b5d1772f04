"""Temporary folders go with the process that has them, and those of a killed one with the next run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tfmatrix.runner.observing import observe
from tfmatrix.runner.temporary import HeldFolder, remove_left

from .test_observing import FakePlan, all_trials

HOLDER = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from tfmatrix.runner.temporary import HeldFolder
held = HeldFolder("probe")
(held.path / "home").mkdir()
(held.path / "home" / "file").touch()
print(held.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that temporary ones are made in."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def test_a_folder_that_is_held_stays_and_one_of_a_killed_process_goes(folder: Path) -> None:
    """What another run has is left alone; once that was killed, the next one removes it."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        path = Path(holder.stdout.readline().strip())
        remove_left()
        assert (path / "home" / "file").exists()
        holder.kill()
    remove_left()
    assert list(folder.iterdir()) == []


def test_a_folder_is_removed_once_it_is_let_go(folder: Path) -> None:
    """Let go, and when nobody has it any more, a folder is gone with all in it."""
    for let_go in (HeldFolder.__getattribute__, None):
        held = HeldFolder("start")
        (held.path / "more").mkdir()
        (held.path / "file").touch()
        if let_go:
            held.let_go()
        del held
        assert list(folder.iterdir()) == []


def test_what_is_no_folder_of_ours_is_left_alone(folder: Path) -> None:
    """A folder of such a name without the file by which one is known may be anybody's."""
    (folder / "tfmatrix-mine").mkdir()
    (folder / "tfmatrix-mine" / "held.new").touch()
    remove_left()
    assert (folder / "tfmatrix-mine" / "held.new").exists()


def test_what_could_not_be_removed_is_known_to_the_next_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is dying may still write: what is left then is removed another time."""

    def fails(path: Path) -> None:
        raise OSError("not empty")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", fails)
        held = HeldFolder("probe")
        (held.path / "home").mkdir()
        held.let_go()
        assert (held.path / "home").exists()
    remove_left()
    assert list(folder.iterdir()) == []


def test_a_run_removes_what_killed_ones_left_and_leaves_nothing(fake_plan: FakePlan, folder: Path) -> None:
    """At its start a run removes what is left of others; at its end nothing is left of it, its trials' folders too."""
    held = HeldFolder("start")
    left = folder / "tfmatrix-probe-left"
    left.mkdir()
    (left / "held").touch()
    plan = fake_plan(["healthy"], versions=["2.15.1"])
    for _ in observe(all_trials(plan), plan.config):
        pass
    assert list(folder.iterdir()) == [held.path]
