"""`tfmatrix doctor` on the command line: ten lines or JSON, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfmatrix import cli
from tfmatrix.environments import interpreters
from tfmatrix.errors import Unavailable

from .project import Tell


@pytest.fixture
def _only_310(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one Python be there."""

    def find(python: str) -> Path:
        if python != "3.10":
            raise Unavailable("none")
        return Path("/pythons/3.10")

    monkeypatch.setattr(interpreters, "find_interpreter", find)


@pytest.mark.usefixtures("_only_310")
@pytest.mark.parametrize("is_project", [True, False])
def test_ten_lines_say_what_is_there(tmp_path: Path, tell: Tell, *, is_project: bool) -> None:
    """With or without a project: then it is about the default versions, and says how one is made."""
    if is_project:
        (tmp_path / "pyproject.toml").write_text("[tool.tfmatrix]\nversions = ['2.15.1']\n", encoding="utf-8")
    said = tell("doctor")
    assert said.err == ""
    lines = said.out.splitlines()
    assert len(lines) == 10 or said.code == cli.INCOMPLETE  # of a machine that lacks several things
    assert ("`tfmatrix init`" in lines[0]) == (not is_project)
    assert ("2.9.3" in lines[1]) == (not is_project)
    assert lines[2] == "Pythons     3.10; not found: 3.7, 3.8, 3.9, 3.11, 3.12, 3.13, 3.14 (`uv python install 3.14`)"
    assert "releases    14 of 14 can run: 2.8.4 to 2.21.0 on Python 3.10\n" in said.out


@pytest.mark.usefixtures("_only_310")
def test_what_is_missing_is_two(tmp_path: Path, tell: Tell) -> None:
    """In words and in JSON."""
    (tmp_path / "pyproject.toml").write_text("[tool.tfmatrix]\npython = '3.11'\n", encoding="utf-8")
    said = tell("doctor")
    assert said.code == cli.INCOMPLETE
    assert "\nmissing     TensorFlow 2.9.3 does not run on Python 3.11" in said.out
    assert "Everything is there" not in said.out
    read = json.loads(tell("doctor", "--json").out)
    assert any("2.9.3 does not run" in sentence for sentence in read["missing"])


def test_releases_are_told_by_the_python_that_they_run_on(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that run on none that is there are told as well."""

    def find(python: str) -> Path:
        if python not in ("3.11", "3.13"):
            raise Unavailable("none")
        return Path(f"/pythons/{python}")

    monkeypatch.setattr(interpreters, "find_interpreter", find)
    assert (
        "releases    10 of 14 can run: not 2.8.4 to 2.11.1, 2.12.1 to 2.19.1 on Python 3.11, "
        "2.20.0 to 2.21.0 on Python 3.13\n" in tell("doctor").out
    )


@pytest.mark.parametrize("text", ["[tool.tfmatrix]\nversoins = 3\n", "[tool\n"])
def test_a_project_that_cannot_be_read_is_one_sentence(tmp_path: Path, tell: Tell, text: str) -> None:
    """As of every command."""
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    said = tell("doctor")
    assert (said.code, said.out, said.err.count("\n")) == (cli.INCOMPLETE, "", 1)
