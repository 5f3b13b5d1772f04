"""Files that name packages and cannot be read: one sentence, nothing waited for, and no word of a parser's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfmatrix.errors import UserError

from .projects import find_pins

LAUGHS = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))

STRANGE = {
    "a NUL": ("requirements.txt", "tensorflow==2.15.1\n-r a\0b\n", "line 2: there is a NUL character"),
    "a NUL in JSON": ("Pipfile.lock", '{"a": "\0"}', "there is a NUL character"),
    "an endless device": ("requirements.txt", "-r /dev/zero\n", "cannot be read: it is no file"),
    "a folder": ("requirements.txt", "-r .\n", "cannot be read: Is a directory"),
    "a name that is too long": ("requirements.txt", f"-r {'x' * 5000}\n", "cannot be read: File name too long"),
    "an alias of itself": ("environment.yml", "dependencies: &a [*a]\n", "its aliases stand for more"),
    "a table in itself": ("environment.yml", "a: &a {b: *a}\n", "its aliases stand for more"),
    "a billion aliases": ("environment.yml", f"l0: &l0 [a]\n{LAUGHS}\n", "its aliases stand for more"),
    "a table in a key": ("environment.yml", "? [{a: b}]\n: c\n", "a key has a table within"),
    "YAML nested deeply": ("environment.yml", "a: " + "[" * 3000 + "]" * 3000 + "\n", "is no YAML"),
    "TOML nested deeply": ("Pipfile", "a = " + "[" * 3000 + "]" * 3000 + "\n", "is nested too deeply"),
    "a long number in TOML": ("Pipfile", "a = " + "9" * 5001 + "\n", "a number of a thousand digits"),
    "a long number in JSON": ("Pipfile.lock", "9" * 5001, "a number of a thousand digits"),
    "a long number in YAML": ("environment.yml", "a:\n  b: 0x" + "f" * 4000 + "\n", "line 2: there is a number of"),
    "a long version": ("requirements.txt", f"tensorflow=={'9' * 5001}\n", "line 1: there is a number of"),
    "a long version of conda": ("environment.yml", f"dependencies: [tensorflow=2.{'9' * 5001}]\n", "a number of a"),
    "JSON nested deeply": ("Pipfile.lock", "[" * 100_000, "is no JSON"),
}


@pytest.mark.parametrize(("name", "text", "saying"), STRANGE.values(), ids=STRANGE)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, name: str, text: str, saying: str) -> None:
    """NUL characters, devices, aliases without end, and what is deep or long: the file is named, and what is wrong."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        find_pins(tmp_path)
    assert saying in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that a requirement file names is no file."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "requirements.txt").write_text("-r pipe\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"pipe, which requirements\.txt, line 1 names, cannot be read: it is no file"):
        find_pins(tmp_path)


def test_an_anchor_that_stands_twice_is_no_mistake(tmp_path: Path) -> None:
    """What YAML allows is read, and no parser's warning, which would be an error here, is heard."""
    text = "a: &a [x]\nb: &a [y]\nc: [*a, *a]\ndependencies:\n  - tensorflow=2.15.1\n"
    (tmp_path / "environment.yml").write_text(text, encoding="utf-8")
    assert [pin.version for pin in find_pins(tmp_path)] == ["2.15.1"]
