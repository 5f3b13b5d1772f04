"""Mistakes on the command line: sentences for the user, and tracebacks for us."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from building import ones
from tfmatrix import cli
from tfmatrix.environments import interpreters, locks
from tfmatrix.errors import Unavailable
from tfmatrix.records import Environment

from .project import Tell, stored

USAGE = {
    "unknown command": ["rum"],
    "unknown option": ["report", "--version"],
    "no number": ["report", "--trials", "many"],
    "no trial": ["report", "--trials", "0"],
    "unknown version": ["report", "--versions", "1.12.0"],
    "unknown model": ["report", "--models", "mpl"],
    "unknown mode": ["report", "--modes", "tf3"],
    "no recipe for a mode": ["recipes", "--modes", "tf2-xla"],
    "empty list": ["report", "--versions", ""],
    "seed": ["report", "--seed", "99999999999"],
    "no cell": ["run", "--cell", "2.15.1"],
    "nothing to merge": ["merge", "nowhere.sqlite"],
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE)
def test_a_command_that_cannot_be_understood_is_two(tmp_path: Path, tell: Tell, arguments: list[str]) -> None:
    """Usage that is wrong ends with 2 and a sentence, without a traceback and without a report."""
    stored(tmp_path, lambda _: ones())
    said = tell(*arguments)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("chekc", "there is no command 'chekc'; did you mean 'check'?"),
        ("upgrade", "'upgrade'; there are accept,"),
    ],
)
def test_a_command_that_is_none_is_told_with_the_nearest(tell: Tell, typed: str, told: str) -> None:
    """Or with all that there are."""
    assert told in tell(typed).err


def spoil_table(folder: Path) -> None:
    """Write a key that does not exist."""
    (folder / "pyproject.toml").write_text("[tool.tfmatrix]\nversion = '2.15.1'\n", encoding="utf-8")


def spoil_toml(folder: Path) -> None:
    """Write what is no TOML."""
    (folder / "pyproject.toml").write_text("[tool.tfmatrix\n", encoding="utf-8")


def spoil_store(folder: Path) -> None:
    """Write what is no store."""
    (folder / ".tfmatrix" / "store.sqlite").write_text("no store" * 999, encoding="utf-8")


def spoil_policy(folder: Path) -> None:
    """Write a rule about a stage that does not exist."""
    rule = "[[tool.tfmatrix.policy.rules]]\nstage = 'gradients'\nratio = 2\n"
    (folder / "pyproject.toml").write_text(f"[tool.tfmatrix]\n{rule}", encoding="utf-8")


def remove_models(folder: Path) -> None:
    """Leave no model."""
    (folder / "reference_models" / "mlp.py").unlink()


def remove_project(folder: Path) -> None:
    """Leave no configuration."""
    (folder / "pyproject.toml").unlink()


def spoil_reports(folder: Path) -> None:
    """Put a file where the reports' folder is to be."""
    (folder / "reports").write_text("", encoding="utf-8")


def spoil_tool(folder: Path) -> None:
    """Write a key tool that is no table."""
    (folder / "pyproject.toml").write_text("tool = 3\n", encoding="utf-8")


def spoil_rows(folder: Path) -> None:
    """Damage a page of the store behind its first ones."""
    path = folder / ".tfmatrix" / "store.sqlite"
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_table, spoil_toml, spoil_store, spoil_policy, remove_models, remove_project,
        spoil_reports, spoil_tool, spoil_rows,
    ],
)  # fmt: skip
def test_what_the_user_can_mend_is_one_sentence(tmp_path: Path, tell: Tell, spoil: Callable[[Path], None]) -> None:
    """A mistake in the project ends with 2 and one sentence on standard error, without a traceback."""
    stored(tmp_path, lambda _: ones())
    spoil(tmp_path)
    said = tell("report")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert said.err.startswith("tfmatrix: ")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("kind", ["a link to nowhere", "a pipe"])
def test_a_model_that_cannot_be_read_stops_no_other_one(tmp_path: Path, tell: Tell, kind: str) -> None:
    """What is known of all other models is told, the broken one is missing, and that is no pass."""
    stored(tmp_path, lambda _: ones())
    path = tmp_path / "reference_models" / "gone.py"
    os.mkfifo(path) if kind == "a pipe" else path.symlink_to(tmp_path / "nowhere.py")
    said = tell("report")
    assert said.code == cli.INCOMPLETE
    assert "1 missing, 1 identical" in said.out
    assert "gone/tf2: not run" in said.out


def test_our_own_failure_keeps_its_traceback(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is our bug ends with 125, its traceback and the wish to be told."""
    stored(tmp_path, lambda _: ones())
    monkeypatch.setattr("tfmatrix.questions.matrix.report.compare_all", lambda *_: 1 / 0)
    said = tell("report")
    assert (said.code, said.out) == (cli.OUR_FAULT, "")
    assert "Traceback" in said.err
    assert "ZeroDivisionError" in said.err
    assert said.err.splitlines()[-1].startswith("tfmatrix: this is a bug of tfmatrix")


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_and_version_are_zero(tell: Tell, option: str) -> None:
    """Whoever asks for help or the version gets it, also outside a project."""
    said = tell(option)
    assert said.code == cli.SAME
    assert "tfmatrix" in said.out


def test_it_starts_as_a_module(tmp_path: Path) -> None:
    """As a program of its own it ends with the same codes, and its errors have no traceback."""
    ran = subprocess.run(
        [sys.executable, "-m", "tfmatrix", "report"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (cli.INCOMPLETE, "")
    assert ran.stderr.startswith("tfmatrix: no pyproject.toml with a [tool.tfmatrix] table")
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("own", ["", 'python = "3.11"\ndistribution = "tensorflow"'], ids=["plain", "other"])
def test_the_lock_that_is_advised_is_the_one_that_is_missing(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch, own: str
) -> None:
    """The command that a missing lock names makes that very lock, whatever Python and distribution the project has."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.tfmatrix]\n{own}\n", encoding="utf-8")
    environment = Environment("2.17.1", python="3.12")
    with pytest.raises(Unavailable) as refused:
        locks.find_lock(environment, [])
    made: list[Environment] = []

    def make(wanted: Environment, _: Path, folder: Path, __: str | None) -> Path:
        made.append(wanted)
        folder.mkdir()
        lock = folder / f"{locks.stem(wanted)}.txt"
        lock.write_text(f"# kind: today\ntensorflow-cpu==2.17.1 --hash=sha256:{'a' * 64}\n", encoding="utf-8")
        return lock

    monkeypatch.setattr(locks, "make_lock", make)
    monkeypatch.setattr(interpreters, "find_interpreter", Path)
    _, command, _ = str(refused.value).split("`")
    said = tell(*command.split()[1:])
    assert (said.code, made) == (cli.SAME, [environment])
    assert locks.find_lock(environment, [tmp_path / "locks"]).is_file()
