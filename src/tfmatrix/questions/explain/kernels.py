"""Kernels: the ops that one release recorded, executed alone in another on what they were given there.

What the question's judge calls::

    handed(recording, tensor) -> bytes                     # the file that a trial of work `Replay` is handed
    made(recording, numbers, tensor) -> bytes              # and one of work `Feed`
    digest(recording) -> str                               # what that trial is told to have been handed
    culprit(trial) -> int | None                           # the op that ended the process: asked again, it is skipped
    replayed(trace, tensor) -> Replayed | None             # of a trial of work `Replay`
    kernels(recording, own, other, distance) -> Kernels    # own: replayed where it was recorded; other: elsewhere

A replay in the release that recorded must give the same bits; where an op does not, it is unstable and says nothing of
another release. ``tensor`` gives the tensor of a digest and ``distance`` how far two digests lie apart, as a store has
them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tfmatrix.compare.distance import Distance
from tfmatrix.questions.explain.streams import REPLAYED, TIER, Find, Op, Recording
from tfmatrix.records import Fingerprint, Trial
from tfmatrix.store.fingerprints import to_array

Measure = Callable[[str, str], Distance]
"""From two digests to their distance."""

Layout = tuple[str, tuple[int, ...]]
"""Dtype and shape."""


@dataclass(frozen=True)
class Replayed:
    """What came of replaying recorded ops in one release."""

    outputs: Mapping[str, str]
    """The digest of each output, by its stage."""
    obstacles: Mapping[int, str]
    """Why an op was not replayed: ``this release has no op Foo``."""


class Unlike(NamedTuple):
    """One output of an op that has other bits."""

    stage: str
    recorded: str
    """The digest that was recorded, and replayed in the same release."""
    replayed: str
    distance: Distance


@dataclass(frozen=True)
class Kernel:
    """An op of which the other release's kernel makes other bits of equal inputs."""

    op: Op
    inputs: tuple[Layout, ...]
    outputs: tuple[Unlike, ...]
    """Those that have other bits."""

    @property
    def farthest(self) -> Unlike:
        """Return the output that lies farthest from what was recorded, in scaled error."""
        return max(self.outputs, key=lambda one: (not one.distance.comparable, one.distance.scaled_error or 0.0))


@dataclass(frozen=True)
class Coverage:
    """How many of the recorded ops say something of the other release."""

    recorded: int
    replayed: int
    """In both releases, and with the same bits where they were recorded."""
    reasons: tuple[tuple[str, int], ...] = ()
    """Why the others say nothing, and how many these are, most of them first."""


@dataclass(frozen=True)
class Kernels:
    """What replaying says."""

    changed: tuple[Kernel, ...]
    """In the order of the step."""
    unstable: tuple[Op, ...]
    """Those that have other bits when they are replayed where they were recorded."""
    coverage: Coverage


UNSTABLE = "other bits in the same release"
"""Why an unstable op says nothing."""


def handed(recording: Recording, tensor: Find) -> bytes:
    """Return the file that a replay is handed: the ops, and what they are given.

    A manifest's length (8 bytes, little-endian), the manifest (JSON), then the bytes of the tensors, one after another.
    The manifest has the ops as they were described, and digest, dtype, shape and length of each tensor. What was not
    kept whole is left out.
    """
    return _file(recording, [one.digest for op in recording.ops if not op.obstacle for one in op.inputs], tensor)


def made(recording: Recording, numbers: Iterable[int], tensor: Find) -> bytes:
    """Return the file that a trial is handed in which some ops are fed: the ops, and what these make; as `handed`."""
    return _file(recording, [one.digest for number in numbers for one in recording.ops[number].outputs], tensor)


def _file(recording: Recording, wanted: Iterable[str], tensor: Find) -> bytes:
    tensors = {digest: found for digest in dict.fromkeys(wanted) if (found := tensor(digest)).whole}
    described = json.loads(to_array(tensor(recording.described)).item())
    told = [[digest, one.dtype, one.shape, len(one.data)] for digest, one in tensors.items()]
    manifest = json.dumps({"ops": described["ops"], "tensors": told}).encode("ascii")
    return b"".join([len(manifest).to_bytes(8, "little"), manifest, *(one.data for one in tensors.values())])


def digest(recording: Recording) -> str:
    """Return what stands for all that a replay is handed: the description names each tensor by its digest."""
    return recording.described


def culprit(trial: Trial) -> int | None:
    """Return the number of the op at which a replay ended without an answer; None where it ended at none."""
    found = re.fullmatch(r"op ([0-9]+)", trial.where)
    return int(found[1]) if found else None


def replayed(trace: Iterable[Fingerprint], tensor: Find) -> Replayed | None:
    """Return what a trial replayed; None where it replayed nothing."""
    outputs = {one.stage: one.digest for one in trace if one.tier == TIER}
    if REPLAYED not in outputs:
        return None
    told = json.loads(to_array(tensor(outputs.pop(REPLAYED))).item())
    return Replayed(outputs, {int(number): reason for number, reason in told["obstacles"].items()})


def kernels(recording: Recording, own: Replayed, other: Replayed, distance: Measure) -> Kernels:
    """Return the ops of which the other release makes other bits, and how much of the step that was asked of."""
    changed, unstable = [], []
    reasons: Counter[str] = Counter()
    for op in recording.ops:
        reason = op.obstacle or own.obstacles.get(op.number) or other.obstacles.get(op.number) or ""
        if not reason and _unlike(op, own):
            unstable.append(op)
            reason = UNSTABLE
        if reason:
            reasons[reason] += 1
        elif unlike := _unlike(op, other):
            outputs = tuple(Unlike(*one, distance(*one[1:])) for one in unlike)
            inputs = tuple((one.dtype, one.shape) for one in op.inputs)
            changed.append(Kernel(op, inputs, outputs))
    count = len(recording.ops)
    coverage = Coverage(count, count - reasons.total(), tuple(reasons.most_common()))
    return Kernels(tuple(changed), tuple(unstable), coverage)


def _unlike(op: Op, replay: Replayed) -> list[tuple[str, str, str]]:
    """Return the outputs of an op that have other bits in a replay: stage, and the digest of both."""
    pairs = ((one.stage, one.digest, replay.outputs.get(one.stage, "")) for one in op.outputs if one.stage)
    return [one for one in pairs if one[1] != one[2]]
