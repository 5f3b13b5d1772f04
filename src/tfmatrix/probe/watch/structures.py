"""Structures of tensors, flattened under names: the same in every release."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Mapping, Sequence, Tuple

import numpy as np
import tensorflow as tf
from tensorflow.python.data.ops.optional_ops import Optional  # which `tf.experimental` has since 2.3


def flat(structure: Any, names: Sequence[str] = ()) -> Dict[str, Any]:
    """Return the tensors and arrays of a structure by their paths, ``0/image``; what is neither is left out.

    ``names`` are those of the outermost positions. A tensor that is made of several has its parts: those of a sparse
    gradient are ``.values`` and ``.indices``, those of others numbered.
    """
    found: Dict[str, Any] = {}
    for path, leaf in _leaves(structure, ()):
        parts = list(path)
        if names and not parts:  # a lone tensor
            parts = [names[0]]
        elif parts and parts[0].isdigit() and int(parts[0]) < len(names):
            parts[0] = names[int(parts[0])]
        for suffix, tensor in _parts(leaf):
            found["/".join(parts) + suffix] = tensor
    return found


def _leaves(structure: Any, path: Tuple[str, ...]) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    if isinstance(structure, Mapping):
        for name in sorted(structure, key=str):  # as `tf.nest` has it
            yield from _leaves(structure[name], (*path, str(name)))
    elif isinstance(structure, tuple) and hasattr(structure, "_fields"):
        for name in structure._fields:
            yield from _leaves(getattr(structure, name), (*path, name))
    elif isinstance(structure, (list, tuple)):
        for number, one in enumerate(structure):
            yield from _leaves(one, (*path, str(number)))
    elif isinstance(structure, Optional):
        if tf.executing_eagerly() and structure.has_value():
            yield from _leaves(structure.get_value(), path)
    elif structure is not None:
        yield path, structure


def _parts(leaf: Any) -> Iterator[Tuple[str, Any]]:
    """Yield the parts of a leaf that have values, each with what its name ends in."""
    if isinstance(leaf, tf.IndexedSlices):
        yield ".values", leaf.values
        yield ".indices", leaf.indices
    elif type(leaf).__name__ == "PerReplica":  # what a strategy hands out, one part for each replica
        for number, one in enumerate(leaf.values):
            for suffix, tensor in _parts(one):
                yield (".{}".format(number) if number else "") + suffix, tensor
    elif isinstance(leaf, (tf.RaggedTensor, tf.SparseTensor)):
        for number, part in enumerate(tf.nest.flatten(leaf, expand_composites=True)):
            yield ".{}".format(number), part
    elif isinstance(leaf, (bool, int, float, np.ndarray, np.generic)):
        yield "", np.asarray(leaf)
    elif is_tensor(leaf):
        yield "", leaf


def is_tensor(value: Any) -> bool:
    """Tell whether a value is a tensor, or a variable, that a fingerprint can be taken of."""
    dtype = getattr(value, "dtype", None)
    return isinstance(dtype, tf.DType) and tf.is_tensor(value) and dtype not in (tf.resource, tf.variant)
