"""A program that speaks the probe's protocol and has no TensorFlow: what it does is the name of the model file.

The variable FAKE_START says what it does in the place of importing TensorFlow, FAKE_FORK=0 that it cannot fork,
FAKE_NUMPY which NumPy it imported, and FAKE_LOSS what of its environment is lost meanwhile.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SHARED = ("path", "variant", "mode", "seed", "jitter", "purpose")
"""What of a request its answer tells, so that no answer can be taken for that to another request."""


def message(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """Return a message of the protocol."""
    encoded = json.dumps({**header, "size": len(payload)}).encode("ascii")
    return len(encoded).to_bytes(8, "little") + encoded + payload


def told(request: Mapping[str, Any]) -> bytes:
    """Return the bytes of the one tensor that is observed for a request; without taps the same is seen."""
    seen = {**request, "purpose": "train"} if request["purpose"] == "plain" else request
    return json.dumps([seen[name] for name in SHARED]).encode("ascii")


def payload(request: Mapping[str, Any], *, digest: str = "", cut: int = 0) -> bytes:
    """Return an observed trial's payload: one tensor; another digest, or bytes cut off, where a test wants them."""
    whole = packed({"native init/told": told(request)}, digest)
    return whole[: len(whole) - cut]


def stages(request: Mapping[str, Any]) -> dict[str, bytes]:
    """Return what is observed for a request where there are several stages: tier and stage, and bytes."""
    data = told(request)
    return {"native init/told": data, "native weights@1/told": data[::-1], "injected gradient/told": data * 2}


def packed(observed: Mapping[str, bytes], digest: str = "") -> bytes:
    """Return the payload of some stages, each a tensor of bytes; another digest where a test wants one."""
    trace, tensors = [], []
    for name, data in observed.items():
        found = digest or hashlib.sha256(f"uint8\0{len(data)}\0".encode() + data).hexdigest()
        trace.append([*name.split(" "), found])
        tensors.append([found, "uint8", [len(data)], len(data), True])
    manifest = json.dumps({"trace": trace, "tensors": tensors}).encode("ascii")
    return len(manifest).to_bytes(8, "little") + manifest + b"".join(observed.values())


def exchanged() -> bytes:
    """Return the payload of both sides of an exchange in which everything comes back."""
    found = hashlib.sha256(b"uint8\x001\x00w").hexdigest()
    trace = [["native", stage, found] for stage in ("weights/w", "predict/output")]
    manifest = json.dumps({"trace": trace, "tensors": [[found, "uint8", [1], 1, True]]}).encode("ascii")
    return len(manifest).to_bytes(8, "little") + manifest + b"w"


