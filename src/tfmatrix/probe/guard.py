"""The guard: the process that starts the worker, and that is there when either the worker or the host no longer is.

It imports no TensorFlow, so nothing that happens there can end it. It polls for the host instead of asking for a
signal at its death: that signal comes when the *thread* that started this process ends.
"""

from __future__ import annotations

import json
import os
import resource
import select
import shutil
import signal
from typing import IO, Any, Dict, Mapping, Sequence, Tuple

from . import evidence
from .isolation import Channel, Kept, Limits, keep
from .messages import write_message
from .ops import progress
from .outcomes import Changed
from .processes import reap_all
from .reads import Reads

LOOK = 0.5
"""Seconds between two looks at whether the host is there, while nothing else happens."""

OUTCOMES = ("observed", "failed", "unsupported", "timed-out", "crashed")


class Host:
    """Whoever started this process: at the other end of standard input, and its parent."""

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._input = select.poll()
        self._input.register(0, 0)  # reports nothing but that the other end is closed

    def is_there(self) -> bool:
        """Tell whether the host lives and has not closed standard input."""
        return os.getppid() == self._parent and not self._input.poll(0)


class Handover:
    """How a worker that becomes a trial itself hands its request to the guard, and is kept from then on."""

    def __init__(self, descriptors: Sequence[int] = ()) -> None:
        """Make the handover, or be the worker's end of one of which the worker was told the descriptors."""
        if descriptors:
            self._writing, *others = descriptors
            self.channel = Channel(others)
        else:
            self.channel = Channel()
            self._reading, self._writing = os.pipe()

    def keep_writing(self) -> None:
        """Become the worker's end."""
        os.close(self._reading)

    def give(self, request: Mapping[str, Any]) -> None:
        """Hand the request over."""
        os.write(self._writing, json.dumps(request).encode("ascii") + b"\n")
        os.close(self._writing)

    @property
    def descriptors(self) -> Tuple[int, ...]:
        """The worker's end, which a trial forked from it has no use for."""
        return (self._writing, *self.channel.reading, *self.channel.writing)

    def take(self, host: Host) -> bytes:
        """Become the guard's end, wait for a request and return it; nothing where the worker or the host ended."""
        os.close(self._writing)
        self.channel.keep_reading()
        poller = select.poll()
        poller.register(self._reading, select.POLLIN)
        line = b""
        while host.is_there() and not line.endswith(b"\n"):
            if poller.poll(LOOK * 1000):
                part = os.read(self._reading, 1 << 16)
                if not part:
                    return b""
                line += part
        return line if line.endswith(b"\n") else b""


def guard(worker: int, handover: Handover, host: Host, answers: IO[bytes], scratch: str) -> int:
    """Wait for the worker's end, answering for it where it was a trial; return its exit status, or end as it did."""
    status = 0
    try:
        line = handover.take(host)
        if line:
            request = json.loads(line.decode("ascii"))
            kept = keep(worker, handover.channel, limits_of(request), host.is_there)
            header = header_of(kept, request, request["scratch"])
        elif host.is_there():
            _, status = os.waitpid(worker, 0)
    finally:
        reap_all()
        shutil.rmtree(scratch, ignore_errors=True)
    if line:
        answer(answers, kept, header, request.get("number", ""))
    return _end_like(status)


def limits_of(request: Mapping[str, Any]) -> Limits:
    """Return the limits that a request sets."""
    return Limits(float(request["timeout"]), float(request.get("memory_mib") or 0))


def answer(answers: IO[bytes], kept: Kept, header: Mapping[str, Any], number: str) -> None:
    """Answer for a trial: with what it said where that is whole, and otherwise with a header alone."""
    measured = dict(header, output=kept.output, seconds=round(kept.seconds, 3), peak_kib=kept.peak_kib, number=number)
    if header is kept.answer.header:
        kept.answer.pass_on(answers, measured)
    else:
        write_message(answers, measured)
    kept.answer.close()


def header_of(kept: Kept, request: Mapping[str, Any], scratch: str) -> Dict[str, Any]:
    """Return what a trial said of itself, or what became of it, with what it had read by then, as its folder tells."""
    said = kept.answer.header
    if said is not None and kept.answer.whole and said.get("outcome") in OUTCOMES:
        return said
    source = evidence.Source.of(request, scratch)
    header = evidence.of_end(kept, source, limits_of(request))
    header["where"] = progress.where(scratch) or header["where"]
    try:
        return dict(header, **Reads(request, scratch).recover())
    except Changed as change:
        return evidence.of_exception(change, source)


def _end_like(status: int) -> int:
    """Return the exit status that a process ended with, or die of the same signal."""
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    return os.WEXITSTATUS(status)
