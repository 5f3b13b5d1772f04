"""What a trial is handed of single ops that another one recorded: to replay them, or to take what they made there."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence

import numpy as np
import tensorflow as tf

from . import attributes as typed


class Recorded:
    """What a file of the host's has: ops, and tensors by their digests."""

    def __init__(self, path: str) -> None:
        """Read the file: the length of a manifest (8 bytes, little-endian), the manifest (JSON), then the tensors."""
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            manifest = json.loads(file.read(length).decode("ascii"))
            self._data = file.read()
        self.ops: List[Dict[str, Any]] = manifest["ops"]
        self._at: Dict[str, Any] = {}
        at = 0
        for digest, dtype, shape, size in manifest["tensors"]:
            self._at[digest] = dtype, shape, at, size
            at += size

    @property
    def digests(self) -> List[str]:
        """The digests of which there are bytes."""
        return list(self._at)

    def array(self, digest: str) -> Any:
        """Return an array; raise Untold where there are no bytes of it."""
        if digest not in self._at:
            raise typed.Untold("what it is given was not kept")
        dtype, shape, at, size = self._at[digest]
        data = self._data[at : at + size]
        if dtype == "string":
            return np.array([*_strings(data), None], dtype=object)[:-1].reshape(shape)
        return np.frombuffer(data, tf.as_dtype(dtype).as_numpy_dtype).reshape(shape)

    def tensor(self, digest: str) -> Any:
        """Return an eager tensor; raise Untold where there are no bytes of it."""
        array = self.array(digest)
        return tf.constant(array, tf.string if array.dtype == object else None, shape=array.shape)


class Made(NamedTuple):
    """What another trial recorded of an op: its type, and what it made."""

    kind: str
    outputs: List[Any]
    """As arrays; nothing of what has no bytes."""


def made(path: str, numbers: Sequence[int]) -> Dict[int, Made]:
    """Return what some ops made in another trial, by their numbers, as a file has it; nothing without a file."""
    if not path:
        return {}
    recorded = Recorded(path)
    return {
        number: Made(op["type"], [recorded.array(one["digest"]) for one in op["outputs"] if one["digest"]])
        for number, op in ((number, recorded.ops[number]) for number in numbers)
    }


def _strings(data: bytes) -> Iterator[bytes]:
    """Yield the elements of a string tensor: each its length in 8 bytes, then its bytes."""
    at = 0
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at : at + 8], "little")
        yield data[at + 8 : end]
        at = end
