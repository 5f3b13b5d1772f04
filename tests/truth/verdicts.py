"""What tfmatrix says of the same things, each release against the one before it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tfmatrix.compare.verdicts import Verdict

MODE = "tf2"
SETTINGS = {"trials": 2, "jitters": 3}


class Answer(NamedTuple):
    """A verdict, and the stages that it was given for."""

    verdict: Verdict
    stages: tuple[str, ...] = ()


def make_project(folder: Path, root: Path, things: Path, *, baseline: str) -> None:
    """Make a project of a user's, of which each thing is a model."""
    models = folder / "reference_models"
    shutil.rmtree(models, ignore_errors=True)
    shutil.rmtree(folder / "scripts", ignore_errors=True)
    models.mkdir(parents=True)
    for path in things.glob("*.py"):
        shutil.copy(path, models)
    shutil.copytree(things / "scripts", folder / "scripts")
    if not (folder / ".nox").exists():
        (folder / ".nox").symlink_to(root / ".nox")
    table = {"versions": ["all"], "baseline": baseline, "modes": [MODE], **SETTINGS}
    lines = ["[tool.tfmatrix]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    for path in sorted((things / "scripts").glob("*.py")):
        lines += [f"[tool.tfmatrix.models.{path.stem}]", f'command = ["python", "scripts/{path.name}"]']
    (folder / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def ask(folder: Path, arguments: Sequence[str]) -> None:
    """Run what is missing of the project's matrix, and have its report written."""
    command = [sys.executable, "-m", "tfmatrix", "matrix", *arguments]
    subprocess.run(command, cwd=folder, check=False)  # the report says what failed


def answers(folder: Path, things: Iterable[str]) -> dict[tuple[str, str, str], Answer]:
    """Return the answer for each thing at each boundary of the report's: by the thing, and the two releases."""
    report = json.loads((folder / "reports" / "matrix.json").read_text(encoding="utf-8"))
    return {
        (thing, step["from"], step["to"]): _answer(step, f"{thing}/{MODE}")
        for step in report["steps"]
        for thing in list(things)
    }


def _answer(step: Mapping[str, Any], cell: str) -> Answer:
    """Return the worst that a step says of a cell; what it does not name is identical."""
    changed = [one for one in step["changed"] if cell in one["cells"]]
    if not changed:
        return Answer(Verdict.IDENTICAL)
    worst = min((Verdict(one["verdict"]) for one in changed), key=lambda verdict: verdict.severity)
    named = [f"{one['tier']} {one['stage']}".strip() for one in changed if one["verdict"] == worst.value]
    return Answer(worst, tuple(dict.fromkeys(named)))
