"""Write small models in every format that a release has, each with inputs: ``python write.py FOLDER MODEL...``."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent))
classes = importlib.import_module("classes")

layers = tf.keras.layers
random = np.random.RandomState(7)


def convolution() -> Any:
    """Return a convolution with a batch norm."""
    image = tf.keras.Input((8, 8, 3), name="image")
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, name="conv")(image))
    x = layers.GlobalAveragePooling2D(name="pool")(layers.ReLU(name="relu")(x))
    return tf.keras.Model(image, layers.Dense(2, activation="softmax", name="dense")(x))


def recurrent() -> Any:
    """Return an LSTM over words."""
    words = tf.keras.Input((6,), dtype="int32", name="words")
    x = layers.LSTM(4, name="lstm")(layers.Embedding(20, 5, name="table")(words))
    return tf.keras.Model(words, layers.Dense(1, name="dense")(x))


def attention() -> Any:
    """Return attention of a sequence to itself."""
    sequence = tf.keras.Input((5, 8), name="sequence")
    x = layers.MultiHeadAttention(2, 4, name="attention")(sequence, sequence)
    x = layers.LayerNormalization(name="norm")(layers.Add(name="add")([x, sequence]))
    return tf.keras.Model(sequence, layers.Dense(3, name="dense")(layers.GlobalAveragePooling1D(name="pool")(x)))


def subclassed() -> Any:
    """Return a model of a class of its own."""
    network = classes.Own(name="own")
    network.predict(np.zeros((4, 3), np.float32), verbose=0)
    return network


INPUTS: Mapping[str, Any] = {
    "convolution": random.uniform(-1, 1, (4, 8, 8, 3)).astype("f4"),
    "recurrent": random.randint(0, 20, (4, 6)).astype("i4"),
    "attention": random.uniform(-1, 1, (4, 5, 8)).astype("f4"),
    "subclassed": random.uniform(-1, 1, (4, 3)).astype("f4"),
    "graph": random.uniform(-1, 1, (4, 3)).astype("f4"),
}
MODELS = {one.__name__: one for one in (convolution, recurrent, attention, subclassed)}


def frozen(network: Any, path: str) -> None:
    """Write a network as a frozen graph."""
    from tensorflow.python.framework.convert_to_constants import (  # noqa: PLC0415  # which no public name has
        convert_variables_to_constants_v2,
    )

    (given,) = network.inputs
    wanted = tf.TensorSpec((4, *given.shape[1:]), given.dtype, name="given")
    function = tf.function(lambda x: network(x, training=False)).get_concrete_function(wanted)
    Path(path).write_bytes(convert_variables_to_constants_v2(function).graph.as_graph_def().SerializeToString())


def lite(network: Any, path: str) -> None:
    """Write a network for TensorFlow Lite."""
    made = tf.lite.TFLiteConverter.from_keras_model(network).convert()
    Path(path).write_bytes(made)


WAYS: Mapping[str, Callable[[Any, str], Any]] = {
    ".keras": lambda network, path: network.save(path),
    ".h5": lambda network, path: network.save(path),
    "_saved": tf.saved_model.save,
    "_export": lambda network, path: network.export(path),
    ".pb": frozen,
    ".tflite": lite,
}


def write_graph(folder: Path) -> None:
    """Write a graph of version 1 with a loop, as a checkpoint with its meta graph."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, 3), name="x")
        kernel = v1.get_variable("kernel", initializer=random.rand(3, 2).astype("f4"), use_resource=False)
        bias = v1.get_variable("bias", initializer=random.rand(2).astype("f4"), use_resource=True)
        y = tf.nn.softmax(tf.matmul(x, kernel) + bias, name="y")
        looped = v1.while_loop(lambda n, _: n < 3, lambda n, a: (n + 1, tf.tanh(a)), [0, y])[1]
        tf.identity(v1.cond(tf.reduce_sum(y) > 0, lambda: looped * 2, lambda: looped / 3), name="z")
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(folder / "graph"))


def write_code(folder: Path) -> None:
    """Write a model that has code in its file."""
    twice = layers.Lambda(lambda x: x * 2, name="twice")
    network = tf.keras.Sequential([tf.keras.Input((3,)), twice, layers.Dense(2, name="dense")])
    network.save(str(folder / "code.hdf5"))


def main() -> None:
    """Write what is asked for; what a release cannot write is left out."""
    folder, *asked = Path(sys.argv[1]), *sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in INPUTS.items():
        np.savez(folder / f"{name}.npz", array)
    write_graph(folder)
    with contextlib.suppress(Exception):
        write_code(folder)
    networks = {name: MODELS[name]() for name in asked}
    for network in networks.values():
        network.set_weights([random.uniform(0.1, 0.9, w.shape).astype(w.dtype) for w in network.get_weights()])
    for ending, way in WAYS.items():  # the last may end the process: the converter of 2.16 aborts
        for name, network in networks.items():
            path = folder / (name + ending)
            with contextlib.suppress(Exception):
                way(network, str(path))


if __name__ == "__main__":
    main()
