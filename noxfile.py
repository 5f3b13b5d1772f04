"""Everything that is run in this repository: `nox -l` lists it, `nox` alone runs the matrix."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox
import nox.virtualenv

from tfmatrix import alone, config
from tfmatrix.environments import catalogue, making
from tfmatrix.errors import UserError

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["matrix"]
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True  # nox's own way is to skip such a session and exit 0

ROOT = Path(__file__).parent

# [tool.tfmatrix] says which environments there are; `tfmatrix run` names those of its own options in variables.
try:
    CONFIG = config.load(ROOT)
except UserError as error:
    sys.exit(f"tfmatrix: {error}")
PYTHON = os.environ.get("TFMATRIX_PYTHON", CONFIG.python)
DISTRIBUTION = os.environ.get("TFMATRIX_DISTRIBUTION", CONFIG.distribution)
FURTHER = [name.strip() for name in os.environ.get("TFMATRIX_VERSIONS", "").split(",") if name.strip()]
NAMES = dict.fromkeys([*catalogue.RELEASES, *(name for name in CONFIG.versions if name != config.ALL), *FURTHER])


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
    session.log(f"{name} is ready: {len(made.packages)} packages on Python {made.python_version} in {folder.name}")


@nox.session(venv_backend="none")
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
    """Pin a version on a report that was read: `nox -s pin -- 2.21.0 --report 3f9c2ab1`."""
    session.run(*alone.command("tfmatrix"), "pin", *session.posargs)


@nox.session(venv_backend="none", default=False)
def exchange(session: nox.Session) -> None:
    """Write weights and models in each release, read them in each later one, and write the report."""
    session.run(*alone.command("tfmatrix"), "exchange", *session.posargs)


@nox.session(venv_backend="none", default=False)
def recipes(session: nox.Session) -> None:
    """Run every recipe for reproducible results in every version, and write reports/recipes.md."""
    session.run(*alone.command("tfmatrix"), "recipes", *session.posargs)


@nox.session(default=False)
def tests(session: nox.Session) -> None:
    """Run the tests, those without TensorFlow first, on all cores; what stands behind -- goes to pytest instead."""
    session.install("-e", ".", "--group", "tests")
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    session.run("pytest", "-m", "not integration", "--numprocesses", "auto", "--cov")
    session.run("pytest", "-m", "integration")  # one after another: each has the machine's cores and memory


@nox.session(default=False)
def selftest(session: nox.Session) -> None:
    """Plant faults on a real release, demand that each is found, and write reports/selftest.md."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "selftest")


@nox.session(default=False)
def truth(session: nox.Session) -> None:
    """Hold tfmatrix's answers against what plain scripts measure, over all releases, and write reports/truth.md."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "truth", *session.posargs)


@nox.session(default=False)
def soak(session: nox.Session) -> None:
    """Kill a real run a hundred times, and compare its report with an undisturbed one's."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "soak", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Mutate 100,000 times what tfmatrix reads, and write what became of it: `-- --count 1000 --seed 2`."""
    session.install("-e", ".", "--group", "tests")
    session.chdir("tests")
    session.run("python", "-m", "fuzz", *session.posargs)
    if not session.posargs:
        session.run("pytest", "fuzz/test_attacker.py", "--timeout", "0", env={"TFMATRIX_ATTACKS": "5000"})


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Put small faults into a copy of the code, and write which the unit tests miss: `-- --sample 50 --seed 1`."""
    session.install("-e", ".", "--group", "mutants")
    session.run("pytest", "tests/mutants")
    session.chdir("tests")
    session.run("python", "-m", "mutants", *session.posargs)


@nox.session(default=False)
def lint(session: nox.Session) -> None:
    """Check style, types and the direction of imports."""
    session.install("-e", ".", "--group", "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("mypy", "--allow-untyped-defs", "--allow-untyped-calls", "reference_models")
    session.run("lint-imports")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure what tfmatrix costs, and write reports/bench.md."""
    session.install("-e", ".")
    session.run("python", "-m", "benchmarks.run")
