"""Everything that is run in this repository: `nox -l` lists it, `nox` alone runs the matrix."""

from __future__ import annotations

import nox

from tfmatrix import alone
from tfmatrix.questions.atlas.known import ship as ship_atlas
from tfmatrix.sessions import *  # noqa: F403  # what every project has
from tfmatrix.sessions import ROOT

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["matrix"]
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True  # nox's own way is to skip such a session and exit 0

HOSTS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
"""The Pythons that tfmatrix itself runs on, by its classifiers."""


@nox.session(default=False)
def tests(session: nox.Session) -> None:
    """Run the tests, those without TensorFlow first, on all cores; what stands behind -- goes to pytest instead."""
    session.install("-e", ".", "--group", "tests")
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    session.run("pytest", "-m", "not integration", "--numprocesses", "auto", "--cov")
    # Two files at once on any machine: a test waits for one process half of the time, and its trials take all cores.
    session.run("pytest", "-m", "integration and not wide", "--numprocesses", "2", "--dist", "loadfile")


@nox.session(default=False)
def wide(session: nox.Session) -> None:
    """Run the tests on more releases and models than CI has time for: over an hour."""
    session.install("-e", ".", "--group", "tests")
    session.run("pytest", "-m", "wide", "--timeout", "14400", *session.posargs)


@nox.session(python=HOSTS, default=False)
@nox.parametrize("resolution", [nox.param("highest", id="newest"), nox.param("lowest-direct", id="lowest")])
def hosts(session: nox.Session, resolution: str) -> None:
    """Run the unit tests on each Python, with the newest and the lowest dependencies: `-s "hosts-3.10(lowest)"`."""
    session.install("-e", ".", "--group", "tests", "--resolution", resolution)
    session.run("pytest", "-m", "not integration", "--numprocesses", "auto", *session.posargs)


@nox.session(default=False)
def selftest(session: nox.Session) -> None:
    """Plant faults on a real release, demand that each is found, and write reports/selftest.md."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "selftest")


@nox.session(default=False)
def truth(session: nox.Session) -> None:
    """Compare tfmatrix's answers with what plain scripts measure, over all releases, and write reports/truth.md."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "truth", *session.posargs)


@nox.session(default=False)
def lists(session: nox.Session) -> None:
    """List by a plain script what changed in Keras, compare the matrix with it, and write reports/keras-changes.md."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "truth.lists")


@nox.session(default=False)
def explained(session: nox.Session) -> None:
    """Compare explanations with what plain scripts measure, and write reports/explained.md."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "truth.explained")


@nox.session(default=False)
def foreseen(session: nox.Session) -> None:
    """Compare what the atlas says of models with what explain measured: `-- 2.16.2 --since 2.15.1 --models mlp`."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "truth.foreseen", *session.posargs)


@nox.session(default=False)
def atlas_rows(session: nox.Session) -> None:
    """Run thirty random rows of the atlas at each boundary by plain scripts, and write reports/atlas-rows.md."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "truth.atlas_rows")


@nox.session(default=False)
def kernels(session: nox.Session) -> None:
    """Lay each kernel that changed in a reference model beside its row of the atlas, and write reports/kernels.md."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "truth.kernels", *session.posargs)


@nox.session(venv_backend="none", default=False)
def ship(session: nox.Session) -> None:
    """Run the atlas in every release, and have tfmatrix bring its report; what stands behind -- goes to the atlas."""
    session.run(*alone.command("tfmatrix"), "atlas", "--versions", "all", *session.posargs)
    ship_atlas(ROOT / "reports" / "atlas.json")


@nox.session(default=False)
def known(session: nox.Session) -> None:
    """Show each known change by a plain script in both releases, and write docs/known-changes.md: `-- adam` for one."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "known", *session.posargs)


@nox.session(default=False)
def soak(session: nox.Session) -> None:
    """Kill a real run a hundred times, and compare its report with an undisturbed one's."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "soak", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Mutate the files that tfmatrix reads 100,000 times, and write reports/fuzz.md: `-- --count 1000 --seed 2`."""
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
    """Measure what tfmatrix costs, all of it or the parts behind --, and write reports/bench.md."""
    session.install("-e", ".[fleet]")
    session.run("python", "-m", "benchmarks.run", *session.posargs)
