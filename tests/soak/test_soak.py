"""A short version of the soak test; `nox -s soak` kills a hundred times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tfmatrix.records import InstalledEnvironment

from .killing import VERSIONS, Soak


@pytest.mark.integration
@pytest.mark.wide
def test_a_run_that_is_killed_gives_the_undisturbed_report(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment]
) -> None:
    """Killed at random points, and run again, a matrix has the report of one that was left alone, byte for byte."""
    for version in VERSIONS:
        made_environment(version)
    soak = Soak(tmp_path / "project", seed=0)
    soak.go_on(3)
    assert soak.reports
