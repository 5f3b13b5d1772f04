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
    assert "of 14 can run on Python 3.10" in said.out


@pytest.mark.usefixtures("_only_310")
def test_what_is_missing_is_two(tmp_path: Path, tell: Tell) -> None:
    """In words and in JSON."""
    (tmp_path / "pyproject.toml").write_text("[tool.tfmatrix]\npython = '3.11'\n", encoding="utf-8")
    said = tell("doctor")
    assert said.code == cli.INCOMPLETE
    assert "\nmissing     TensorFlow 2.9.3 does not run on Python 3.11" in said.out
    assert "; not 2.8.4, 2.9.3, 2.10.1, 2.11.1" in said.out or "0 of 14" in said.out
    assert "Everything is there" not in said.out
    read = json.loads(tell("doctor", "--json").out)
    assert any("2.9.3 does not run" in sentence for sentence in read["missing"])


@pytest.mark.parametrize("text", ["[tool.tfmatrix]\nversoins = 3\n", "[tool\n"])
def test_a_project_that_cannot_be_read_is_one_sentence(tmp_path: Path, tell: Tell, text: str) -> None:
    """As of every command."""
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    said = tell("doctor")
    assert (said.code, said.out, said.err.count("\n")) == (cli.INCOMPLETE, "", 1)
