"""A program that draws in every way, without and with the probe's taps, and prints what the taps saw (JSON).

It runs inside an environment; its argument is the folder above the probe.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, sys.argv[1])

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

draws = importlib.import_module("probe.draws")

ROWS = np.random.RandomState(0).rand(12, 4, 3).astype("float32")
TARGETS = np.random.RandomState(1).rand(12, 2).astype("float32")

seen: dict[str, list[bytes]] = {}


def sink(stage: str, tensors: dict[str, Any]) -> None:
    """Keep the bytes of what was drawn; of a v1 graph and of one for XLA, that it was."""
    for name, tensor in tensors.items():
        drawn = seen.setdefault(stage if name == "output" else f"{stage}/{name}", [])
        if draws.in_xla():
            drawn.append(b"xla")
        elif hasattr(tensor, "numpy"):
            drawn.append(tensor.numpy().tobytes())
        elif hasattr(tensor.graph, "outer_graph"):
            tf.numpy_function(lambda value, drawn=drawn: drawn.append(value.tobytes()), [tensor], [])
        else:
            drawn.append(b"v1")


def network() -> Any:
    """Return a network of layers that draw, each with a name."""
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((4, 3)),
            layers.GaussianNoise(0.1, name="noise"),
            layers.LSTM(5, dropout=0.3, name="lstm"),
            layers.Dropout(0.5, name="drop"),
            layers.Dense(2, name="out"),
        ]
    )


def fit(run_eagerly: bool = False) -> list[Any]:
    """Make three updates by Keras's own loop."""
    tf.keras.utils.set_random_seed(3)
    model = network()
    model.compile("sgd", "mse", run_eagerly=run_eagerly, jit_compile=False)
    model.fit(ROWS, TARGETS, batch_size=4, verbose=0)
    return list(model.get_weights())


def loop(wrapped: Callable[[Any], Any] = tf.function) -> list[Any]:
    """Make three updates by a loop of the user's, which draws too."""
    tf.keras.utils.set_random_seed(3)
    model = network()
    optimizer = tf.keras.optimizers.SGD(0.1)

    def step(rows: Any, targets: Any) -> None:
        with tf.GradientTape() as tape, tf.name_scope("mine"):
            order = tf.random.shuffle(tf.range(4))
            moved = tf.random.normal((4, 2), stddev=0.2) + tf.gather(targets, order)
            loss = tf.reduce_mean((model(rows, training=True) - moved) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))  # noqa: B905  # AutoGraph's has no strict

    step = wrapped(step)
    for first in range(0, 12, 4):
        step(tf.constant(ROWS[first : first + 4]), tf.constant(TARGETS[first : first + 4]))
    return list(model.get_weights())


def image() -> list[Any]:
    """Turn images round at random."""
    tf.keras.utils.set_random_seed(3)
    flip = tf.keras.layers.RandomFlip("horizontal", name="flip")
    return [flip(tf.reshape(tf.range(48.0), (4, 2, 2, 3)), training=True).numpy()]


def functions() -> list[Any]:
    """Draw by a generator, without state, by distributions other than the common ones, and by raw ops."""
    tf.random.set_seed(2)
    generator = tf.random.Generator.from_seed(4)
    return [
        generator.normal((3,), mean=2.0),
        generator.uniform((2,), 0, 9, tf.int32),
        tf.random.stateless_truncated_normal((2,), seed=(1, 2), stddev=3.0),
        tf.random.categorical(tf.zeros((1, 4)), 3),
        tf.random.gamma((2,), 0.5, 2.0),
        tf.random.poisson((2,), 3.0),
        tf.random.log_uniform_candidate_sampler(tf.constant([[1]], tf.int64), 1, 2, True, 9)[0],
        tf.nn.fractional_max_pool(tf.reshape(tf.range(64.0), (1, 8, 8, 1)), 1.5, seed=3)[0],
        tf.raw_ops.RandomUniform(shape=[2], dtype=tf.float32, seed=3),
    ]


