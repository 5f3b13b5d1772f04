"""One running probe: started, asked, and ended for certain."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tfmatrix.errors import UserError
from tfmatrix.records import Environment, Launch, Start
from tfmatrix.runner.launching import FLAGS, started, variables
from tfmatrix.runner.temporary import HeldFolder
from tfmatrix.tables import PROBE

IMPORT_PATIENCE = 300.0
"""Seconds for importing TensorFlow: 4 to 8 on a warm machine, minutes where wheels are read from a slow disk first."""

GRACE = 30.0
"""Seconds beyond a trial's own limit, in which the probe ends the trial and answers."""


LONGEST_HEADER = 1 << 24
"""Bytes; what claims to be a longer one is none."""


class ProbeDied(Exception):
    """The probe ended or fell silent; the message says how, with the last lines that it wrote."""


class Placed(NamedTuple):
    """A start, and the folder in which the folders are that it names."""

    start: Start
    folder: Path

    def make(self, name: str, otherwise: Path) -> Path:
        """Return the folder of a name, made where it is not there; another where nothing is named."""
        if not name:
            return otherwise
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path


class Probe:
    """A child program that has imported TensorFlow and runs trials."""

    def __init__(
        self,
        interpreter: str,
        environment: Environment,
        launch: Launch,
        hash_seed: str,
        placed: Placed | None = None,
    ) -> None:
        """Start a probe, which then imports TensorFlow.

        Raises ``UserError`` where it can have no temporary folder: a full disk, for example.
        """
        self.can_fork = False
        """Whether a fork is sound, known once it described itself."""
        try:
            self._folder = HeldFolder("probe")
            here = home = self._folder.path / "home"
            scratch = self._folder.path / "scratch"
            home.mkdir()
            scratch.mkdir()
            self._log = (self._folder.path / "log").open("w+b")
        except OSError as error:
            raise UserError(
                f"no trial can be run without a temporary folder: {error}; make room there, or set TMPDIR to another."
            ) from error
        if placed:
            here, home = placed.make(placed.start.here, here), placed.make(placed.start.home, home)
        env = variables(launch, environment, hash_seed, home)
        if placed:
            env = started(env, placed.start, here)
        reading, writing = os.pipe()
        self._answers = reading
        try:
            self._process = subprocess.Popen(
                [interpreter, *FLAGS, str(PROBE)],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                pass_fds=[writing],
                cwd=here,
                env={**env, "TFMATRIX_ANSWERS": str(writing), "TFMATRIX_SCRATCH": str(scratch)},
            )
        finally:
            os.close(writing)

    def describe(self) -> Mapping[str, Any]:
        """Wait until TensorFlow is imported; return what the probe is, or raise ``ProbeDied`` where it cannot be."""
        described = self._receive(IMPORT_PATIENCE)[0]
        self.can_fork = bool(described["can_fork"])
        return described

    def ask(self, request: Mapping[str, Any]) -> tuple[Mapping[str, Any], bytes]:
        """Return the answer to a request, header and payload.

        Raises ``ProbeDied`` where none comes, or one that is not to this request; the probe has ended by then, so that
        no late answer is taken for that to the next request.
        """
        assert self._process.stdin is not None
        number = secrets.token_hex(8)
        try:
            self._process.stdin.write(json.dumps({**request, "number": number}).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise ProbeDied(self._last_words()) from None
        try:
            return self._receive(request["timeout"] + GRACE, number)
        except ProbeDied:
            self.kill()
            self._process.wait()
            raise

    @property
    def alive(self) -> bool:
        """Return whether the probe has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill the whole tree at once, from any thread: the guard that would reap orphans dies first.

        Whoever waits for an answer gets ``ProbeDied``.
        """
        if not self.alive:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()

    def close(self) -> None:
        """End the probe and remove what it left."""
        assert self._process.stdin is not None
        self.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):  # of a request that it no longer read
            self._process.stdin.close()
        os.close(self._answers)
        self._log.close()
        self._folder.let_go()

    def _receive(self, patience: float, number: str = "") -> tuple[dict[str, Any], bytes]:
        deadline = time.monotonic() + patience
        length = int.from_bytes(self._read(8, deadline), "little")
        if length > LONGEST_HEADER:
            raise ProbeDied("what it wrote is no answer")
        try:
            header = json.loads(self._read(length, deadline))
            size = _size(header["size"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ProbeDied("what it wrote is no answer") from None
        if header.get("number", "") != number:
            raise ProbeDied("what it wrote is no answer to what it was asked")
        return header, self._read(size, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        """Read exactly so many bytes of the answers."""
        parts = []
        while size:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(self._answers, min(size, 1 << 20)) if ready else b""
            if not part:
                raise ProbeDied(self._last_words() if ready else "it stopped answering")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _last_words(self) -> str:
        """Return how the process ended and the end of what it wrote."""
        try:
            status = f"exit status {self._process.wait(timeout=GRACE)}"
        except subprocess.TimeoutExpired:
            status = "no exit status, though it closed its answers"
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 2000))
        return f"{status}: {self._log.read().decode('utf-8', 'replace').strip()}"


def _size(told: Any) -> int:
    if type(told) is not int or told < 0:
        raise ValueError(f"{told!r} is no size")
    return told
