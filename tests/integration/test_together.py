"""Two runs on one store: they take turns, and no trial is run twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tfmatrix.records import InstalledEnvironment

from .project import ROOT, Project

pytestmark = pytest.mark.integration

VERSIONS = ("2.9.3", "2.15.1")


def test_two_runs_at_once_do_each_trial_once(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment]
) -> None:
    """Started together, one waits for the other and says so, finds nothing left to run, and both end well."""
    for version in VERSIONS:
        made_environment(version)
    project = Project(tmp_path / "twice", VERSIONS, [ROOT / "reference_models" / "linear.py"])
    running = [project.start("run"), project.start("run")]
    told = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    numbers = re.findall(r"^(\d+) of (\d+) trials to run", "\n".join(told), re.MULTILINE)
    (total,) = {total for _, total in numbers}
    assert sorted(left for left, _ in numbers) == ["0", total]
    assert sum("another run uses this store; waiting for it to end" in text for text in told) == 1
    assert project.run("check-store").returncode == 0
