"""The noxfile as a user runs it; nothing is made here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfmatrix.environments import catalogue

NOXFILE = Path(__file__).parents[2] / "noxfile.py"


def nox(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run nox on the repository's noxfile."""
    command = [sys.executable, "-m", "nox", "--noxfile", str(NOXFILE), *arguments]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("NOX", "TFMATRIX"))}
    variables = {**inherited, "NO_COLOR": "1", **environment}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def test_every_release_and_every_further_version_is_a_session() -> None:
    """`nox -l` has a session of its name for each release, and for what a variable names besides."""
    listed = nox("-l", TFMATRIX_VERSIONS="2.16.2+keras-3.11.3, 2.13.0").stdout
    for name in [*catalogue.RELEASES, "2.16.2+keras-3.11.3", "2.13.0"]:
        assert f"environment({name}) -> " in listed


def test_only_the_matrix_runs_by_default() -> None:
    """Without a name, nox runs the matrix and makes no environment by itself."""
    listed = nox("-l").stdout
    assert [line.split()[1] for line in listed.splitlines() if line.startswith("* ")] == ["matrix"]


def test_a_missing_interpreter_fails_and_writes_nothing(tmp_path: Path) -> None:
    """Where the Python cannot be had, the session fails with the reason, where nox would skip it."""
    empty = tmp_path / "empty"
    empty.mkdir()
    hidden = {"PATH": str(empty), "PYENV_ROOT": str(empty), "UV_PYTHON_INSTALL_DIR": str(empty)}
    ran = nox("--envdir", str(tmp_path / "nox"), "-s", "environment(2.15.1)", **hidden)
    assert ran.returncode != 0
    assert "2.15.1 is unavailable: no Python 3.10 was found" in ran.stderr
    assert not [path for path in (tmp_path / "nox").glob("*") if path.is_dir()]


@pytest.mark.parametrize(
    ("name", "saying"),
    [("2.15.9", "no TensorFlow 2.15.9 is known"), ("2.15.1+keras-0.0.9", "cannot be locked")],
)
def test_an_environment_that_cannot_be_fails_with_the_reason(tmp_path: Path, name: str, saying: str) -> None:
    """An unknown release, or one that can't be locked, fails the session with one sentence and no traceback."""
    ran = nox("--envdir", str(tmp_path / "nox"), "-s", f"environment({name})", TFMATRIX_VERSIONS=name, UV_OFFLINE="1")
    assert ran.returncode != 0
    assert saying in ran.stderr
    assert "Traceback" not in ran.stderr
