"""A project of a user's: a configuration and a folder of models, run as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tfmatrix.environments.machine import this_machine

ROOT = Path(__file__).parents[2]

PATIENCE = 900
"""Seconds that a trial has: no test is about how long one takes, and the machine may be busy with other things."""


HAS_AVX512 = "avx512_vnni" in this_machine().flags
"""Whether releases take oneDNN by themselves here, from 2.9 on."""

WITH_AVX512 = pytest.mark.skipif(not HAS_AVX512, reason="this processor has no AVX512_VNNI: releases leave oneDNN out")


def wide(*values: Any) -> list[Any]:
    """Return values of a test's parameter as ones that `nox -s wide` runs, and CI has no time for."""
    return [pytest.param(value, marks=pytest.mark.wide) for value in values]


class Project:
    """A folder with a pyproject.toml; it shares the environments of this repository, which cost minutes to make."""

    def __init__(self, folder: Path, versions: Iterable[str], models: Iterable[Path]) -> None:
        self.folder = folder
        self.models = folder / "reference_models"
        self.models.mkdir(parents=True)
        for model in models:
            shutil.copy(model, self.models)
        (folder / ".nox").symlink_to(ROOT / ".nox")
        table = ["[tool.tfmatrix]", f"versions = {json.dumps(list(versions))}", 'baseline = "2.15.1"']
        (folder / "pyproject.toml").write_text("\n".join([*table, f"timeout = {PATIENCE}", ""]), encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run tfmatrix in the project's folder, to its end."""
        return subprocess.run(
            _command(arguments), cwd=self.folder, capture_output=True, text=True, check=False, env=plain_environment()
        )

    def start(self, *arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start tfmatrix in the project's folder; its lines come through ``stderr``."""
        return subprocess.Popen(
            _command(arguments),
            cwd=self.folder,
            stderr=stderr,
            stdout=subprocess.DEVNULL,
            text=True,
            env=plain_environment(),
        )

    @property
    def report(self) -> str:
        """The Markdown report."""
        return (self.folder / "reports" / "matrix.md").read_text(encoding="utf-8")

    @property
    def data(self) -> dict[str, Any]:
        """The JSON report."""
        return self.json("matrix")

    def json(self, name: str) -> dict[str, Any]:
        """Return a JSON report by its name."""
        loaded: dict[str, Any] = json.loads((self.folder / "reports" / f"{name}.json").read_text(encoding="utf-8"))
        return loaded

    def cell(self, id_: str) -> dict[str, Any]:
        """Return a cell of the JSON report."""
        return next(cell for cell in self.data["cells"] if cell["id"] == id_)

    def verdicts(self, id_: str, tier: str) -> dict[str, str]:
        """Return the verdict of each stage of a cell in one tier."""
        return {s["stage"]: s["verdict"] for s in self.cell(id_)["stages"] if s["tier"] == tier}

    def written(self) -> dict[str, bytes]:
        """Return the bytes of every file of the report."""
        folder = self.folder / "reports"
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*"))}


def _command(arguments: Iterable[str]) -> list[str]:
    return [sys.executable, "-m", "tfmatrix", *arguments]


def plain_environment() -> dict[str, str]:
    """Return this process's variables without those that nox and tfmatrix read."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("NOX", "TFMATRIX"))}
