"""A project's own modules replace none of those that tfmatrix is made of."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import tfmatrix
from building import install, plan_of
from tfmatrix import alone
from tfmatrix.environments import making as environments
from tfmatrix.runner import making

NAMES = ("click", "json", "random", "psutil", "msgspec", "email", "csv", "numpy", "nox", "packaging")
"""Modules that tfmatrix, nox or what they import have, and that a project may have its own of."""

NOXFILE = """
import nox

@nox.session(venv_backend="none")
@nox.parametrize("name", [nox.param("2.15.1", id="2.15.1")])
def environment(session, name):
    import random, pathlib
    random.random()
    pathlib.Path("aside").rename({folder!r})
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with modules of such names, each of which ends what imports it, as though all were well."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("start", "told"),
    [([sys.executable, "-m", "tfmatrix"], []), (alone.command("tfmatrix"), []), (alone.command("tfmatrix"), ["."])],
    ids=["python -m", "as the sessions do", "so, with the folder in PYTHONPATH"],
)
def test_a_project_replaces_no_module_of_tfmatrixs(project: Path, start: Sequence[str], told: list[str]) -> None:
    """Whatever a project calls its modules, `tfmatrix check` in its folder says what is wrong, and is no pass."""
    paths = [*told, *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    ran = subprocess.run(
        [*start, "check", "2.16.2"], cwd=project, env=variables, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2, ran.stderr
    assert "pyproject.toml" in ran.stderr


def test_a_project_with_a_random_py_can_make_an_environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that makes an environment, nox, and the session in it import Python's own modules."""
    plan = plan_of(project, versions=["2.15.1"])
    install(plan.baseline, plan.config)
    folder = environments.folder_of(plan.baseline, project / ".nox")
    folder.rename(project / "aside")
    (project / "noxfile.py").write_text(NOXFILE.format(folder=str(folder)), encoding="utf-8")
    monkeypatch.setattr(making, "SESSIONS", project / "noxfile.py")
    assert making.Maker(plan.config).make(plan.baseline)


def test_the_version_is_known_once_it_is_asked_for() -> None:
    """The package has its version, and nothing else that it does not say."""
    assert tfmatrix.__version__
    with pytest.raises(AttributeError, match="has no attribute 'versions'"):
        _ = tfmatrix.versions  # type: ignore[attr-defined]
