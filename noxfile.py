"""Everything that is run in this repository: `nox -l` lists it, `nox` alone runs the matrix."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox
import nox.virtualenv

from tfmatrix.environments import catalogue, making
from tfmatrix.errors import UserError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]  # only below Python 3.11

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["matrix"]
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True  # nox's own way is to skip such a session and exit 0

ROOT = Path(__file__).parent

# [tool.tfmatrix] says which environments there are; what one run needs besides comes from two variables.
SETTINGS = (
    tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {}).get("tfmatrix", {})
)
FURTHER = [name.strip() for name in os.environ.get("TFMATRIX_VERSIONS", "").split(",") if name.strip()]
PYTHON = os.environ.get("TFMATRIX_PYTHON") or SETTINGS.get("python", "3.10")
DISTRIBUTION = SETTINGS.get("distribution", "tensorflow-cpu")
NAMES = dict.fromkeys([*catalogue.RELEASES, *SETTINGS.get("versions", []), *FURTHER])


def create_venv(folder: Path, interpreter: Path) -> None:
    """Make an empty virtual environment with nox's uv backend, whatever lies in the folder."""
    nox.virtualenv.VirtualEnv(str(folder), str(interpreter), venv_backend="uv", reuse_existing=False).create()


# No backend here: the Python is looked for when the session runs, so that a missing one fails, saying why.
@nox.session(venv_backend="none", default=False)
@nox.parametrize("name", [nox.param(name, id=name) for name in NAMES])
def environment(session: nox.Session, name: str) -> None:
    """Make the environment of one TensorFlow version from its lock file."""
    try:
        wanted = catalogue.parse_environment(name, distribution=DISTRIBUTION, python=PYTHON)
        folder = making.folder_of(wanted, session.env_dir.parent)
        made = making.make(wanted, folder=folder, lock_folders=[ROOT / "locks"], create_venv=create_venv)
    except UserError as error:
        session.error(f"{name} is unavailable: {error}")
    session.log(
        f"{name} is ready: {len(made.packages)} packages on Python {made.python_version} in {folder.name}"
    )


@nox.session(venv_backend="none")
def matrix(session: nox.Session) -> None:
    """Run what is missing of the matrix, compare, and write the report."""
    session.run(sys.executable, "-m", "tfmatrix", "run", *session.posargs)


@nox.session(venv_backend="none", default=False)
def report(session: nox.Session) -> None:
    """Write the report again from what is stored."""
    session.run(sys.executable, "-m", "tfmatrix", "report", *session.posargs)


@nox.session(default=False)
def tests(session: nox.Session) -> None:
    """Run the tests; what stands behind -- goes to pytest."""
    session.install("-e", ".", "--group", "tests")
    session.run("pytest", *session.posargs)


@nox.session(default=False)
def lint(session: nox.Session) -> None:
    """Check style, types and the direction of imports."""
    session.install("-e", ".", "--group", "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Time the matrix against the one process per trial that a script would use."""
    session.install("-e", ".")
    session.run("python", "benchmarks/run.py", *session.posargs)
