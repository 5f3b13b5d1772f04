"""The nox sessions of a project: its noxfile has ``from tfmatrix.sessions import *``, or names those that it wants.

The file is a noxfile itself, too: by it environments are made where a project has none, or one without these sessions.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox
import nox.virtualenv

from tfmatrix import alone, config
from tfmatrix.environments import catalogue, making
from tfmatrix.errors import UserError
from tfmatrix.questions.chosen import environment_of

__all__ = [
    "atlas",
    "bisect",
    "check",
    "environment",
    "exchange",
    "explain",
    "machines",
    "matrix",
    "pin",
    "recipes",
    "report",
]

ROOT = Path(os.environ.get("TFMATRIX_ROOT") or Path.cwd())
"""The project's folder; nox has changed to that of the noxfile."""

# [tool.tfmatrix] says which environments there are; `tfmatrix run` names those of its own options in variables.
try:
    CONFIG = config.load(ROOT).overridden(
        python=os.environ.get("TFMATRIX_PYTHON"), distribution=os.environ.get("TFMATRIX_DISTRIBUTION")
    )
except UserError as error:
    sys.exit(f"tfmatrix: {error}")
FURTHER = [name.strip() for name in os.environ.get("TFMATRIX_VERSIONS", "").split(",") if name.strip()]
NAMES = dict.fromkeys([*catalogue.RELEASES, *(name for name in CONFIG.versions if name != config.ALL), *FURTHER])


def create_venv(folder: Path, interpreter: Path) -> None:
    """Make an empty virtual environment with nox's uv backend, whatever lies in the folder."""
    nox.virtualenv.VirtualEnv(str(folder), str(interpreter), venv_backend="uv", reuse_existing=False).create()


@nox.session(venv_backend="none", default=False)
def matrix(session: nox.Session) -> None:
    """Run what is missing of the matrix, compare, and write the report."""
    session.run(*alone.command("tfmatrix"), "matrix", *session.posargs)


@nox.session(venv_backend="none", default=False)
def report(session: nox.Session) -> None:
    """Write the report again from what is stored."""
    session.run(*alone.command("tfmatrix"), "report", *session.posargs)


@nox.session(venv_backend="none", default=False)
def check(session: nox.Session) -> None:
    """Say whether a version may be pinned: `nox -s check -- 2.21.0`."""
    session.run(*alone.command("tfmatrix"), "check", *session.posargs)


@nox.session(venv_backend="none", default=False)
def pin(session: nox.Session) -> None:
    """Pin a version, by the id of the report that you read: `nox -s pin -- 2.21.0 --report 3f9c2ab1`."""
    session.run(*alone.command("tfmatrix"), "pin", *session.posargs)


@nox.session(venv_backend="none", default=False)
def exchange(session: nox.Session) -> None:
    """Write weights and models in each release, read them in each later one, and write the report."""
    session.run(*alone.command("tfmatrix"), "exchange", *session.posargs)


@nox.session(venv_backend="none", default=False)
def recipes(session: nox.Session) -> None:
    """Run every recipe for reproducible results in every version, and write reports/recipes.md."""
    session.run(*alone.command("tfmatrix"), "recipes", *session.posargs)


@nox.session(venv_backend="none", default=False)
def explain(session: nox.Session) -> None:
    """Say which package made each change and what undoes it; write reports/explain.md: `nox -s explain -- 2.21.0`."""
    session.run(*alone.command("tfmatrix"), "explain", *session.posargs)


@nox.session(venv_backend="none", default=False)
def bisect(session: nox.Session) -> None:
    """Say between which builds results change: `nox -s bisect -- 2.12.1..2.16.2 --cell keras_mlp/tf2`."""
    session.run(*alone.command("tfmatrix"), "bisect", *session.posargs)


@nox.session(venv_backend="none", default=False)
def atlas(session: nox.Session) -> None:
    """Say what changed in TensorFlow's own ops and in Keras, and write reports/atlas.md."""
    session.run(*alone.command("tfmatrix"), "atlas", *session.posargs)


@nox.session(venv_backend="none", default=False)
def machines(session: nox.Session) -> None:
    """Say what another machine class changes in one release, and write reports/machines.md."""
    session.run(*alone.command("tfmatrix"), "machines", *session.posargs)


# No backend here: the Python is looked for when the session runs, so that a missing one fails, saying why.
@nox.session(venv_backend="none", default=False)
@nox.parametrize("name", [nox.param(name, id=name) for name in NAMES])
def environment(session: nox.Session, name: str) -> None:
    """Make the environment of one TensorFlow version from its lock file."""
    try:
        wanted = environment_of(CONFIG, name)
        folder = making.folder_of(wanted, session.env_dir.parent)
        made = making.make(wanted, folder=folder, lock_folders=[ROOT / "locks"], create_venv=create_venv)
    except UserError as error:
        session.error(f"{name} is unavailable: {error}")
    session.log(f"{name} is ready: {len(made.packages)} packages on Python {made.python_version} in {folder.name}")
