"""Changes of known builds, found again by a bisect, and measured by plain scripts that know nothing of tfmatrix.

`boundaries/boundaries.toml` says what is asked, and what was found. No digest stands there: it belongs to a processor.
"""

from __future__ import annotations

import logging
import subprocess
import time
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tfmatrix.config import load
from tfmatrix.environments import catalogue, interpreters, locks, making, offered, uv
from tfmatrix.questions.chosen import nameable_environment
from tfmatrix.reading import toml_of
from tfmatrix.records import Environment

from .project import ROOT, Project, plain_environment, wide

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).with_name("boundaries")
BISECTS = toml_of(FOLDER / "boundaries.toml")["bisects"]

SAID = logging.getLogger(__name__)
"""What a run says of itself, with ``--log-cli-level=INFO``: builds, seconds, and what the plain scripts printed."""

HOW = ("--trials", "1", "--jobs", "1", "--keep", "3")
"""One import serves all cells of a build; and no more than three environments are there at once, of 1.2 GB each."""


def model_of(name: str) -> Path:
    """Return the file of a model."""
    own = FOLDER / "models" / f"{name}.py"
    return own if own.is_file() else ROOT / "reference_models" / own.name


def environment_of(project: Project, name: str) -> Environment:
    """Return the environment of a build."""
    return nameable_environment(load(project.folder), name)


def lock_end(project: Project, name: str) -> None:
    """Lock a build that tfmatrix does not know by itself; a nightly build goes from the index after some months."""
    environment = environment_of(project, name)
    if not catalogue.release(environment.tensorflow).known:
        if environment.tensorflow not in offered.versions_of(environment.distribution, project.folder):
            pytest.skip(f"the package index no longer has {environment.distribution} {environment.tensorflow}")
        assert project.run("lock", name).returncode == 0


def python_of(project: Project, name: str) -> Path:
    """Return the Python of a build's environment: of the one that is there, else of one that uv makes from its lock."""
    environment = environment_of(project, name)
    folder = making.folder_of(environment, project.folder / ".nox")
    if not making.is_there(folder):
        folder = project.folder / "plain" / folder.name
        python = str(folder / "bin" / "python")
        lock = str(locks.find_lock(environment, [project.folder / "locks"]))
        interpreter = str(interpreters.find_interpreter(environment.python))
        uv.run(["venv", "--quiet", "--python", interpreter, str(folder)], failing="no environment")
        told = ["pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python", python, "-r", lock]
        uv.run(told, failing=f"{name} cannot be installed")
    return folder / "bin" / "python"


def run_plain(python: Path, script: str) -> str:
    """Return what a plain script prints; it has to end well."""
    ran = subprocess.run(
        [str(python), "-I", "-B", str(FOLDER / "plain" / f"{script}.py")],
        capture_output=True,
        text=True,
        env=plain_environment(),
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout.strip()


@pytest.mark.parametrize("asked", wide(*BISECTS), ids=[one["name"] for one in BISECTS])
def test_a_boundary_is_where_it_was_found(asked: dict[str, Any], tmp_path: Path) -> None:
    """A bisect names the two builds; what a plain script gives changes there too, and nowhere beside it."""
    cells = [one["cell"] for one in asked["boundaries"]]
    models = [cell.partition("/")[0] for cell in cells]
    project = Project(tmp_path / "project", ["2.18.1"], map(model_of, models))
    first, last = asked["between"].split("..")
    lock_end(project, first)
    lock_end(project, last)
    begun = time.monotonic()
    named = [word for cell in cells for word in ("--cell", cell)]
    ran = project.run("bisect", asked["between"], *named, *asked["options"], *HOW)
    seconds = time.monotonic() - begun
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = project.json("bisect")
    SAID.info("%s of %s builds in %.0f s", len(report["environments"]), len(report["builds"]), seconds)

    python = cache(lambda name: python_of(project, name))
    found = {}
    for cell, model, told in zip(cells, models, report["cells"], strict=True):
        found[cell] = [(one["before"], one["after"]) for one in told["boundaries"]]
        letters = {one["build"]: one["letter"] for one in told["results"] if one["letter"]}
        run = list(letters)
        for before, after in found[cell]:
            near = run[max(0, run.index(before) - 1) : run.index(after) + 2]
            plain = {name: run_plain(python(name), model) for name in near}
            SAID.info("%s: %s", cell, [f"{name} {letters[name]}: {plain[name]}" for name in near])
            for one, other in pairwise(near):
                assert (plain[one] == plain[other]) == (letters[one] == letters[other]), (one, other)
    assert found == {one["cell"]: [(one["before"], one["after"])] for one in asked["boundaries"]}
