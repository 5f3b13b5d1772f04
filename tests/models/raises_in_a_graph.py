"""raises_in_a_graph: multiplies matrices that do not fit inside a tf.function, which runs a translation of it."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.1}
EPOCHS = 1
BATCH = 4


def data(rng: Any) -> dict[str, Any]:
    return {"x": rng.random_sample((8, 4)).astype("float32")}


def variables() -> dict[str, tf.Tensor]:
    return {"w": tf.zeros([5, 1])}


def forward(variables: Any, batch: Any, dropout: Any) -> dict[str, tf.Tensor]:
    return {"output": tf.matmul(batch["x"], variables["w"])}


def loss(outputs: Any, batch: Any) -> tf.Tensor:
    return tf.reduce_mean(outputs["output"])
