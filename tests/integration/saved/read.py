"""Read files as a user would, and print what came of each as JSON: ``python read.py FOLDER FILE...``.

For each file its weights and outputs as digests, or the type of the exception that it was refused with.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent))
classes = importlib.import_module("classes")

tf.config.experimental.enable_op_determinism()
tf.keras.utils.set_random_seed(42)
v1 = tf.compat.v1


def digest(array: Any) -> str:
    """Return the digest of an array."""
    array = np.ascontiguousarray(array)
    return hashlib.sha256(f"{array.dtype} {array.shape}".encode() + array.tobytes()).hexdigest()[:16]


def keras(path: str, given: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Read a model of Keras."""
    network = tf.keras.models.load_model(path, compile=False, custom_objects={"Own": classes.Own})
    (x,) = given.values()
    return network.get_weights(), [network.predict(x, batch_size=4, verbose=0)]


def saved(path: str, given: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Read a SavedModel."""
    loaded = tf.saved_model.load(path)
    signatures = loaded.signatures
    function = signatures["serving_default"] if "serving_default" in signatures else signatures["serve"]
    (x,), (name,) = given.values(), function.structured_input_signature[1]
    return [v.numpy() for v in function.variables], [
        function(**{name: tf.constant(x)})[o] for o in function.structured_outputs
    ]


def frozen(path: str, given: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Read a frozen graph."""
    definition = v1.GraphDef.FromString(Path(path).read_bytes())
    (x,) = given.values()
    with tf.Graph().as_default() as graph, v1.Session() as session:
        tf.import_graph_def(definition, name="")
        end = graph.get_operations()[-1].outputs[0]
        constants = [tf.make_ndarray(n.attr["value"].tensor) for n in definition.node if n.op == "Const"]
        return constants, [session.run(end, {"given:0": x})]


def lite(path: str, given: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Read a model of TensorFlow Lite."""
    interpreter = tf.lite.Interpreter(model_path=path, num_threads=2)
    (x,), (wanted,) = given.values(), interpreter.get_input_details()
    interpreter.resize_tensor_input(wanted["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(wanted["index"], x)
    interpreter.invoke()
    return [], [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]


def meta(path: str, given: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Read a graph of version 1."""
    with tf.Graph().as_default(), v1.Session() as session:
        saver = v1.train.import_meta_graph(path)
        saver.restore(session, path[: -len(".meta")])
        weights = session.run(list(v1.global_variables()))
        return weights, [session.run("z:0", {"x:0": given["arr_0"]})]


READERS = {
    ".keras": keras,
    ".h5": keras,
    "_saved": saved,
    "_export": saved,
    ".pb": frozen,
    ".tflite": lite,
    ".meta": meta,
}


def read(folder: Path, name: str) -> dict[str, Any]:
    """Return what came of one file."""
    ending = next(ending for ending in READERS if name.endswith(ending))
    given = dict(np.load(folder / f"{name[: -len(ending)]}.npz"))
    try:
        weights, outputs = READERS[ending](str(folder / name), given)
    except Exception as error:
        return {"refused": type(error).__name__}
    return {"weights": [digest(w) for w in weights], "outputs": [digest(o) for o in outputs]}


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    sys.stdout.write("\n" + json.dumps({name: read(Path(sys.argv[1]), name) for name in sys.argv[2:]}) + "\n")
