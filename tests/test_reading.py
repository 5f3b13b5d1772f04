"""The door for files: what cannot be read is a sentence that says what, and nothing is waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tfmatrix.errors import UserError
from tfmatrix.reading import bytes_of, is_text, json_of, reading, text_of, toml_of

TOML = {
    "nested": "a = " + "[" * 3000 + "]" * 3000,
    "long": "a = " + "9" * 5001,
    "no text": "a = '\udcff'",
    "no toml": "a = ",
}

JSON = {"nested": "[" * 100_000, "long": "9" * 5001, "no text": '"\udcff"', "no json": "{", "empty": ""}


def write(path: Path, text: str) -> Path:
    """Write a text whose half characters stand for bytes that are no UTF-8."""
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


@pytest.mark.parametrize(
    ("read", "text"),
    [*((toml_of, text) for text in TOML.values()), *((json_of, text) for text in JSON.values())],
    ids=[*(f"toml {name}" for name in TOML), *(f"json {name}" for name in JSON)],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, read: Callable[[Path], object], text: str) -> None:
    """Deep, long, broken and no text: it is said of which file, and what to do about it, if that is known."""
    path = write(tmp_path / "file", text)
    with (
        pytest.raises(UserError, match=r"^the file cannot be read: .+; mend it\.$") as caught,
        reading("the file", "mend it"),
    ):
        read(path)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes into, a socket, a device and a folder are no files, at once."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "pipe", tmp_path / "socket", Path("/dev/zero"), tmp_path, tmp_path / "absent"):
            with pytest.raises(UserError, match=r"^it cannot be read: .+\.$"), reading("it"):
                bytes_of(path)


@pytest.mark.parametrize(("size", "fits"), [(9, True), (10, True), (11, False)])
def test_a_file_has_a_size(tmp_path: Path, size: int, fits: bool) -> None:
    """What is larger than anything of its kind is not read into memory."""
    path = write(tmp_path / "file", "x" * size)
    if fits:
        assert text_of(path, 10) == "x" * size
        return
    with pytest.raises(UserError, match=r"^it cannot be read: it has more than 10 bytes\.$"), reading("it"):
        text_of(path, 10)


@pytest.mark.parametrize("error", [KeyError("a"), TypeError("a"), AssertionError("a")], ids=repr)
def test_our_own_mistakes_are_none_of_the_files(error: Exception) -> None:
    """What no input leads to keeps its traceback."""
    with pytest.raises(type(error)), reading("it"):
        raise error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RecursionError("x"), "it is nested too deeply, or too long"),
        (MemoryError(), "it is nested too deeply, or too long"),
        (OverflowError("x"), "a number in it is too large"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (OSError("x."), "x"),
        (ValueError(), "ValueError"),
    ],
    ids=repr,
)
def test_each_fault_has_its_words(error: Exception, told: str) -> None:
    """Of what is wrong with a file the words say no more than is known."""
    with pytest.raises(UserError, match=rf"^it cannot be read: {told}\.$"), reading("it"):
        raise error


@pytest.mark.parametrize(("name", "text"), [("é", True), ("", True), ("\udcff", False), ("a\ud800", False)])
def test_half_a_character_is_no_text(name: str, text: bool) -> None:
    """A name of bytes that are no UTF-8, and half a character written out, are told from text."""
    assert is_text(name) == text