class FakeProbe:
    """Answers requests until its input ends."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self._held = b""
        self._number = ""

    def start(self, how: str) -> None:
        """Tell what this process is, or do what a broken environment does."""
        if how == "dies":
            sys.stderr.write("libtensorflow.so is no library\n")
            os._exit(1)
        if how == "hangs":
            signal.pause()
        if how == "writes garbage":
            self._write(b"Traceback: this is no message" * 9)
            return
        for path in Path(sys.executable).parents[1].glob(os.environ.get("FAKE_LOSS", "no file")):
            path.unlink()
        can_fork = os.environ.get("FAKE_FORK") != "0"
        described: dict[str, Any] = {"import_seconds": 0.0, "can_fork": can_fork, "pid": os.getpid()}
        if not json.loads(os.environ.get("TFMATRIX_START", "{}")).get("bare"):  # which imports no NumPy
            described["numpy"] = os.environ.get("FAKE_NUMPY", "")
        self._write(message(described))

    def serve(self) -> None:
        """Do for each request what its model file is called after."""
        for line in sys.stdin.buffer:
            request = json.loads(line)
            self._number = request.pop("number")
            self._write(self._held)
            self._held = b""
            self._action(Path(request["path"]).stem)(request)
            if request["fresh"]:
                return

    def _action(self, name: str) -> Callable[[Mapping[str, Any]], None]:
        action: Callable[[Mapping[str, Any]], None] = getattr(self, name, self.healthy)
        return action

    def healthy(self, request: Mapping[str, Any]) -> None:
        """Observe it; what is to be written is."""
        if request["purpose"] == "write":
            Path(request["artefact"]).mkdir(parents=True, exist_ok=True)
            (Path(request["artefact"]) / "file").write_bytes(told(request))
        if request["purpose"] in {"write", "read"}:
            self._write(self._answer({"outcome": "observed", "seconds": 0.5, "output": ""}, exchanged()))
            return
        self._write(self._answer({"outcome": "observed", "seconds": 0.5, "output": ""}, payload(request)))

    def has_the_gpu(self, request: Mapping[str, Any]) -> None:
        """Observe it where somebody has the machine's GPUs for it; else it failed."""
        with open(Path(os.environ["TMPDIR"]) / f"tfmatrix-gpu-{os.getuid()}.lock", "a") as lock:  # noqa: PTH123
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.healthy(request)
            else:
                self.fails(request)

    def tells(self, request: Mapping[str, Any]) -> None:
        """Observe it, and write what it was asked and what this process was started with."""
        started = {"pid": os.getpid(), "processors": len(os.sched_getaffinity(0)), "variables": dict(os.environ)}
        output = json.dumps({"request": request, **started})
        self._write(self._answer({"outcome": "observed", "output": output}, payload(request)))

    def has_stages(self, request: Mapping[str, Any]) -> None:
        """Observe several stages of two tiers."""
        self._write(self._answer({"outcome": "observed"}, packed(stages(request))))

    def waits(self, request: Mapping[str, Any]) -> None:
        """Observe it once a byte comes out of the pipe beside the model file."""
        pipe = os.open(Path(request["path"]).with_suffix(".pipe"), os.O_RDONLY)
        os.read(pipe, 1)
        os.close(pipe)
        self.healthy(request)

    def starts_a_process(self, request: Mapping[str, Any]) -> None:
        """Observe it, and leave a process of another session."""
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        self.healthy(request)

    def late(self, request: Mapping[str, Any]) -> None:
        """Answer when the next request comes."""
        self._held = self._answer({"outcome": "observed"}, payload(request))

    def dies(self, request: Mapping[str, Any]) -> None:
        """End in the middle."""
        sys.stderr.write("out of bytes\n")
        os._exit(7)

    def dies_once(self, request: Mapping[str, Any]) -> None:
        """End in the middle, the first time that a trial is asked for."""
        mark = Path(f"{request['path']}.{hashlib.sha256(told(request)).hexdigest()}")
        if mark.exists():
            self.healthy(request)
            return
        mark.touch()
        os._exit(7)

    def ends_what_runs_it(self, request: Mapping[str, Any]) -> None:
        """Kill the process that started this one."""
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(1)

    def hangs(self, request: Mapping[str, Any]) -> None:
        """Never answer."""
        signal.pause()

    def fails(self, request: Mapping[str, Any]) -> None:
        """Tell of an exception."""
        self._write(self._answer({"outcome": "failed", "kind": "ValueError", "message": "a | b\nc", "where": "line 3"}))

    def is_cut_off(self, request: Mapping[str, Any]) -> None:
        """End within an answer."""
        whole = self._answer({"outcome": "observed"}, payload(request))
        self._write(whole[:-5])
        os._exit(0)

    def closes_its_answers(self, request: Mapping[str, Any]) -> None:
        """Close the answers and go on."""
        os.close(self._answers)
        signal.pause()

    def claims_a_size_below_nothing(self, request: Mapping[str, Any]) -> None:
        """Write a header whose size is no size."""
        header = b'{"outcome": "observed", "size": -1}'
        self._write(len(header).to_bytes(8, "little") + header)

    def writes_garbage(self, request: Mapping[str, Any]) -> None:
        """Write what is no message."""
        self._write(b"this is no message at all" * 9)

    def lies(self, request: Mapping[str, Any]) -> None:
        """Name a digest that the bytes do not have."""
        self._write(self._answer({"outcome": "observed"}, payload(request, digest="ab" * 32)))

    def cuts_a_tensor(self, request: Mapping[str, Any]) -> None:
        """Send fewer bytes of a tensor than the manifest says."""
        self._write(self._answer({"outcome": "observed"}, payload(request, cut=1)))

    def answers_something_else(self, request: Mapping[str, Any]) -> None:
        """Answer a request that nobody made."""
        self._number = "another"
        self.healthy(request)

    def answers_without_shape(self, request: Mapping[str, Any]) -> None:
        """Say of a trial what nothing can be."""
        self._write(self._answer({"outcome": "observed", "seconds": "long"}, b"{}"))

    def _answer(self, header: Mapping[str, Any], data: bytes = b"") -> bytes:
        return message({**header, "number": self._number}, data)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._answers, data) :]


if __name__ == "__main__":
    del os.environ["TFMATRIX_SCRATCH"]
    probe = FakeProbe(int(os.environ.pop("TFMATRIX_ANSWERS")))
    probe.start(os.environ.get("FAKE_START", ""))
    probe.serve()
