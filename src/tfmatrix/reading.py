"""Reading what others wrote: the one door for files, behind which what cannot be read is a sentence for the user."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfmatrix.errors import UserError, sentence

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]  # only below Python 3.11

MOST = 16 * 2**20
"""Bytes that are read of a file that people write or review."""

MOST_OF_A_REPORT = 2**30
"""Bytes that are read of a report, which has a line for each cell and each finding."""

LONGEST_SHOWN = 200
"""Characters of a value that a sentence has."""


@contextmanager
def reading(name: str, mend: str = "") -> Iterator[None]:
    """Have what is wrong with an input, once it is read within, be a ``UserError`` about what is called ``name``.

    ``mend`` is what to do about it. Of our own faults only those are caught that deep, long and broken input leads to.
    """
    try:
        yield
    except (OSError, ValueError, RecursionError, OverflowError, MemoryError) as error:
        told = f"{name} cannot be read: {_why(error)}".rstrip(".")
        raise UserError(sentence(f"{told}; {mend}" if mend else told)) from None


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError | MemoryError):
        return "it is nested too deeply, or too long"
    if isinstance(error, OverflowError):
        return "a number in it is too large"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def bytes_of(path: Path, most: int = MOST) -> bytes:
    """Return what a file holds.

    Raises ``OSError`` where it cannot be read, and ``ValueError`` where it is no file, a pipe for example, for which
    one would wait for ever, or has more than ``most`` bytes.
    """
    with open(path, "rb", opener=_opened) as file:  # Path.open takes no opener
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no file")
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it has more than {most} bytes")
    return content


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def text_of(path: Path, most: int = MOST) -> str:
    """Return the text of a file; raises what `bytes_of` does, and ``ValueError`` where it is not UTF-8."""
    return bytes_of(path, most).decode("utf-8")


def toml_of(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds; raises what `text_of` does, and what deep and long input leads to."""
    return toml_in(text_of(path))


def toml_in(text: str) -> dict[str, Any]:
    """Return what a text in TOML says; raises ``ValueError`` and what deep and long input leads to."""
    content: dict[str, Any] = tomllib.loads(text)
    return content


def json_of(path: Path, most: int = MOST) -> Any:
    """Return what a JSON file holds; raises what `text_of` does, and what deep and long input leads to."""
    return json.loads(text_of(path, most))


def is_text(name: str) -> bool:
    """Return whether a text can be written as UTF-8: a file's name, or a string of Python's, may have halves of one."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown(value: Any) -> str:
    """Return a value as a sentence has it: of one that is long or deep its beginning."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of too many digits, a table too deep
        return f"a {type(value).__name__} that is too long to show"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
