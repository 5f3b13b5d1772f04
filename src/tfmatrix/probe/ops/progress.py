"""How far a replay came: an op may abort the process, and is to be named all the same."""

from __future__ import annotations

import os
from typing import Optional, Type

NAME = "replaying"
"""The file in a trial's folder that has the number of the op that is replayed."""


class Progress:
    """The note of one trial, a context manager."""

    def __init__(self, scratch: str) -> None:
        self._file = open(os.path.join(scratch, NAME), "wb", buffering=0)  # noqa: SIM115  # closed on leaving

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, raised: Optional[Type[BaseException]], value: object, traceback: object) -> None:
        self._file.close()

    def at(self, number: int) -> None:
        """Note the op that comes now."""
        self._file.seek(0)
        self._file.write("{:09d}".format(number).encode("ascii"))


def where(scratch: str) -> str:
    """Return at which op a trial's replay ended, ``op 123``; empty where there was none."""
    try:
        with open(os.path.join(scratch, NAME), "rb") as file:
            return "op {}".format(int(file.read()))
    except (OSError, ValueError):
        return ""
