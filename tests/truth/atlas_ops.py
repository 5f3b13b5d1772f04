"""Run single ops on what is written down for them, without tfmatrix: ``python atlas_ops.py CALLS RESULTS``.

CALLS is what `atlas_inputs` wrote. RESULTS is a pickle: of each row its outputs and gradients by name, as dtype, shape
and bits; or, as a text, what it raises.
"""

from __future__ import annotations

import inspect
import pickle
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

THREADS = 2
NO_SUCH_TYPE = "list of allowed values"
"""What TensorFlow says where an op is not there with a type."""
STORED_AS = {"qint8": "int8", "quint8": "uint8", "qint16": "int16", "quint16": "uint16", "qint32": "int32"}
DIFFERENTIABLE = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")


def main() -> None:
    """Run every call."""
    calls, results = map(Path, sys.argv[1:])
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    tf.config.experimental.enable_op_determinism()
    found: dict[str, Any] = {}
    for row, call in pickle.loads(calls.read_bytes()).items():
        told = attempted(*call) if is_there(row, call[0]) else NO_SUCH_TYPE
        if NO_SUCH_TYPE not in told:
            found[row] = told
    results.write_bytes(pickle.dumps(found))


def is_there(row: str, op: str) -> bool:
    """Tell whether a release has an op, and lets its type be chosen where the row is of one."""
    definition = op_def_registry.get(op)
    return (
        hasattr(tf.raw_ops, op)
        and definition is not None
        and ("[" not in row or any(one.type == "type" for one in definition.attr))
    )


def attempted(op: str, case: str, arguments: dict[str, Any]) -> Any:
    """Return what an op makes, or what it raises."""
    try:
        return run(op, case, {name: made(*told) for name, told in arguments.items()})
    except Exception as error:  # whatever is raised on these inputs here
        return f"{type(error).__name__}: {error}"


def made(kind: str, *told: Any) -> Any:
    """Return an argument."""
    if kind == "tensors":
        return [made(*one) for one in told[0]]
    if kind != "tensor":
        return tf.as_dtype(told[0]) if kind == "type" else told[0]
    name, value = told
    if name == "string":
        return tf.constant(np.array(value[0], object).reshape(value[1]), tf.string)
    array = np.frombuffer(value[0], tf.as_dtype(STORED_AS.get(name, name)).as_numpy_dtype).reshape(value[1])
    return tf.bitcast(tf.constant(array), tf.as_dtype(name)) if name in STORED_AS else tf.constant(array)


def run(op: str, case: str, named: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs of one op, and its gradients."""
    function = getattr(tf.raw_ops, op)
    own = [name for name in inspect.signature(function).parameters if name != "name"]
    others = iter([name for name in own if name not in named])  # an op's function calls some of its arguments otherwise
    named = {name if name in own else next(others): value for name, value in named.items()}
    tensors = {name: value for name, value in named.items() if is_tensor(value)}
    rest = {name: value for name, value in named.items() if name not in tensors}

    def call(some: dict[str, Any]) -> Any:
        return function(**some, **rest)

    if case in ("function", "compiled"):
        call = tf.function(call, autograph=False, jit_compile=case == "compiled")
    watched = {at: one for at, one in each(tensors) if one.dtype.name in DIFFERENTIABLE}
    with tf.GradientTape() as tape:
        tape.watch(list(watched.values()))
        outputs = [one for one in tf.nest.flatten(call(tensors)) if isinstance(one, tf.Tensor)]
    found = {str(at): bits(one) for at, one in enumerate(outputs)}
    targets = [one for one in outputs if one.dtype.name in DIFFERENTIABLE]
    if targets and watched:
        above = [upstream(one, f"{op}/{at}") for at, one in enumerate(targets)]
        try:
            taken = tape.gradient(targets, watched, output_gradients=above)
        except Exception:  # it has none
            taken = {}
        for at, one in taken.items():
            if one is not None:
                found[f"gradient/{at}"] = bits(tf.convert_to_tensor(one))
    return found


def upstream(made: Any, name: str) -> Any:
    """Return the gradient that comes from above: eighths between -1 and 1."""
    stream = np.random.RandomState(zlib.crc32(name.encode("ascii")))
    return tf.constant((stream.randint(-8, 8, size=made.shape) / 8.0).astype(made.dtype.as_numpy_dtype))


def is_tensor(value: Any) -> bool:
    """Tell whether an argument is a tensor, or a list of some."""
    return isinstance(value, tf.Tensor) or (isinstance(value, list) and bool(value) and is_tensor(value[0]))


def each(tensors: dict[str, Any]) -> Any:
    """Yield every tensor by its name, one of a list by its place behind that."""
    for name, value in tensors.items():
        yield from (
            ((f"{name}.{at}", one) for at, one in enumerate(value)) if isinstance(value, list) else [(name, value)]
        )


def bits(tensor: Any) -> tuple[str, tuple[int, ...], bytes]:
    """Return dtype, shape and all bits of a tensor."""
    name = tensor.dtype.name
    stored = tf.bitcast(tensor, tf.as_dtype(STORED_AS[name])) if name in STORED_AS else tensor
    array = stored.numpy()
    array = np.asarray(array, object) if name == "string" else array
    return name, tuple(array.shape), repr(array.tolist()).encode() if name == "string" else array.tobytes()


if __name__ == "__main__":
    main()
