"""The description of a step: its ops as JSON, and the tensors that they are given and make, in a recorder.

The trace has a stage for each output, ``op/000123/forward/conv/Conv2D``, further ones ``.1``, ``.2``; what a variable
holds after an op that moves it counts as one, ``.variable``. Inputs that no recorded op made are stages
``given/000001``. The stage ``described`` has all ops as JSON, and the classes of Keras that were called: `Op` and
`Recording` in the host's `questions/explain/streams.py` say what each field is.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np
import tensorflow as tf

from ..fingerprint import canonical
from ..fingerprint import digest as digest_of
from ..recorder import OPS, Recorder
from . import attributes as typed

FEW = 8
"""Elements up to which the numbers of a constant are told: an epsilon, a shape, an axis."""

OUT_OF_REACH = (tf.resource, tf.variant)
"""What can't be made elsewhere out of bytes; a variable can."""

Told = Dict[str, Any]
"""What is told of an op or of a tensor."""


class Header(NamedTuple):
    """Which op it is, and where in the step."""

    kind: str
    phase: str
    layer: str
    of: Optional[int] = None
    """The number of the op that it differentiates, where that is known."""
    session: bool = False
    """Whether a session runs it, and it is not executed eagerly."""


class Entry:
    """One op that is described: what it is given and makes is told of it in turn."""

    def __init__(self, description: Description, number: int, header: Header, attributes: Any) -> None:
        """Take its attributes as names and values in turn."""
        self.number = number
        self._description = description
        self._obstacles: List[str] = []
        self._stage = "/".join(filter(None, ("op/{:06d}".format(number), header.phase, header.layer, header.kind)))
        self._parameters: List[str] = []
        self.told: Told = {"type": header.kind, "phase": header.phase, "layer": header.layer, "session": header.session}
        if header.of is not None:
            self.told["of"] = header.of
        self.told.update(attributes={}, inferred=[], inputs=[], outputs=[], obstacle="")
        try:
            self.told["attributes"] = typed.told(header.kind, attributes)
            self.told["inferred"] = typed.inferred(header.kind)
            self._parameters = typed.parameters(header.kind, self.told["attributes"])
        except typed.Untold as error:
            self.hinder(str(error))

    def hinder(self, obstacle: str) -> None:
        """Take in why it can't be replayed; the first reason is the one that is told."""
        self.told["obstacle"] = self.told["obstacle"] or obstacle

    def give(self, found: Told, dtype: Any) -> None:
        """Take in what is told of its next input, of a dtype; one without a digest has no bytes."""
        at = len(self.told["inputs"])
        if at < len(self._parameters):
            found = {**found, "parameter": self._parameters[at]}
        self.told["inputs"].append(found)
        if not found["digest"]:
            self.hinder("takes a {} that is no variable".format(dtype.name))
        elif not self._description.holds(found["digest"]):
            self.hinder("is given more than is kept")

    def make(self, value: Any) -> Told:
        """Record its next output, and return what is told of it."""
        at = len(self.told["outputs"])
        found = self._description.record(self._stage + (".{}".format(at) if at else ""), value)
        self.told["outputs"].append(found)
        return found

    def make_unreached(self, dtype: Any) -> None:
        """Take in that its next output has no bytes."""
        self.hinder("makes a {}".format(dtype.name))
        self.told["outputs"].append({"stage": "", "dtype": dtype.name, "shape": [], "digest": ""})

    def move(self, at: int, value: Any) -> None:
        """Record what a variable holds that it moved, the first one at 0."""
        self.told["outputs"].append(self._description.record("{}.variable{}".format(self._stage, at or ""), value))


class Description:
    """The ops of one trial that are described so far."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.ops: List[Told] = []
        self._stages: Dict[str, None] = {}
        """The digests that some stage has."""
        self._given = 0

    def begin(self, header: Header, attributes: Any) -> Entry:
        """Return the entry of the next op."""
        entry = Entry(self, len(self.ops), header, attributes)
        self.ops.append(entry.told)
        return entry

    def hold(self, value: Any) -> Told:
        """Have the bytes of a value held under a stage of its own, where no other has them; tell of it."""
        digest = digest_of(canonical(value))
        if digest not in self._stages:
            self._stages[digest] = None
            self._given += 1
            self._recorder.record(OPS, "given/{:06d}".format(self._given), value)
        return {"digest": digest, "dtype": _dtype_of(value), "shape": list(np.shape(value))}

    def record(self, stage: str, value: Any) -> Told:
        """Record a value that an op made, and tell of it."""
        digest = self._recorder.record(OPS, stage, value)
        self._stages[digest] = None
        return {"stage": stage, "digest": digest, "dtype": _dtype_of(value), "shape": list(np.shape(value))}

    def holds(self, digest: str) -> bool:
        """Tell whether all bytes of a digest are kept."""
        return self._recorder.holds(digest)

    def write_down(self, classes: Sequence[str]) -> None:
        """Record what all ops are told as, and the classes of Keras that called them."""
        told = {"ops": self.ops, "classes": classes}
        self._recorder.record(OPS, "described", json.dumps(told, sort_keys=True).encode("ascii"))


def given(found: Told, value: Any) -> Told:
    """Return what is told of a tensor as of one that no recorded op made: with its numbers, where these are few."""
    told = {name: one for name, one in found.items() if name != "stage"}
    if np.prod(told["shape"], dtype=np.int64) <= FEW:
        told["value"] = [str(one) for one in np.ravel(value)]
    return {**told, "source": "given"}


def unreached(dtype: Any) -> Told:
    """Return what is told of a tensor that has no bytes."""
    return {"source": "unreached", "dtype": dtype.name, "shape": [], "digest": ""}


def _dtype_of(value: Any) -> str:
    """Return TensorFlow's name of a value's dtype."""
    return "string" if isinstance(value, (bytes, str)) else str(tf.as_dtype(np.asarray(value).dtype).name)
