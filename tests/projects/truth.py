"""Run every project plainly in every release, and write what came of it into ``truth.json``.

``python tests/projects/truth.py .nox`` takes the folder in which nox makes environments. A project runs in a copy of
its folder, two at a time, and nothing of tfmatrix takes part.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

PROJECTS = Path(__file__).parent
RELEASES = ("2.9.3", "2.12.1", "2.15.1", "2.16.2", "2.21.0")
COMMANDS = {
    "fit_callbacks": ["python", "train.py", "--epochs", "3"],
    "notebook": ["jupyter", "notebook.ipynb"],
    "package_module": ["python", "-m", "churn.train"],
}
PROCESSES = 2
LIMIT = 900.0  # seconds; each takes about 10 at most, on a machine that does nothing else
TRACEBACK = "Traceback (most recent call last):"


def script_of(notebook: Path) -> str:
    """Return the code cells of a notebook as one script."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code") + "\n"


def error_in(printed: str) -> dict[str, str]:
    """Return the type of the last error that a process printed, and its message's first line, cut at 80 characters."""
    lines = printed.rpartition(TRACEBACK)[2].splitlines()
    line = next(line for line in lines if line and not line.startswith(" "))
    kind, _, message = line.partition(": ")
    return {"type": kind.rpartition(".")[2], "message": message[:80]}


def run_plainly(python: Path, project: str, command: list[str]) -> str | dict[str, str]:
    """Run a project's command in a copy of its folder; return ``runs``, or the error that ended it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, project)
        shutil.copytree(PROJECTS / project, copy)
        words = command[1:]
        if command[0] == "jupyter":
            words = ["script.py"]
            (copy / "script.py").write_text(script_of(copy / command[1]), encoding="utf-8")
        # As an editable install of a `src/` layout would have it; other projects have no such folder.
        variables = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.run(
            [str(python), *words],
            cwd=copy,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    if process.returncode == 0:
        return "runs"
    if TRACEBACK not in process.stderr:
        raise RuntimeError(f"{project} ended with {process.returncode} and no error:\n{process.stderr[-2000:]}")
    return error_in(process.stderr)


def truth(environments: Path) -> dict[str, Any]:
    """Return each project's command, and by release what came of it."""
    projects = sorted(path.name for path in PROJECTS.iterdir() if path.is_dir() and path.name != "__pycache__")
    commands = {project: COMMANDS.get(project, ["python", "train.py"]) for project in projects}
    pythons = {release: environments / f"tensorflow-cpu-{release}-py310" / "bin" / "python" for release in RELEASES}
    with ThreadPoolExecutor(PROCESSES) as pool:
        running = {
            project: {
                release: pool.submit(run_plainly, python, project, command) for release, python in pythons.items()
            }
            for project, command in commands.items()
        }
        return {
            project: {
                "command": commands[project],
                "releases": {release: future.result() for release, future in futures.items()},
            }
            for project, futures in running.items()
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environments", type=Path, help="the folder in which nox makes environments")
    arguments = parser.parse_args()
    made = truth(arguments.environments.absolute())
    (PROJECTS / "truth.json").write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
