"""Standard output and error as they may be: closed, full, or a pipe that nobody reads any more."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from tfmatrix.errors import UserError
from tfmatrix.report.text import in_lines


def say(text: object, *, err: bool = False) -> None:
    """Print text for people: whatever is in it that is no text is not shown."""
    click.echo(in_lines(text).removesuffix("\n"), err=err)


def make_safe() -> None:
    """Have what is printed never change the status that is due, unless it is asked for and cannot be written.

    What is closed leads nowhere, so that no file of ours gets its number. A pipe whose reader has gone takes whatever
    is written, `tfmatrix check | head -1`. Standard output that is full raises ``UserError`` once, since the answer is
    not there; of standard error nothing could be told. Streams that are not the process's own stay as they are.
    """
    for number in (0, 1, 2):
        _open_if_closed(number)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _stream(1, sys.stdout, _Output(1, "wb", closefd=False))
    if sys.stderr is sys.__stderr__:
        sys.stderr = _stream(2, sys.stderr, _Errors(2, "wb", closefd=False))


def _open_if_closed(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # which gets the lowest number that is free


def _stream(number: int, before: Any, raw: io.RawIOBase) -> io.TextIOWrapper:
    """Return a text stream like the one before, which writes what its encoding lacks as an escape."""
    encoding = getattr(before, "encoding", None) or "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=os.isatty(number)
    )


class _Output(io.FileIO):
    """What stands behind standard output."""

    _failed = False

    def write(self, data: Any, /) -> int:
        return self._writing(super().write, data)

    def _writing(self, write: Callable[[Any], int | None], data: Any) -> int:
        if not self._failed:
            try:
                return write(data) or 0
            except OSError as error:
                self._failed = True
                self._tell(error)
        return len(data)

    def _tell(self, error: OSError) -> None:
        if not isinstance(error, BrokenPipeError):
            raise UserError(f"the answer cannot be written to standard output: {error.strerror}.") from None


class _Errors(_Output):
    """What stands behind standard error."""

    def _tell(self, error: OSError) -> None:
        """Say nothing: there is nobody to hear it."""
