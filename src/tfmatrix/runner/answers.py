"""A probe's answers as records: of each tensor that comes whole, the digest is taken again.

A model shares its process with what answers for it. An answer that can't be one is the end of its own trial, and of no
other: by accident it may have written into a pipe, or put a function of its own in the place of one that is needed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tfmatrix.records import CRASHED, FAILED, NO_ANSWER, OBSERVED, ExpectedTrial, Fingerprint, Tensor, Trial
from tfmatrix.store.fingerprints import fits, tensor_digest, trace_digest

TEXTS = ("kind", "message", "where", "traceback", "output")
EVIDENCE = (*TEXTS, "seconds", "peak_kib")

LARGEST = 1 << 29
"""Bytes of a tensor that are taken: as many as a probe keeps."""

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Meta(ge=0, le=2**53)]


class Header(msgspec.Struct, frozen=True):
    """What every answer says of its trial."""

    outcome: Literal["observed", "failed", "crashed", "timed-out", "unsupported"]
    kind: str = ""
    message: str = ""
    where: str = ""
    traceback: str = ""
    output: str = ""
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    peak_kib: Count = 0
    read: tuple[tuple[str, str], ...] = ()
    outside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True):
    """What the payload of an observed trial holds."""

    trace: tuple[tuple[str, str, Digest], ...]
    tensors: tuple[
        tuple[Digest, Annotated[str, Meta(pattern="^[a-z0-9_]+$")], tuple[Count, ...], Count, bool],
        ...,
    ]


class NoAnswer(Exception):
    """What was answered is no answer of a trial; the message says why."""


def to_trial(
    expected: ExpectedTrial, header: Mapping[str, Any], payload: bytes, root: Path
) -> tuple[Trial, tuple[Fingerprint, ...], dict[str, Tensor]]:
    """Return the trial of an answer, its trace, and its tensors by digest; ``root`` is the project's folder.

    Where the answer can't be one, a tensor's bytes not having the digest that was told for example, the trial crashed.
    """
    try:
        said = msgspec.convert(header, Header)
        evidence = {name: getattr(said, name) for name in EVIDENCE} | _rested_on(said, root)
        evidence |= {name: _text(evidence[name]) for name in TEXTS}
        if said.outcome != OBSERVED:
            return trial_of(expected, said.outcome, **evidence), (), {}
        trace, tensors = _observed(payload)
    except (NoAnswer, ValueError, RecursionError) as error:  # msgspec's and json's errors are ValueErrors
        return trial_of(expected, CRASHED, kind=NO_ANSWER, message=_not_one(expected, error)), (), {}
    if reason := _unusable(trace):
        evidence["message"] = reason
        return trial_of(expected, FAILED, **evidence), (), {}
    return trial_of(expected, OBSERVED, trace=trace_digest(trace), **evidence), trace, tensors


def to_answer(
    trial: Trial, trace: Iterable[Fingerprint], tensors: Mapping[str, Tensor]
) -> tuple[dict[str, Any], bytes]:
    """Return a trial as a probe would answer it, header and payload: `to_trial` makes the same trial of it."""
    header = {name: getattr(trial, name) for name in Header.__struct_fields__}
    if trial.outcome != OBSERVED:
        return header, b""
    manifest = {
        "trace": [[one.tier, one.stage, one.digest] for one in trace],
        "tensors": [[name, one.dtype, one.shape, len(one.data), one.whole] for name, one in tensors.items()],
    }
    told = json.dumps(manifest).encode()
    return header, b"".join([len(told).to_bytes(8, "little"), told, *(one.data for one in tensors.values())])


def _observed(payload: bytes) -> tuple[tuple[Fingerprint, ...], dict[str, Tensor]]:
    """Return the trace and tensors of a payload, raising NoAnswer or ValueError where there is none."""
    length = int.from_bytes(payload[:8], "little")
    manifest = msgspec.convert(json.loads(payload[8 : 8 + length]), Manifest)
    tensors = dict(_tensors(manifest, payload, 8 + length))
    if strangers := {digest for _, _, digest in manifest.trace} - set(tensors):
        raise NoAnswer(f"nothing is said of {min(strangers)}")
    return tuple(Fingerprint(*entry) for entry in manifest.trace), tensors


def _not_one(expected: ExpectedTrial, error: Exception) -> str:
    return (
        f"{Path(expected.cell.model.path).name}: its answer is not valid ({_text(str(error))}): the model changed code "
        "that observes it, or wrote into its pipes; if it does neither, this is a bug of tfmatrix."
    )


def _text(told: str) -> str:
    """Return text that can be printed and stored: half a character is written out."""
    return told.encode("utf-8", "backslashreplace").decode("utf-8")


def _rested_on(said: Header, root: Path) -> dict[str, Any]:
    """Return what a trial read, by paths that stay as they are where the project is moved."""
    read = {_from_root(path, root): digest for path, digest in said.read}
    return {"read": tuple(sorted(read.items())), "outside": said.outside, "notes": said.notes}


def _from_root(path: str, root: Path) -> str:
    for folder in (str(root.absolute()), str(root.resolve())):
        if path.startswith(folder + os.sep):
            return path[len(folder) + 1 :]
    return path


def _unusable(trace: tuple[Fingerprint, ...]) -> str:
    """Return why no trial can have this trace, empty where one can."""
    if not trace:
        return "the trial ended without recording any stage"
    names = (name for one in trace for name in (one.tier, one.stage))
    broken = (name for name in names if name != name.encode("utf-8", "replace").decode("utf-8"))
    return next((f"the name of {name!a} has half a character, which is no text" for name in broken), "")


def trial_of(expected: ExpectedTrial, outcome: str, **evidence: Any) -> Trial:
    """Return the trial that an expected one became."""
    return Trial(key=expected.key, outcome=outcome, id=expected.id, covers=expected.covers, **evidence)


def _tensors(manifest: Manifest, payload: bytes, at: int) -> Iterator[tuple[str, Tensor]]:
    """Yield digest and tensor of each entry of a manifest; its bytes begin at ``at``."""
    for digest, dtype, shape, size, whole in manifest.tensors:
        tensor = Tensor(dtype, shape, payload[at : at + size], whole)
        if len(tensor.data) != size or (whole and tensor_digest(tensor) != digest):
            raise NoAnswer(f"the bytes of a tensor of {dtype} {list(shape)} do not have the digest {digest}")
        if size > LARGEST or not fits(tensor):
            raise NoAnswer(f"{size} bytes are no tensor of {dtype} {list(shape)}")
        yield digest, tensor
        at += size
