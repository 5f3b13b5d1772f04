"""The example workflow and the hook: they call commands and options that exist, and judge what comes from them."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from tfmatrix.cli import commands

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "tensorflow-upgrade.yml"


def loaded(path: Path) -> Any:
    """Return what a YAML file holds."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def calls() -> list[list[str]]:
    """Return every call of tfmatrix in the workflow and the hook."""
    jobs = loaded(WORKFLOW)["jobs"]
    scripts = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    scripts += [hook["entry"] for hook in loaded(ROOT / ".pre-commit-hooks.yaml")]
    found = (re.findall(r"(?<!install )\btfmatrix ([a-z-]+[^|;&)>]*)", script) for script in scripts)
    return [shlex.split(call) for script in found for call in script]


@pytest.mark.parametrize("call", calls(), ids=" ".join)
def test_every_call_can_be_understood(call: list[str]) -> None:
    """Commands and options of the workflow and the hook are those of this release."""
    name, *arguments = call
    command = commands.get_command(click.Context(commands), name)
    assert command
    with click.Context(command) as context:
        command.make_parser(context).parse_args(list(arguments))


def test_every_command_of_the_gate_is_called_somewhere() -> None:
    """The workflow runs, merges, reports and checks, and the hook looks at what is staged."""
    assert {call[0] for call in calls()} == {"pinned", "run", "merge", "report", "check", "check-staged"}


def test_the_gate_decides_and_nothing_covers_it_up() -> None:
    """The step that gates ends as `check` does, and no step before it lets another fault than a hole pass."""
    steps = loaded(WORKFLOW)["jobs"]["gate"]["steps"]
    gate = next(step for step in steps if step.get("name") == "Gate")
    assert "||" not in gate["run"]
    assert "continue-on-error" not in gate
    assert "if" not in gate
    for step in steps[: steps.index(gate)]:
        assert "|| true" not in step.get("run", "")


def test_versions_reach_the_shell_as_variables_only() -> None:
    """What a pull request writes into its files is never part of a script's text."""
    for job in loaded(WORKFLOW)["jobs"].values():
        assert not [step for step in job["steps"] if "${{" in step.get("run", "")]


@pytest.mark.parametrize(
    ("source", "installed"),
    [
        ("git+https://example.org/tfmatrix@0123abc", True),
        ("tfmatrix @ git+https://example.org/tfmatrix@0123abc", True),
        ("./tools/tfmatrix", True),
        ("tfmatrix", False),
        ("tfmatrix==0.1.0", False),
        ("", False),
    ],
)
def test_tfmatrix_is_installed_from_where_the_project_says_and_by_no_name(
    tmp_path: Path, source: str, installed: bool
) -> None:
    """A name that no index has is anybody's to take, so an address or a path is asked for."""
    scripts = [step["run"] for job in loaded(WORKFLOW)["jobs"].values() for step in job["steps"] if "run" in step]
    installing = {script for script in scripts if "pip install" in script}
    (script,) = installing
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    variables = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TFMATRIX": source}
    ran = subprocess.run(["bash", "-e", "-c", script], env=variables, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (0, f"-m pip install {source}") if installed else ran.returncode == 2


def test_a_pull_request_of_any_file_is_looked_at() -> None:
    """A pin may stand in a file of any name, so no filter of paths keeps the workflow from running."""
    assert loaded(WORKFLOW)["on"] == {"pull_request": None}


def test_the_hook_looks_at_every_commit() -> None:
    """No file's name keeps the hook from running: requirement files name others, of any name."""
    (hook,) = loaded(ROOT / ".pre-commit-hooks.yaml")
    assert hook["always_run"]
    assert not hook["pass_filenames"]
    assert "files" not in hook
