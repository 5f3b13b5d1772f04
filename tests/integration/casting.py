"""A program that casts in every way with the probe's jitter of casts, and prints what came of it (JSON).

It runs inside an environment; its argument is the folder above the probe.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, sys.argv[1])

import numpy as np
import tensorflow as tf

casts = importlib.import_module("probe.casts")

NUMBERS = np.concatenate(
    [np.random.RandomState(0).uniform(-8, 8, 500), [0.0, np.inf, -np.inf, np.nan, 65504.0, 6e-8, -65504.0]]
).astype("float32")
plain = {dtype: tf.cast(NUMBERS, dtype).numpy().view("u2").astype(int) for dtype in ("float16", "bfloat16")}
casts.watch(1)


def steps(made: Any, dtype: str) -> list[int]:
    """Return by how many ULPs, away from 0, each number is moved."""
    return [int(step) for step in np.asarray(made).view("u2").astype(int) - plain[dtype]]


def graph(dtype: str) -> Any:
    """Return what a v1 graph casts."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        given = tf.compat.v1.placeholder(tf.float32, [None])
        return session.run(tf.cast(given, dtype), {given: NUMBERS})


def gradient() -> list[float]:
    """Return the gradient of a sum through a cast."""
    given = tf.constant([0.5, 2.0, 0.0])
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = tf.reduce_sum(tf.cast(tf.cast(given, tf.float16), tf.float32))
    return [float(number) for number in tape.gradient(total, given)]


found = {
    "steps": {
        dtype: {
            "eager": steps(tf.cast(tf.constant(NUMBERS), dtype), dtype),
            "function": steps(tf.function(lambda x, d=dtype: tf.cast(x, d))(tf.constant(NUMBERS)), dtype),
            "xla": steps(tf.function(lambda x, d=dtype: tf.cast(x, d), jit_compile=True)(tf.constant(NUMBERS)), dtype),
            "graph": steps(graph(dtype), dtype),
        }
        for dtype in plain
    },
    "gradient": gradient(),
    "mask": [float(one) for one in tf.cast(tf.constant([True, False]), tf.float16)],
    "whole": [float(one) for one in tf.cast(tf.constant([3, 5]), tf.float16)],
    "same": bool(np.all(tf.cast(tf.cast([0.1], tf.float32), tf.float64).numpy() == np.float64(np.float32(0.1)))),
    "shape": tf.function(lambda x: tf.cast(x, tf.float16))
    .get_concrete_function(tf.TensorSpec([None, 3], tf.float32))
    .outputs[0]
    .shape.as_list(),
}
sys.stdout.write(json.dumps(found))
