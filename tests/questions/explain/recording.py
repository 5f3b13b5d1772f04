"""Recordings of ops for tests: a step in a few lines, and the trial that would have recorded it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tfmatrix.questions.explain.streams import DESCRIBED, TIER, Recording, recorded
from tfmatrix.records import Fingerprint, Tensor
from tfmatrix.store.fingerprints import tensor_digest

Tensors = dict[str, Tensor]


def text_tensor(told: Any) -> Tensor:
    """Return JSON as a probe writes it down."""
    data = json.dumps(told).encode("ascii")
    return Tensor("string", (), len(data).to_bytes(8, "little") + data)


def digest(name: str) -> str:
    """Return a digest that stands for a name."""
    return hashlib.sha256(name.encode("ascii")).hexdigest()


def given(name: str = "x", source: str = "given", **further: Any) -> dict[str, Any]:
    """Return an input as a probe describes it; its digest is its name's."""
    return {"source": source, "digest": digest(name), "dtype": "float32", "shape": [2], **further}


def op(kind: str, phase: str = "forward", layer: str = "a", **fields: Any) -> dict[str, Any]:
    """Return an op as a probe describes it, with one input and one output where nothing else is said."""
    made = {"stage": f"op/{fields.pop('named', kind)}", "digest": digest(f"made by {kind}"), "dtype": "float32"}
    usual = {"attributes": {}, "inputs": [given()], "outputs": [{**made, "shape": [2]}], "obstacle": ""}
    return {"type": kind, "phase": phase, "layer": layer, **usual, **fields}


def trial_of(
    ops: Iterable[Mapping[str, Any]], tensors: Tensors, classes: Sequence[str] = ()
) -> tuple[Fingerprint, ...]:
    """Return the trace of a trial that recorded some ops and classes, and put its tensors beside others."""
    described = text_tensor({"ops": list(ops), "classes": classes})
    tensors[tensor_digest(described)] = described
    return (Fingerprint(TIER, DESCRIBED, tensor_digest(described)),)


def recording(*ops: Mapping[str, Any], tensors: Tensors | None = None) -> Recording:
    """Return the recording of some ops."""
    tensors = {} if tensors is None else tensors
    found = recorded(trial_of(ops, tensors), tensors.__getitem__)
    assert found is not None
    return found


def numbers(*values: float) -> tuple[str, Tensor]:
    """Return a tensor of some numbers behind its digest."""
    array = np.asarray(values, np.float32)
    found = Tensor("float32", array.shape, array.tobytes())
    return tensor_digest(found), found
