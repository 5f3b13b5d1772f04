"""A supervisor: a program that runs a command, and ends it with all that it started once its holder lets go.

Its arguments are the command. Its standard input is a pipe, whose other end the holder keeps open for as long as the
command may run. When that end is closed, by the holder or by its death, nothing of the command is left; so it is where
the command has ended by itself and something of it has not. Exits as the command did.
"""

from __future__ import annotations

import ctypes
import select
import subprocess
import sys

import psutil

LOOK = 0.1
"""Seconds between two looks at whether the command has ended."""

_ADOPT = 36  # PR_SET_CHILD_SUBREAPER: what loses its parent becomes this process's child, and is found


def main() -> int:
    """Run the command that the arguments are, and return its exit code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_ADOPT, 1, 0, 0, 0)
    held = select.poll()
    held.register(0, 0)  # reports nothing but that the other end is closed
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    try:
        while command.poll() is None and not held.poll(LOOK * 1000):
            pass
        return command.returncode if command.returncode is not None else 1
    finally:
        _end_all()


def _end_all() -> None:
    """Kill all that descends from this process, until there is nothing left of it."""
    while family := psutil.Process().children(recursive=True):
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=LOOK)


if __name__ == "__main__":
    sys.exit(main())
