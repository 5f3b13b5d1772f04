"""The network of the usual snippets: Dense(10, relu) and Dense(1) on 100 rows of 10, Adam, MSE, 10 epochs, shuffled."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

EPOCHS = 10


def run(observe: Any, given_rows: bool = False, initializer: Any = None, order: Any = None) -> None:
    """Build, compile and fit; ``order``, where there is one, shuffles the rows in the place of `fit`."""
    draw = np.random.RandomState(0) if given_rows else np.random
    x, y = draw.rand(100, 10), draw.rand(100, 1)
    observe("data/x", x)
    observe("data/y", y)
    model = tf.keras.Sequential(
        [
            tf.keras.Input(shape=(10,)),
            tf.keras.layers.Dense(10, "relu", name="hidden", **_initialized(initializer, 1)),
            tf.keras.layers.Dense(1, name="output", **_initialized(initializer, 2)),
        ]
    )
    _observe_weights(observe, "init", model)
    seen: list[Any] = []
    model.compile(optimizer="adam", loss=_watched(seen))
    rows = np.arange(100) if order is None else order(np.arange(100))
    history = model.fit(x[rows], y[rows], epochs=EPOCHS, shuffle=order is None, verbose=0).history
    row_of = {value.tobytes(): number for number, value in enumerate(np.float32(y))}  # as Keras takes them
    visited = np.array([row_of[value.tobytes()] for batch in seen for value in np.float32(batch)])
    for epoch in range(EPOCHS):
        observe(f"shuffle@{epoch}", visited.reshape(EPOCHS, 100)[epoch])
        observe(f"loss@{epoch}", np.float64(history["loss"][epoch]))
    _observe_weights(observe, "weights", model)
    observe("predict/output", np.array(model(np.float32(x), training=False)))


def _initialized(initializer: Any, number: int) -> Any:
    return {} if initializer is None else {"kernel_initializer": initializer(number)}


def _observe_weights(observe: Any, stage: str, model: Any) -> None:
    for layer in model.layers:
        for name, value in zip(("kernel", "bias"), layer.get_weights()):  # noqa: B905  # Python 3.7 knows no `strict`
            observe(f"{stage}/{layer.name}/{name}", value)


def _watched(seen: Any) -> Any:
    """Return the mean squared error, which keeps the targets that pass through it: so the order of rows is seen."""

    def watch(targets: Any) -> Any:
        seen.append(np.array(targets))
        return targets

    def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
        watched = tf.numpy_function(watch, [y_true], y_true.dtype)
        watched.set_shape(y_true.shape)
        return tf.reduce_mean(tf.square(tf.cast(watched, y_pred.dtype) - y_pred), axis=-1)

    return mean_squared_error