class Lazy(tf.Module):  # type: ignore[misc]  # the host has no TensorFlow to know the base by
    """Makes its variable when it is first called, and draws in a loop."""

    variable: Any = None

    @tf.function  # type: ignore[untyped-decorator]
    def __call__(self, rows: Any) -> Any:
        """Return the rows' product with noise."""
        if self.variable is None:
            self.variable = tf.Variable(tf.random.normal((3, 2)))
        noise = tf.zeros((3, 2))
        for _ in tf.range(2):  # TensorFlow may draw for the second turn first: two that are added up do not show it
            noise += tf.random.truncated_normal((3, 2), stddev=tf.cast(tf.shape(rows)[0], tf.float32))
        return rows @ (self.variable + noise)


def lazy() -> list[Any]:
    """Call a function twice that makes a variable when it is first traced."""
    tf.random.set_seed(1)
    module = Lazy()
    return [module(tf.ones((2, 3))), module(tf.ones((2, 3)))]


def compiled() -> list[Any]:
    """Draw in a function that XLA compiles."""
    return [tf.function(lambda: tf.random.stateless_uniform((5,), seed=(1, 2)), jit_compile=True)()]


def elsewhere() -> list[Any]:
    """Draw within a dataset's function, and within one that is vectorized."""
    tf.random.set_seed(1)
    rows = tf.data.Dataset.range(5).map(lambda _: tf.random.uniform(()))
    vectorized = tf.function(lambda x: tf.vectorized_map(lambda row: row + tf.random.uniform(()), x))
    return [*rows.as_numpy_iterator(), vectorized(tf.zeros(5))]


def graph() -> list[Any]:
    """Draw in a v1 graph: initial weights, dropout twice in one scope, and by a name."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(4)
        rows = v1.placeholder(tf.float32, (None, 3))
        with v1.variable_scope("hidden"):
            hidden = rows @ v1.get_variable("w", (3, 2))
            hidden = v1.nn.dropout(v1.nn.dropout(hidden, rate=0.5), rate=0.2)
        named = tf.random.normal((2,), name="z")
        session.run(v1.global_variables_initializer())
        return list(session.run([hidden, named], {rows: np.ones((4, 3))}))


WAYS: dict[str, Callable[[], list[Any]]] = {
    "fit": fit,
    "fit eagerly": lambda: fit(run_eagerly=True),
    "loop": loop,
    "loop eagerly": lambda: loop(lambda step: step),
    "image": image,
    "functions": functions,
    "lazy": lazy,
    "compiled": compiled,
    "elsewhere": elsewhere,
    "graph": graph,
}


def bits(way: str) -> list[bytes]:
    """Return the bytes of what comes out."""
    return [np.asarray(value).tobytes() for value in WAYS[way]()]


def look_random() -> list[str]:
    """Return the ops of this release that have a seed, or a name that speaks of chance."""
    ops = op_def_pb2.OpList()
    ops.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    name = re.compile("Random|Rng|Stateful(?!Partitioned)|Sampl|Shuffle|Distorted|NonDeterministic|Stochastic|Skipgram")
    return sorted(
        op.name
        for op in ops.op
        if name.search(op.name) or any("seed" in part.name for part in [*op.attr, *op.input_arg])
    )


def main() -> None:
    """Run every way without taps, then with them."""
    plain = {way: bits(way) for way in WAYS}
    watched = draws.watch(sink)
    ways = {}
    for way in WAYS:
        seen.clear()
        watched.draws.clear()
        same = bits(way) == plain[way]
        ways[way] = {
            "same": same,
            "seen": {stage: len(values) for stage, values in seen.items()},
            "repeated": sorted(stage for stage, values in seen.items() if len(set(values)) < len(values)),
            "draws": {draw.stage: [draw.op, draw.layer, draw.distribution] for draw in watched.draws},
        }
    wrapped = [op for ops in draws.DRAWS.values() for op in ops]
    sys.stdout.write(json.dumps({"ways": ways, "notes": watched.notes, "random": look_random(), "wrapped": wrapped}))


if __name__ == "__main__":
    main()
