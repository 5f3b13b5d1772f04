"""A probe's answers as records: of each tensor that comes whole, the digest is taken again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfmatrix.errors import InternalError
from tfmatrix.records import FAILED, OBSERVED, ExpectedTrial, Fingerprint, Tensor, Trial
from tfmatrix.store.fingerprints import fits, tensor_digest, trace_digest

EVIDENCE = ("kind", "message", "where", "traceback", "output", "seconds", "peak_kib")


def to_trial(
    expected: ExpectedTrial, header: Mapping[str, Any], payload: bytes, root: Path
) -> tuple[Trial, tuple[Fingerprint, ...], dict[str, Tensor]]:
    """Return the trial of an answer, its trace, and its tensors by digest; ``root`` is the project's folder.

    Raises ``InternalError`` where a tensor's bytes do not have the digest that the probe gave them, or not its shape.
    """
    evidence = {name: header[name] for name in EVIDENCE if name in header} | _rested_on(header, root)
    if header["outcome"] != OBSERVED:
        return trial_of(expected, header["outcome"], **evidence), (), {}
    length = int.from_bytes(payload[:8], "little")
    manifest = json.loads(payload[8 : 8 + length])
    trace = tuple(Fingerprint(*entry) for entry in manifest["trace"])
    tensors = dict(_tensors(manifest["tensors"], payload, 8 + length))
    if reason := _unusable(trace):
        evidence["message"] = reason
        return trial_of(expected, FAILED, **evidence), (), {}
    if strangers := {print_.digest for print_ in trace} - set(tensors):
        raise InternalError(f"the probe says nothing of {min(strangers)}")
    return trial_of(expected, OBSERVED, trace=trace_digest(trace), **evidence), trace, tensors


def _rested_on(header: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return what a trial read, by paths that stay as they are where the project is moved."""
    read = {_from_root(path, root): digest for path, digest in header.get("read", ())}
    return {
        "read": tuple(sorted(read.items())),
        "outside": tuple(header.get("outside", ())),
        "notes": tuple(header.get("notes", ())),
    }


def _from_root(path: str, root: Path) -> str:
    for folder in (str(root.absolute()), str(root.resolve())):
        if path.startswith(folder + os.sep):
            return path[len(folder) + 1 :]
    return path


def _unusable(trace: tuple[Fingerprint, ...]) -> str:
    """Return why no trial can have this trace, empty where one can."""
    if not trace:
        return "the trial ended without recording any stage"
    names = (print_.stage for print_ in trace)
    broken = (name for name in names if name != name.encode("utf-8", "replace").decode("utf-8"))
    return next((f"the name of {name!a} has half a character, which is no text" for name in broken), "")


def trial_of(expected: ExpectedTrial, outcome: str, **evidence: Any) -> Trial:
    """Return the trial that an expected one became."""
    return Trial(key=expected.key, outcome=outcome, id=expected.id, covers=expected.covers, **evidence)


def _tensors(listed: list[Any], payload: bytes, at: int) -> Any:
    """Yield digest and tensor of each entry of a manifest; its bytes begin at ``at``."""
    for digest, dtype, shape, size, whole in listed:
        tensor = Tensor(dtype, tuple(shape), payload[at : at + size], whole)
        if len(tensor.data) != size or (whole and tensor_digest(tensor) != digest):
            raise InternalError(f"the bytes of a tensor of {dtype} {shape} do not have the digest {digest}")
        if not fits(tensor):
            raise InternalError(f"{len(tensor.data)} bytes are no tensor of {dtype} {shape}")
        yield digest, tensor
        at += size
