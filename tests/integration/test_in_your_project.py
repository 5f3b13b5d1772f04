"""README's section for other projects: every command of it, as written, in a folder with a script and its data."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tfmatrix.environments import locks, uv

from .project import ROOT

pytestmark = pytest.mark.integration

FRESH = ROOT / "tests" / "projects" / "fresh"
ENDS = {"check": 1}
"""How a command ends, where that is not with 0: Keras 3 shuffles each epoch alike, which is another meaning."""


def commands() -> list[str]:
    """Return the commands of the section, without what is said of them."""
    section = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("## In your project\n")[2].partition("\n## ")[0]
    )
    return [line.partition("#")[0].strip() for line in re.findall(r"^\$ (.*)$", section, flags=re.MULTILINE)]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder with a script, its requirements and its data, and nothing else."""
    place = tmp_path / "mine"
    shutil.copytree(FRESH, place)
    yield place
    shutil.rmtree(place / ".nox", ignore_errors=True)  # two gigabytes


def test_the_commands_of_the_section_do_what_it_says(folder: Path, tmp_path: Path) -> None:
    """The wheel of this repository is installed, the project set up, run in two releases, and one of them checked."""
    virtual = tmp_path / "venv"
    uv.run(["venv", "--seed", "--python", sys.executable, str(virtual)], failing="no virtual environment")
    inherited = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    path = os.pathsep.join([str(virtual / "bin"), os.environ["PATH"]])
    said = {}
    for command in commands():
        words = command.replace("path/to/tfmatrix", str(ROOT))
        ran = subprocess.run(
            ["bash", "-c", words],
            cwd=folder,
            env={**inherited, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        end = next((code for word, code in ENDS.items() if f"tfmatrix {word}" in command), 0)
        assert ran.returncode == end, f"{command}\n{ran.stdout}\n{ran.stderr}"
        said[command.partition(" --")[0]] = ran.stdout
    assert "Everything is there." in said["tfmatrix doctor"]
    assert "cells         2: 2 environments, tf2, 1 model\n" in said["tfmatrix plan"]
    assert "2.16.2  not yet: another meaning" in said["tfmatrix run"]
    report = json.loads((folder / "reports" / "matrix.json").read_text(encoding="utf-8"))
    assert {cell["environment"]: cell["outcome"] for cell in report["cells"]} == dict.fromkeys(
        ("2.15.1", "2.16.2"), "observed"
    )
    for lock in (folder / "locks").iterdir():
        assert locks.read_lock(lock).requires == ("pandas>=2",)
