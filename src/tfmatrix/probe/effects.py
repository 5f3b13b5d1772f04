"""The effect of layers that draw: their outputs of many calls on one canonical input, whatever ops they draw by.

A layer is taken out of the trial's own model, after its first step of training has shown how it is called. Its weights
become canonical, by their order.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Sequence, Tuple

import numpy as np
import tensorflow as tf

from .canonical import integers, is_float, uniform
from .networks import assign
from .outcomes import want_of
from .recorder import EFFECTS, Recorder
from .watch.layers import Call, Layers, takes_training

CALLS = 1024
"""Samples: the host takes a call as a whole for one."""

ROWS = 16
"""Rows of a batch: each two following ones are given the same."""

ELEMENTS = 64
"""Numbers that are kept of each row."""

UNKNOWN = 8
"""What stands for a size that a layer was not told, a batch's aside: a sequence's length."""


def record_effects(layers: Layers, paths: Sequence[str], recorder: Recorder) -> None:
    """Record the effects of layers by their paths: outputs of calls, and the output where they don't draw.

    A layer that is not found, or can't be called by itself, is noted.
    """
    known: Dict[int, Tuple[np.ndarray, np.ndarray]] = {}  # of one layer there may be several paths within it
    for path in paths:
        layer = layers.found.get(path)
        if layer is None or id(layer) not in layers.calls:
            recorder.notes["no layer {} was called, so that its effect is not known".format(path)] = None
            continue
        try:
            outputs, off = known[id(layer)] = known.get(id(layer)) or sample(layer, layers.calls[id(layer)])
        except Exception as error:  # whatever a layer raises that is called by itself
            if want_of(error):
                raise
            told = str(error).partition("\n")[0][:200]
            note = "the effect of {} is not known: {}: {}".format(path, type(error).__name__, told)
            recorder.notes[note] = None
            continue
        recorder.record(EFFECTS, "effect/" + path, outputs)
        recorder.record(EFFECTS, "off/" + path, off)


def sample(layer: Any, call: Call) -> Tuple[np.ndarray, np.ndarray]:
    """Return a layer's outputs, calls along the first axis and rows along the second, and that of ``training=False``.

    Large outputs are cut down to both ends of each axis. Several outputs stand side by side, each row of them flat.
    """
    if not takes_training(layer):
        raise TypeError("it can't be told whether it is training")
    floats = [weight for weight in layer.weights if is_float(tf.as_dtype(weight.dtype).as_numpy_dtype)]
    named = {str(number): weight for number, weight in enumerate(floats)}
    assign(named, {name: _weight(name, weight) for name, weight in named.items()})
    (off,) = _run(layer, call, 1, training=False)
    outputs = [_ends(_joined(one)) for one in _run(layer, call, CALLS, training=True)]
    return np.stack(outputs), _ends(_joined(off))


def _run(layer: Any, call: Call, times: int, *, training: bool) -> Iterator[List[np.ndarray]]:
    """Yield the outputs of so many calls, in a function, as a model's training is."""
    arguments, named = _canonical(call)
    named = {**named, "training": training}
    if tf.executing_eagerly():

        @tf.function  # type: ignore[untyped-decorator]
        def run() -> Any:
            return layer(*arguments, **named)

        for _ in range(times):
            yield [np.asarray(one) for one in tf.nest.flatten(run())]
        return
    made = tf.nest.flatten(layer(*arguments, **named))
    session = tf.compat.v1.keras.backend.get_session()
    for _ in range(times):
        yield session.run(made)


def _canonical(call: Call) -> Any:
    """Return a call's arguments with canonical tensors: what is no tensor is as it was."""
    leaves = tf.nest.flatten((call.arguments, call.named))
    made = [_tensor(str(at), one) if isinstance(one, tf.TensorSpec) else one for at, one in enumerate(leaves)]
    return tf.nest.pack_sequence_as((call.arguments, call.named), made)


def _tensor(name: str, spec: Any) -> Any:
    """Return a tensor: floats in [0.25, 1.25), bytes of any value, other integers 0 and 1."""
    sizes = [UNKNOWN if size is None else int(size) for size in spec.shape]
    dtype = spec.dtype.as_numpy_dtype
    shape = (ROWS // 2, *sizes[1:]) if sizes else ()
    if is_float(dtype):
        array = uniform("effect/" + name, shape, np.float64) + 0.75
    elif np.dtype(dtype).kind in "biu":
        array = integers("effect/" + name, 256 if np.dtype(dtype) == np.uint8 else 2, shape)
    else:
        raise TypeError("it is given {}".format(spec.dtype.name))
    return tf.constant((np.repeat(array, 2, axis=0) if sizes else array).astype(dtype))


def _weight(name: str, weight: Any) -> np.ndarray:
    """Return a canonical weight; one that is all positive stays so, as a variance."""
    dtype = tf.as_dtype(weight.dtype).as_numpy_dtype
    made = uniform("effect/weight/" + name, tuple(weight.shape), np.float64)
    return np.asarray(made if getattr(weight, "trainable", True) else np.abs(made) + 0.5).astype(dtype)


def _joined(outputs: List[np.ndarray]) -> np.ndarray:
    """Return several outputs as one array."""
    if len(outputs) == 1:
        return outputs[0]
    flat = [one.reshape(len(one), -1) for one in outputs if one.ndim]
    return np.concatenate(flat, axis=1)


def _ends(array: np.ndarray) -> np.ndarray:
    """Return both ends of each axis but the first, until a row has no more numbers than are kept."""
    sizes = list(array.shape)
    while np.prod(sizes[1:], dtype=np.int64) > ELEMENTS:
        largest = sizes.index(max(sizes[1:]), 1)
        sizes[largest] = (sizes[largest] + 1) // 2
    for axis, size in enumerate(sizes):
        if axis and size < array.shape[axis]:
            low = (size + 1) // 2
            high = np.arange(array.shape[axis] - (size - low), array.shape[axis])
            array = np.take(array, np.concatenate([np.arange(low), high]), axis)
    return array
