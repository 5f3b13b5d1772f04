"""The gate on real releases: each environment run by itself, merged, checked, accepted, pinned, and held to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tfmatrix.records import InstalledEnvironment

from .project import ROOT, Project

pytestmark = pytest.mark.integration

BASELINE, CANDIDATE = "2.15.1", "2.21.0"
MODELS = [ROOT / "reference_models" / f"{name}.py" for name in ("keras_mlp", "linear")]
REQUIREMENTS = "# what we run\ntensorflow-cpu==2.15.1  # the newest that we looked at\nrequests>=2\n"
KERAS = f"{CANDIDATE}/keras_mlp"


def small_project(folder: Path) -> Project:
    """Return a project that asks for no more trials than each role needs."""
    project = Project(folder, [BASELINE, CANDIDATE], MODELS)
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("trials = 2\njitters = 1\n")
    (folder / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]) -> Project:
    """Return a project with the merged stores of two jobs that ran one environment each, and what both ask for."""
    folder = tmp_path_factory.mktemp("gate")
    whole = small_project(folder / "whole")
    for version in (BASELINE, CANDIDATE):
        made_environment(version)
        job = small_project(folder / version)
        ran = job.run("run", "--versions", version, "--baseline", version)
        assert ran.returncode == 2, ran.stderr  # nothing was compared
        assert "nothing was compared" in ran.stderr
        assert whole.run("check", CANDIDATE).returncode == 2
        assert whole.run("merge", str(job.folder / ".tfmatrix" / "store.sqlite")).returncode == 0
    # What a comparison asks for besides, such as a run from the baseline's start, no job alone could know of.
    assert whole.run("check", CANDIDATE).returncode == 2
    ran = whole.run("run")
    assert ran.returncode == 0, ran.stderr
    assert " stored already" in ran.stderr
    return whole


def prefer(project: Project, preset: str) -> None:
    """Choose a preset."""
    path = project.folder / "pyproject.toml"
    text = path.read_text(encoding="utf-8").partition("[tool.tfmatrix.policy]")[0]
    path.write_text(f'{text}[tool.tfmatrix.policy]\npreset = "{preset}"\n', encoding="utf-8")


def read_report(project: Project) -> str:
    """Make the report, and return the id at its head."""
    assert project.run("report", "-q").returncode == 0
    found = re.search(r"Report `([0-9a-f]{8})`", project.report)
    assert found
    return found[1]


@pytest.mark.parametrize("preset", ["bitwise", "rounding", "redraw"])
def test_the_exit_code_is_what_the_verdicts_demand(project: Project, preset: str) -> None:
    """Keras's order of rows, the same in each epoch, and a model that is gone fail under each preset."""
    prefer(project, preset)
    said = project.run("check", CANDIDATE)
    assert said.returncode == 1, said.stderr
    assert f"fail, gone: {KERAS}/v1" in said.stdout
    assert f"fail, different: {KERAS}/tf2 native/shuffle" in said.stdout
    assert project.run("check", BASELINE).returncode == 2


def test_what_is_accepted_is_pinned_and_held_to(project: Project) -> None:
    """A pin is refused, then made when what fails was accepted, and ends when a model's file is edited."""
    prefer(project, "rounding")
    id_ = read_report(project)
    assert project.run("pin", CANDIDATE, "--report", id_).returncode == 1
    word = ("--reason", "looked at it", "--by", "A. Reviewer", "--expires", "2199-01-01", "--write")
    assert "is no last day" in project.run("accept", CANDIDATE, "--cell", "keras_mlp/v1", *word).stderr
    _accept(project)
    assert (project.folder / "requirements.txt").read_text(encoding="utf-8") == REQUIREMENTS
    pinned = project.run("pin", CANDIDATE, "--report", id_)
    assert pinned.returncode == 0, pinned.stdout + pinned.stderr
    text = (project.folder / "requirements.txt").read_text(encoding="utf-8")
    assert text == REQUIREMENTS.replace(BASELINE, CANDIDATE)
    assert project.run("check", "--pinned").returncode == 0
    with (project.models / "linear.py").open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    said = project.run("check", "--pinned")
    assert said.returncode == 2
    assert f"{CANDIDATE}/linear/tf2, {CANDIDATE}/linear/v1" in said.stdout
    assert "stale: run before the model changed" in said.stdout


def _accept(project: Project) -> None:
    """Accept what fails as two records: one of a stage, and one of a whole cell."""
    last = str(datetime.now(timezone.utc).date() + timedelta(days=300))
    word = ("--reason", "looked at it", "--by", "A. Reviewer", "--expires", last, "--write")
    for arguments in (["--cell", "keras_mlp/v1"], ["--cell", "keras_mlp/tf2", "--stage", "shuffle"]):
        said = project.run("accept", CANDIDATE, *arguments, *word)
        assert said.returncode == 0, said.stderr
    said = project.run("check", CANDIDATE)
    assert said.returncode == 0, said.stdout
