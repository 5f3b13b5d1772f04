"""A project with packages and Pythons of its own, and a release that tfmatrix does not know, as a user runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from tfmatrix import alone
from tfmatrix.environments import interpreters, locks
from tfmatrix.errors import Unavailable

from .project import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.wide]

PROJECTS = ROOT / "tests" / "projects"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run tfmatrix in a project, as from a shell."""
    variables = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(
        [*alone.command("tfmatrix"), *words], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Yield a copy of a sample project; its environments go again, for each takes a gigabyte."""
    try:
        for python in ("3.9", "3.10", "3.12"):
            interpreters.find_interpreter(python)
    except Unavailable as error:
        pytest.skip(str(error))
    folder = tmp_path / "project"
    shutil.copytree(PROJECTS / request.param, folder)
    yield folder
    shutil.rmtree(folder / ".nox", ignore_errors=True)


def locked(folder: Path) -> Mapping[str, Mapping[str, Version]]:
    """Return what each lock of a project holds, by environment; a lock without hashes is refused here."""
    found = {}
    for path in sorted((folder / "locks").iterdir()):
        lock = locks.read_lock(path)
        assert set(locks.read_hashes(path)) == {package.name for package in lock.packages}
        found[path.stem.removeprefix("tensorflow-cpu-")] = {p.name: Version(p.version) for p in lock.packages}
    return found


def report(folder: Path) -> Any:
    """Return a project's report."""
    return json.loads((folder / "reports" / "matrix.json").read_text(encoding="utf-8"))


def cells(folder: Path) -> dict[str, Any]:
    """Return the cells of a project's report by version."""
    return {cell["environment"]: cell for cell in report(folder)["cells"]}


@pytest.mark.parametrize("project", ["own_packages"], indirect=True)
def test_packages_of_a_project_are_locked_with_each_release_that_can_have_them(project: Path) -> None:
    """Each release has the project's packages, companions that fit it, and one TensorFlow; one that can't is told."""
    ran = run(project, "run")
    found = cells(project)
    assert found.pop("2.17.1")["outcome"] == "unavailable"
    assert "2.17.1 unavailable: 2.17.1 on Python 3.10 cannot be locked: No solution found" in ran.stderr
    assert "tensorflow>=2.12 (pyproject.toml) is set aside" in ran.stderr
    assert {version: cell["outcome"] for version, cell in found.items()} == dict.fromkeys(found, "observed"), ran.stderr
    assert ran.returncode == 2
    held = locked(project)
    assert list(held) == ["2.12.1-py310", "2.15.1-py310", "2.16.2-py312", "2.21.0-py312"]
    companions = [packages["tensorflow-probability"].release[:2] for packages in held.values()]
    assert companions == [(0, 20), (0, 23), (0, 24), (0, 25)]
    for name, packages in held.items():
        assert {"pandas", "scikit-learn"} <= set(packages)
        tensorflow = {packages[each] for each in packages if each in {"tensorflow", "tensorflow-cpu"}}
        assert tensorflow == {Version(name.partition("-")[0])}
    told = (project / "reports" / "matrix.md").read_text(encoding="utf-8")
    assert "on Python 3.12, 2.15.1 on 3.10" in told
    assert run(project, "run", "-q").returncode == 2  # nothing is locked or made again, and 2.17.1 is still missed


@pytest.mark.parametrize("project", ["own_pythons"], indirect=True)
def test_each_release_runs_on_its_python_and_one_that_is_not_known_when_it_is_locked(project: Path) -> None:
    """Old releases run on Python 3.9; a release candidate is refused in one sentence until it has a lock, and runs."""
    refused = run(project, "run")
    assert refused.returncode == 2
    assert refused.stderr.startswith("tfmatrix: no TensorFlow 2.22.0rc0 is known; the nearest are 2.21.0, ")
    assert refused.stderr.count("\n") == 1
    assert run(project, "lock", "2.22.0rc0").returncode == 0
    ran = run(project, "run")
    assert {version: cell["outcome"] for version, cell in cells(project).items()} == dict.fromkeys(
        ("2.8.4", "2.15.1", "2.22.0rc0"), "observed"
    ), ran.stderr
    assert list(locked(project)) == ["2.15.1-py39", "2.22.0rc0-py312", "2.8.4-py39"]
    assert "was not tested with this release" in ran.stdout
    # A Keras that came after this tfmatrix is seen as any other: what it does differs, and can be told.
    candidates = {one["environment"]: one for one in report(project)["candidates"]}
    verdicts = [change["verdict"] for change in candidates["2.22.0rc0"]["first_changes"]]
    assert verdicts
    assert "not comparable" not in verdicts
