"""The host's side of a probe, as small as it can be: one process, one request at a time."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import tfmatrix
from tfmatrix.runner.launching import FLAGS

PROBE = Path(tfmatrix.__file__).parent / "probe"
MODELS = Path(__file__).parents[1] / "models"
PATIENCE = 900.0
"""Seconds without a byte after which a server counts as hanging."""
TIME = 600.0
"""Seconds that a trial has: the machine may be busy with other things."""


class Answer(NamedTuple):
    """One answer: its header, and the digests of the stages that it holds."""

    header: dict[str, Any]
    trace: dict[str, str]
    manifest: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        """Return a field of the header."""
        try:
            return self.header[name]
        except KeyError:
            raise AttributeError(name) from None


class Server:
    """A running probe; leaving it closes its input and waits for its end."""

    def __init__(self, interpreter: str, **variables: str) -> None:
        reading, writing = os.pipe()
        self._answers = reading
        self.process = subprocess.Popen(
            [interpreter, *FLAGS, str(PROBE)],
            stdin=subprocess.PIPE,
            pass_fds=[writing],
            env=environ(writing, **variables),
        )
        os.close(writing)
        self.description = self._header()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, stack: TracebackType | None) -> None:
        self.close()

    def ask(self, path: Path | str, mode: str = "tf2", timeout: float = TIME, **further: Any) -> Answer:
        """Run a model file, or one of the zoo by its name, and return the answer."""
        self.send(path, mode, timeout, **further)
        return self.receive()

    def send(self, path: Path | str, mode: str = "tf2", timeout: float = TIME, **further: Any) -> None:
        """Send a request and do not wait."""
        assert self.process.stdin is not None
        self.process.stdin.write(request(path, mode, timeout, **further))
        self.process.stdin.flush()

    def receive(self) -> Answer:
        """Wait for the answer; the tensors' bytes are read and dropped."""
        header = self._header()
        left = header["size"]
        if not left:
            return Answer(header, {}, {})
        length = int.from_bytes(self._read(8), "little")
        manifest = json.loads(self._read(length))
        left -= 8 + length
        assert left == sum(size for _, _, _, size, _ in manifest["tensors"])
        while left:
            left -= len(self._some(left))
        return Answer(header, {stage: digest for _, stage, digest in manifest["trace"]}, manifest)

    def close(self) -> int:
        """Close the input and return the exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        status = self.process.wait(PATIENCE)
        os.close(self._answers)
        return status

    def _header(self) -> dict[str, Any]:
        header: dict[str, Any] = json.loads(self._read(int.from_bytes(self._read(8), "little")))
        return header

    def _read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            parts += self._some(size - len(parts))
        return bytes(parts)

    def _some(self, size: int) -> bytes:
        ready, _, _ = select.select([self._answers], [], [], PATIENCE)
        data = os.read(self._answers, min(size, 1 << 20)) if ready else b""
        assert data, "the server ended" if ready else "the server fell silent"
        return data


def environ(answers: int, **variables: str) -> dict[str, str]:
    """Return the variables that a server starts with."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "1", "PYTHONHASHSEED": "0"}
    scratch = tempfile.mkdtemp(prefix="tfmatrix-scratch-")  # which the probe removes
    return {**inherited, **quiet, "TFMATRIX_ANSWERS": str(answers), "TFMATRIX_SCRATCH": scratch, **variables}


def request(path: Path | str, mode: str = "tf2", timeout: float = TIME, **further: Any) -> bytes:
    """Return one request, as it goes over the pipe."""
    asked = {
        "path": str(path if isinstance(path, Path) else MODELS / f"{path}.py"),
        "variant": "",
        "mode": mode,
        "seed": 1,
        "jitter": 0,
        "purpose": "train",
        "intra_op": 2,
        "inter_op": 2,
        "timeout": timeout,
        "fresh": False,
        **further,
    }
    return json.dumps(asked).encode("ascii") + b"\n"


def line_of(path: Path | str, text: str) -> str:
    """Return ``line N``, N being the first line of a model file that has the text."""
    file = path if isinstance(path, Path) else MODELS / f"{path}.py"
    lines = file.read_text(encoding="utf-8").splitlines()
    return f"line {next(number for number, line in enumerate(lines, 1) if text in line)}"


def wait_for_writers(meeting: int, seconds: float = 20.0) -> None:
    """Return once every process that held the other end of a pipe is gone; fail where one lives on."""
    deadline = time.monotonic() + seconds
    while select.select([meeting], [], [], max(0.0, deadline - time.monotonic()))[0]:
        if not os.read(meeting, 4096):
            return
    raise AssertionError("a process that the trial started lives on")


HOST = """
import os, subprocess, sys
reading, writing = os.pipe()
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, pass_fds=[writing],
                          env=dict(os.environ, TFMATRIX_ANSWERS=str(writing)))
server.stdin.write(sys.stdin.buffer.readline())
server.stdin.flush()
server.wait()
"""
"""A host that passes on one request and waits."""


def start_host(interpreter: str, asked: bytes, **variables: str) -> subprocess.Popen[bytes]:
    """Start a host in a process of its own, with a server that is asked one thing."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOST, interpreter, *FLAGS, str(PROBE)],
        stdin=subprocess.PIPE,
        env=environ(0, **variables),
    )
    assert process.stdin is not None
    process.stdin.write(asked)
    process.stdin.flush()
    return process
