"""What all tests share: environments with a real TensorFlow, made by nox where they are missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from stub_index import write_index
from tfmatrix.environments import catalogue, interpreters, making
from tfmatrix.errors import Unavailable
from tfmatrix.records import Environment, InstalledEnvironment
from tfmatrix.runner import making as runner_making

ROOT = Path(__file__).parents[1]

# Half of Hypothesis's own examples, since all of these tests take a minute; and a slow machine fails none.
settings.register_profile("tests", max_examples=50, deadline=None)
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _no_environment_is_made(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every test that needs no real release be refused what it would make."""
    if not request.node.get_closest_marker("integration"):
        monkeypatch.setattr(runner_making, "SESSIONS", Path(__file__).with_name("refusing.py"))


@pytest.fixture(scope="session")
def stub_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Have uv resolve from an index of the tests' own, and keep what it read of it for itself; return its address."""
    folder = tmp_path_factory.mktemp("index")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_CACHE_DIR", str(tmp_path_factory.mktemp("uv-cache")))
        yield write_index(folder)


@pytest.fixture
def _from_stub_index(stub_index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every resolution of a test be made from the tests' own index."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", stub_index)


@pytest.fixture(scope="session")
def made_environment() -> Callable[..., InstalledEnvironment]:
    """Return a function of a version, and a Python where it is not 3.10, that returns its environment."""

    def made(version: str, python: str = "3.10") -> InstalledEnvironment:
        wanted = catalogue.parse_environment(version, distribution="tensorflow-cpu", python=python)
        if python != "3.10":  # which the matrix needs as well
            _require_python(python)
        return _found(wanted) or _make(wanted)

    return made


def _require_python(python: str) -> None:
    try:
        interpreters.find_interpreter(python)
    except Unavailable as error:
        pytest.skip(str(error))


def _found(wanted: Environment) -> InstalledEnvironment | None:
    return making.installed(wanted, making.folder_of(wanted, ROOT / ".nox"), [ROOT / "locks"])


def _make(wanted: Environment) -> InstalledEnvironment:
    """Make an environment as a user would, by the noxfile's session."""
    choices = {
        "TFMATRIX_VERSIONS": wanted.name,
        "TFMATRIX_PYTHON": wanted.python,
        "TFMATRIX_DISTRIBUTION": wanted.distribution,
    }
    command = [sys.executable, "-m", "nox", "-f", str(ROOT / "noxfile.py"), "-s", f"environment({wanted.name})"]
    ran = subprocess.run(command, env={**os.environ, **choices}, capture_output=True, text=True, check=False)
    found = _found(wanted)
    if found is None:
        pytest.fail(f"nox made no environment {wanted.name}:\n{ran.stderr[-2000:]}")
    return found
