"""Finding a Python that really answers."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from tfmatrix.environments import interpreters
from tfmatrix.errors import Unavailable, UserError

from .tiny import PYTHON


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hide every Python of this machine; return the only folder on PATH."""
    on_path = tmp_path / "bin"
    on_path.mkdir()
    monkeypatch.setenv("PATH", str(on_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    return on_path


def program(path: Path, text: str) -> None:
    """Write an executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_a_missing_python_is_told_with_its_mend(nothing: Path) -> None:
    """Where no Python of the version answers, the message says where it was sought and how to get one."""
    with pytest.raises(Unavailable, match=r"no Python 3\.99 was found .* `uv python install 3\.99`"):
        interpreters.find_interpreter("3.99")


@pytest.mark.parametrize("python", ["", "3", "3.10.1", "python3.10", "../3.10", "3.1*"])
def test_what_is_no_version_is_refused(python: str) -> None:
    """Only major and minor name a Python; anything else is the user's mistake."""
    with pytest.raises(UserError, match="is no Python version"):
        interpreters.find_interpreter(python)


def test_a_python_on_path_is_found(nothing: Path) -> None:
    """A Python under its own name on PATH is found, and the path is of the program itself."""
    (nothing / f"python{PYTHON}").symlink_to(sys.executable)
    assert interpreters.find_interpreter(PYTHON).is_file()


@pytest.mark.usefixtures("nothing")
def test_of_a_virtual_environment_its_own_python_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that is made from another one's Python would break when that one is removed."""
    venv.create(tmp_path / "mine", symlinks=True)
    monkeypatch.setenv("PATH", str(tmp_path / "mine" / "bin"))
    found = interpreters.find_interpreter(PYTHON)
    assert found.is_file()
    assert tmp_path not in found.parents


def test_a_shim_that_does_not_work_is_passed_over(nothing: Path, tmp_path: Path) -> None:
    """A shim of a version that is not activated fails when run; pyenv's own version is taken instead."""
    program(nothing / f"python{PYTHON}", "exit 127")
    program(
        tmp_path / "pyenv" / "versions" / f"{PYTHON}.7" / "bin" / f"python{PYTHON}",
        f'exec "{sys.executable}" "$@"',
    )
    assert os.access(interpreters.find_interpreter(PYTHON), os.X_OK)


def test_a_python_that_calls_itself_another_is_not_taken(nothing: Path) -> None:
    """What counts is the version that a program reports, not the name under which it lies."""
    (nothing / "python3.99").symlink_to(sys.executable)
    with pytest.raises(Unavailable):
        interpreters.find_interpreter("3.99")


@pytest.mark.parametrize(("implementation", "taken"), [("cpython", True), ("pypy", False), ("graalpy", False)])
def test_only_a_cpython_is_taken(nothing: Path, implementation: str, taken: bool) -> None:
    """A PyPy of the wanted version has no TensorFlow, so it is passed over as though it were no Python."""
    found = nothing / "python3.99"
    program(found, f'echo 3.99\necho {implementation}\necho "$0"')
    if taken:
        assert interpreters.find_interpreter("3.99") == found
    else:
        with pytest.raises(Unavailable):
            interpreters.find_interpreter("3.99")
