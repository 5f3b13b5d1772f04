"""Processes: which there are below this one, how large they are, and how all of them are ended.

Where a process moved to a group or session of its own, or lost its parent, it is still found: on Linux `adopt_orphans`
makes this process the parent of every process below it that loses its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from typing import Dict, Iterator, List, Tuple

STUBBORN = 10.0
"""Seconds after which a killed process that is still there is taken for one that cannot be killed."""

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_ADOPT = 36  # PR_SET_CHILD_SUBREAPER


class Undying(Exception):
    """A process that a trial left behind cannot be killed, so the next trial would not be alone."""


def adopt_orphans() -> None:
    """Make this process the parent of every process below it that loses its own."""
    _prctl(_ADOPT, 1)


def end_with(parent: int, sent: int) -> None:
    """Have a signal sent to this process when its parent dies, and end at once where that has happened already."""
    _prctl(_DEATH_SIGNAL, sent)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def resident_kib(pids: List[int]) -> int:
    """Return the resident size of processes together; one that is gone has none."""
    pages = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError), open("/proc/{}/statm".format(pid)) as sizes:
            pages += int(sizes.read().split()[1])
    return pages * resource.getpagesize() // 1024


def descendants(ancestor: int) -> List[int]:
    """Return the processes below one that have not ended; none where the system does not show its processes."""
    children = {}  # type: Dict[int, List[int]]
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found = list(children.get(ancestor, []))
    for pid in found:  # grows while it is walked
        found.extend(children.get(pid, []))
    return found


def _parents() -> Iterator[Tuple[int, int]]:
    """Yield every process that has not ended and its parent."""
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError), open("/proc/{}/stat".format(name), "rb") as line:
                    # The name in brackets may hold anything, brackets too: what counts stands behind the last one.
                    state, parent = line.read().rpartition(b")")[2].split()[:2]
                    if state not in (b"Z", b"X"):
                        yield int(name), int(parent)


def clear_away(child: int) -> Tuple[int, int]:
    """Kill the child and all that descends from this process; return the child's status and largest resident size.

    Raises ``Undying`` where one cannot be killed.
    """
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)  # at once, so that a group that forks without end cannot outrun it
    return reap_all().get(child, (0, 0))


def reap_all() -> Dict[int, Tuple[int, int]]:
    """Kill all that descends from this process; return each child's status and largest resident size in KiB.

    Raises ``Undying`` where one cannot be killed.
    """
    deadline = time.monotonic() + STUBBORN
    reaped = {}  # type: Dict[int, Tuple[int, int]]
    while True:
        below = descendants(os.getpid())
        for pid in below:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            while pid:
                reaped[pid] = (status, usage.ru_maxrss)
                pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return reaped
        if time.monotonic() > deadline:
            raise Undying("processes {} do not die".format(below))
        time.sleep(0.002)
