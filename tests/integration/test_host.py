"""Models that go for what observes them, by accident or not: each ends its own trials, and no other one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tfmatrix.records import InstalledEnvironment

from .project import ROOT, Project

pytestmark = pytest.mark.integration

MODELS = ROOT / "tests" / "models"

ENDS = {
    "forges_an_answer": "its answer is not valid (",
    "kills_its_parents": "the probe died: ",
    "replaces_sha256": "its answer is not valid (the bytes of a tensor",
    "writes_to_its_parents": "the probe died: what it wrote is no answer",
}
"""What is told of each model that has no result."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]) -> Project:
    """Return a project that was run, with such models and a healthy one, which comes in between and last."""
    made_environment("2.15.1")
    models = [*sorted((MODELS / "host").glob("*.py")), MODELS / "healthy.py"]
    project = Project(tmp_path_factory.mktemp("host") / "project", ("2.15.1",), models)
    (project.models / "zz.py").write_text((MODELS / "healthy.py").read_text(encoding="utf-8"), encoding="utf-8")
    ran = project.run("run", "--modes", "tf2")
    (project.folder / "said").write_text(ran.stderr, encoding="utf-8")
    assert ran.returncode == 2
    return project


def test_every_such_model_is_known() -> None:
    """Each file of the folder has its end in the table."""
    assert {path.stem for path in (MODELS / "host").glob("*.py")} == set(ENDS)


@pytest.mark.parametrize("name", sorted(ENDS))
def test_a_model_that_goes_for_what_observes_it_ends_its_own_trials(project: Project, name: str) -> None:
    """Its cell has crashed with a sentence, and the run goes on to its end."""
    cell = project.cell(f"2.15.1/{name}/tf2")
    assert cell["outcome"] == "crashed"
    assert ENDS[name] in cell["reason"]
    assert "Traceback" not in (project.folder / "said").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["healthy", "zz"])
def test_every_other_model_is_observed(project: Project, name: str) -> None:
    """Models before and behind are observed as though nothing had been."""
    assert project.cell(f"2.15.1/{name}/tf2")["outcome"] == "observed"
