"""Finding a Python of one minor version: on PATH, among pyenv's versions, and through uv."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from packaging.version import InvalidVersion, Version

from tfmatrix.environments import uv
from tfmatrix.errors import Unavailable, UserError

# python-discovery does not see pyenv's versions unless they are activated, and `uv python find` stops at the
# first shim of a version that is not: so every candidate is run, and one that does not answer is passed over.
_ASK = (
    "import os, sys; print('%d.%d' % sys.version_info[:2]); print(sys.implementation.name); "
    "print(sys.executable if sys.prefix == sys.base_prefix"
    " else os.path.join(sys.base_prefix, 'bin', 'python%d.%d' % sys.version_info[:2]))"
)
"""What a candidate is asked. One of a virtual environment tells of the Python that it was made from: an environment is
not to break with another one. (`sys._base_executable` says that from 3.11 on only.)"""
PYTHONS = tuple(f"3.{minor}" for minor in range(7, 15))
"""The Pythons that some release runs on, or will."""

_PATIENCE = 20.0  # seconds; a cold start from a slow disk takes a few


def find_interpreter(python: str) -> Path:
    """Return the path of a CPython of the version ``python``, such as ``3.10``, that has answered just now.

    Raises ``UserError`` for an ill-formed version and ``Unavailable`` where none is found.
    """
    if not re.fullmatch(r"[0-9]+\.[0-9]+", python):
        raise UserError(f"{python!r} is no Python version; write major and minor, such as 3.10.")
    tried: set[str] = set()
    for candidate in _candidates(python):
        if str(candidate) not in tried:
            tried.add(str(candidate))
            if found := _answer(candidate, python):
                return found
    raise Unavailable(
        f"no Python {python} was found on PATH, among pyenv's versions or by uv; "
        f"install one, for example with `uv python install {python}` or `pyenv install {python}`."
    )


def _candidates(python: str) -> Iterator[Path]:
    """Yield paths that may be the wanted Python, the user's own choice first."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and (found := shutil.which(f"python{python}", path=folder)):
            yield Path(found)
    yield from _pyenv(python)
    if found := shutil.which("python3"):
        yield Path(found)
    yield from _uv(python)


def _pyenv(python: str) -> list[Path]:
    """Return the interpreters of pyenv's versions of one minor, newest patch first."""

    def patch(path: Path) -> Version:
        try:
            return Version(path.parent.parent.name)
        except InvalidVersion:  # a virtual environment that lies among the versions
            return Version("0")

    found = (path for root in _pyenv_roots() for path in root.glob(f"versions/{python}*/bin/python{python}"))
    return sorted(found, key=patch, reverse=True)


def _pyenv_roots() -> dict[Path, None]:
    """Return where pyenv is: as its variable says, else as a PATH made for it tells, and where it is mostly."""
    if told := os.environ.get("PYENV_ROOT"):
        return {Path(told): None}
    folders = map(Path, os.environ.get("PATH", "").split(os.pathsep))
    return dict.fromkeys([*(f.parent for f in folders if f.name == "shims"), Path.home() / ".pyenv"])


def _uv(python: str) -> Iterator[Path]:
    """Yield the interpreter that uv manages, if any; uv's own search of PATH is not wanted here."""
    # Without --system an activated virtual environment comes first, whoever manages its Python.
    command = [uv.program(), "python", "find", "--system", "--managed-python", "--no-python-downloads", python]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode == 0 and answer.stdout.strip():
        yield Path(answer.stdout.strip())


def _answer(candidate: Path, python: str) -> Path | None:
    """Run a candidate and return its own idea of where it is, or None where it is another Python or none."""
    try:
        answer = subprocess.run(
            [candidate, "-I", "-c", _ASK], capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = answer.stdout.splitlines()
    if answer.returncode or len(lines) != 3 or lines[:2] != [python, "cpython"]:
        return None
    return Path(lines[2]) if Path(lines[2]).is_file() else candidate
