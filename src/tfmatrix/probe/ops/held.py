"""What variables hold: an op that reads or moves one can be replayed alone where it is known what that held before."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, Optional, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.python.ops import gen_resource_variable_ops as variable_ops

from ..fingerprint import canonical, digest
from .attributes import text

READERS = (
    *("ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp"),
    "IsVariableInitialized",
)
"""Ops that leave a variable as it is."""


class Held:
    """The variables that ops were seen to take or make, by the numbers of their handles."""

    def __init__(self) -> None:
        self._handles: Dict[int, Any] = {}
        self._dtypes: Dict[int, Any] = {}
        self._values: Dict[int, np.ndarray] = {}
        self._digests: Dict[int, str] = {}

    def meet(self, attributes: Sequence[Any], tensors: Iterable[Any]) -> Iterator[int]:
        """Take in the handles of variables among an op's inputs and outputs, and yield those that are new."""
        for one in tensors:
            if one.dtype == tf.resource and one._id not in self._handles:
                given = {text(name): value for name, value in zip(attributes[::2], attributes[1::2])}
                if "dtype" in given:  # which tables and iterators have not
                    self._handles[one._id] = one
                    self._dtypes[one._id] = tf.as_dtype(given["dtype"])
                    yield one._id

    def __contains__(self, handle: int) -> bool:
        """Tell whether a tensor is the handle of a variable."""
        return handle in self._handles

    def look(self) -> None:
        """Read all that is known and has a value."""
        for handle in list(self._handles):
            self.after(handle)

    def before(self, handle: int) -> Optional[np.ndarray]:
        """Return what a variable held before the present op, where that is known."""
        return self._values.get(handle)

    def after(self, handle: int) -> Optional[np.ndarray]:
        """Return what a variable holds now; None where it holds nothing, or is none."""
        if handle not in self._handles:
            return None
        try:
            with tf.init_scope():  # no tape sees it
                value = np.array(variable_ops.read_variable_op(self._handles[handle], self._dtypes[handle]))
        except (tf.errors.OpError, TypeError):
            return None
        self._values[handle], self._digests[handle] = value, digest(canonical(value))
        return value

    def holder(self, name: str) -> Optional[int]:
        """Return the one variable that holds the value of a digest now: TensorFlow reads some where nothing sees it.

        Of one number it is not told: a constant may well be equal to it.
        """
        found = [handle for handle, held in self._digests.items() if held == name and self._values[handle].size > 1]
        return found[0] if len(found) == 1 else None
