"""Isolation: a child process is kept within its limits, and nothing that it started outlives it.

Nothing here knows of requests, models or TensorFlow. A process *keeps* a trial when it reads the trial's channel, holds
it to its limits and at its end kills all that descends from itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import resource
import select
import signal
import sys
import time
from typing import Any, Callable, NamedTuple, Sequence

from .messages import Arriving
from .processes import clear_away, descendants, end_with, resident_kib

OUTPUT_KEPT = 4000
"""Bytes of a trial's standard output and error that are kept, from the end."""
STACKS_KEPT = 8000
"""Bytes of the stacks that a dying trial leaves, from the beginning: the innermost calls come first."""
TICK = 0.05
"""Seconds between two looks at the clock, the memory and the child, where no pipe wakes the keeper sooner."""
LAST_WORDS = 1.0
"""Seconds that a trial out of time gets to write down where it is."""

ENDED, TIMED_OUT, OVER_MEMORY = "ended", "timed out", "over its memory"
"""Why keeping a trial came to its end: it ended by itself, or it was killed."""


class Limits(NamedTuple):
    """What a trial may take."""

    seconds: float
    memory_mib: float
    """Resident size of the trial's processes together, counting a page once for each that has it; 0: no limit."""


class Kept(NamedTuple):
    """What a keeper saw of a trial."""

    reason: str
    status: int
    """As `os.wait` gives it."""
    answer: Arriving
    output: str
    stacks: str
    """Where each thread of Python was, the innermost call first; empty unless it was killed by a signal of its own."""
    seconds: float
    peak_kib: int


class Channel:
    """Three pipes from a trial to its keeper: its answer, what it writes, and the stacks that its death leaves."""

    def __init__(self, descriptors: Sequence[int] = ()) -> None:
        """Make the pipes, or take those whose descriptors are given: three to read from, three to write to."""
        if descriptors:
            self.reading, self.writing = tuple(descriptors[:3]), tuple(descriptors[3:])
        else:
            self.reading, self.writing = zip(*(os.pipe() for _ in range(3)))

    def keep_reading(self) -> None:
        """Become the keeper's end."""
        _close_all(self.writing)
        for descriptor in self.reading:
            os.set_blocking(descriptor, False)

    def keep_writing(self) -> None:
        """Become the trial's end."""
        _close_all(self.reading)

    def close(self) -> None:
        """Close the keeper's end."""
        _close_all(self.reading)


def _close_all(descriptors: Any) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def hold(parent: int, channel: Channel) -> None:
    """Make this process a trial: it dies with its keeper, reads nothing, and writes into the channel."""
    end_with(parent, signal.SIGKILL)
    with contextlib.suppress(OSError):  # the keeper does the same: whichever comes first
        os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")  # where the machine runs out of memory, the trial goes and not its keeper
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    _, output, stacks = channel.writing
    os.dup2(output, 1)
    os.dup2(output, 2)
    faulthandler.enable(stacks)


def flush_streams() -> None:
    """Write out what Python and C hold back; streams that are closed have nothing."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    ctypes.CDLL(None).fflush(None)


def keep(child: int, channel: Channel, limits: Limits, wanted: Callable[[], bool]) -> Kept:
    """Keep a trial until it has answered, has ended or is over a limit; then kill all that is left of it.

    ``wanted`` tells whether anybody still waits for the answer; where not, SystemExit is raised.
    Whatever is raised, no process below this one is left.
    """
    started = time.monotonic()
    with contextlib.suppress(OSError):  # the child does the same: whichever comes first
        os.setpgid(child, child)
    pipes = _Pipes(channel)
    watch = _Watch(child, limits.memory_mib)
    reason = ENDED
    try:
        while not (pipes.answer.whole or watch.over):
            pipes.wait(TICK)
            if not wanted():
                raise SystemExit(0)
            if watch.too_large():
                reason = OVER_MEMORY
                break
            if time.monotonic() - started > limits.seconds:
                reason = TIMED_OUT
                pipes.last_words(child, watch)
                break
    finally:
        status, peak_kib = clear_away(child)
    pipes.drain()
    peak = max(peak_kib, watch.peak_kib)
    seconds = time.monotonic() - started
    return Kept(reason, status, pipes.answer, pipes.output, pipes.stacks, seconds, peak)


class _Pipes:
    """The keeper's view of a channel."""

    def __init__(self, channel: Channel) -> None:
        self.answer = Arriving()
        self._output = b""
        self._stacks = b""
        self._takers = dict(zip(channel.reading, (self.answer.feed, self._take_output, self._take_stacks)))
        self._poller = select.poll()
        for descriptor in self._takers:
            self._poller.register(descriptor, select.POLLIN)

    @property
    def output(self) -> str:
        """The end of what was written."""
        return self._output.decode("utf-8", "replace")

    @property
    def stacks(self) -> str:
        """The beginning of the stacks."""
        return self._stacks.decode("utf-8", "replace")

    def wait(self, seconds: float) -> bool:
        """Take what has come, waiting so long for something; tell whether anything came."""
        ready = self._poller.poll(seconds * 1000)
        for descriptor, _ in ready:
            try:
                data = os.read(descriptor, 1 << 20)
            except BlockingIOError:
                continue
            if data:
                self._takers[descriptor](data)
            else:
                self._poller.unregister(descriptor)
                del self._takers[descriptor]
        return bool(ready)

    def drain(self) -> None:
        """Take what is left in the pipes; nobody is there any more to write."""
        while self._takers and self.wait(0):
            pass

    def last_words(self, child: int, watch: _Watch) -> None:
        """Have the child write its stacks."""
        os.kill(child, signal.SIGABRT)
        deadline = time.monotonic() + LAST_WORDS
        while not watch.over and time.monotonic() < deadline:
            self.wait(TICK)

    def _take_output(self, data: bytes) -> None:
        self._output = (self._output + data)[-OUTPUT_KEPT:]

    def _take_stacks(self, data: bytes) -> None:
        self._stacks = (self._stacks + data)[:STACKS_KEPT]


class _Watch:
    """The child as the system shows it."""

    def __init__(self, child: int, memory_mib: float) -> None:
        self.peak_kib = 0
        self._child = child
        self._limit_kib = memory_mib * 1024
        self._next_look = 0.0

    @property
    def over(self) -> bool:
        """Tell whether the child has ended; it is not reaped."""
        return os.waitid(os.P_PID, self._child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def too_large(self) -> bool:
        """Tell whether the trial's processes are over their limit together."""
        now = time.monotonic()
        if not self._limit_kib or now < self._next_look:
            return False
        resident = resident_kib(descendants(os.getpid()))
        # Looking takes milliseconds where a machine has thousands of processes: at most a twentieth of the time.
        self._next_look = now + max(TICK, 20 * (time.monotonic() - now))
        self.peak_kib = max(self.peak_kib, resident)
        return resident > self._limit_kib
