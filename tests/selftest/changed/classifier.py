"""A classifier of rows: dense layers, batch normalization, dropout, `compile` and `fit`; and what may change in it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent))
from _planted import PLANTED, redraw, seed_of

VARIANTS = {
    "rate": {"W": "rate", "REDRAWN": "mask"},
    "activation": {"W": "activation", "REDRAWN": "init"},
    "regularizer": {"W": "regularizer", "REDRAWN": "init"},
    "momentum of statistics": {"W": "momentum of statistics", "REDRAWN": "init"},
    "epsilon of statistics": {"W": "epsilon of statistics", "REDRAWN": "mask"},
    "learning rate": {"W": "learning rate", "REDRAWN": "init"},
    "epsilon of Adam": {"W": "epsilon of Adam"},
    "beta_2": {"W": "beta_2", "REDRAWN": "init"},
    "clipping": {"W": "clipping"},
    "loss scaled": {"W": "loss scaled", "REDRAWN": "mask"},
    "class weights": {"W": "class weights", "REDRAWN": "init"},
    "denominator of a metric": {"W": "denominator of a metric", "REDRAWN": "init"},
    "not shuffled": {"W": "not shuffled", "REDRAWN": "init"},
    "validation split": {"W": "validation split"},
    "frozen layer": {"W": "frozen layer", "REDRAWN": "init"},
    "seed shared": {"W": "seed shared"},
    "seed no longer shared": {"W": "seed no longer shared"},
    "scale of initial weights": {"W": "scale of initial weights", "REDRAWN": "init"},
    "shape of initial weights": {"W": "shape of initial weights", "REDRAWN": "init"},
    "weights not restored": {"W": "weights not restored"},
    "deviation of noise": {"W": "deviation of noise", "REDRAWN": "mask"},
    "twin: nothing": {},
    "twin: other initial weights": {"REDRAWN": "init"},
    "twin: another mask": {"REDRAWN": "mask"},
    "twin: a layer's name": {"W": "name", "REDRAWN": "init"},
    "twin: a metric more": {"W": "metric more", "REDRAWN": "mask"},
    "twin: activation by name": {"W": "activation by name", "REDRAWN": "init"},
    "twin: activation as a layer": {"W": "activation as a layer"},
    "twin: a callback more": {"W": "callback more", "REDRAWN": "init"},
    "twin: a schedule that stays": {"W": "constant schedule"},
    "twin: numbers of NumPy": {"W": "numbers of NumPy", "REDRAWN": "init"},
    "twin: rows as a tensor": {"W": "rows as a tensor"},
    "twin: weight of one for each class": {"W": "weight of one"},
    "twin: words on the screen": {"W": "verbose", "REDRAWN": "mask"},
    "twin: both seeds others": {"W": "both seeds"},
}
W = REDRAWN = ""
EPOCHS = 3
BATCH = 16
FIT: dict[str, object] = {}


def has(change: str) -> bool:
    """Return whether this is the candidate, and a change is planted in it."""
    return PLANTED and change == W


def data(rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Return 96 rows of three classes."""
    y = rng.randint(0, 3, 96)
    x = (rng.standard_normal((96, 8)) + y[:, None]).astype("float32")
    FIT.update(_fit())
    return (tf.constant(x), y) if has("rows as a tensor") else (x, y)


def _fit() -> dict[str, object]:
    stopping = tf.keras.callbacks.EarlyStopping(
        "loss", mode="max", patience=1, restore_best_weights=not has("weights not restored")
    )
    callbacks = [stopping] if W == "weights not restored" else []
    if has("callback more"):
        callbacks.append(tf.keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: None))
    weights = {0: 1.0, 1: 2.0, 2: 1.5 if has("class weights") else 1.0}
    return {
        "callbacks": callbacks,
        "shuffle": not has("not shuffled"),
        **({"validation_split": 0.3 if has("validation split") else 0.25} if W == "validation split" else {}),
        **({"class_weight": weights} if W == "class weights" else {}),
        **({"class_weight": {0: 1.0, 1: 1.0, 2: 1.0}} if W == "weight of one" else {}),
        **({"verbose": 2} if has("verbose") else {}),
    }


def build() -> tf.keras.Model:
    """Return the classifier, compiled."""
    k, layers = tf.keras, tf.keras.layers
    redraw(REDRAWN == "init")
    second = third = None
    if W in {"seed shared", "seed no longer shared", "both seeds"}:
        shared = (W == "seed shared") == PLANTED and W != "both seeds"
        second, third = (1, 1) if shared else (11, 12) if has("both seeds") else (1, 2)
    kind = k.initializers.GlorotUniform
    if has("shape of initial weights"):
        kind = k.initializers.GlorotNormal
    if has("scale of initial weights"):
        kind = k.initializers.HeUniform
    activation = tf.nn.leaky_relu if has("activation") else "relu" if has("activation by name") else tf.nn.relu
    apart = has("activation as a layer")
    mask = seed_of(3, REDRAWN == "mask")
    trained = not has("frozen layer")
    model = k.Sequential(
        [
            k.Input((8,)),
            layers.GaussianNoise(0.15 if has("deviation of noise") else 0.1, seed=mask, name="noise"),
            layers.Dense(
                32,
                None if apart else activation,
                kernel_initializer=kind(),
                kernel_regularizer=k.regularizers.L2(0.02 if has("regularizer") else 0.01),
                name="other" if has("name") else "hidden",
            ),
            *([layers.ReLU()] if apart else []),
            layers.Dense(32, "tanh", kernel_initializer=kind(seed=second), trainable=trained, name="second"),
            layers.Dense(32, "tanh", kernel_initializer=kind(seed=third), name="third"),
            layers.BatchNormalization(
                momentum=0.97 if has("momentum of statistics") else 0.99,
                epsilon=0.01 if has("epsilon of statistics") else 0.001,
                name="norm",
            ),
            layers.Dropout(0.6 if has("rate") else 0.5, seed=mask, name="drop"),
            layers.Dense(3, kernel_initializer=kind(), name="logits"),
        ]
    )
    rate: object = 0.0101 if has("learning rate") else 0.01
    if has("constant schedule"):
        rate = k.optimizers.schedules.PiecewiseConstantDecay([1000], [0.01, 0.001])
    if has("numbers of NumPy"):
        rate = np.float64(0.01)
    settings: dict[str, object] = {"clipnorm": 0.009 if has("clipping") else 0.01} if W == "clipping" else {}
    if has("epsilon of Adam"):
        settings["epsilon"] = 1e-4
    if has("beta_2"):
        settings["beta_2"] = 0.99
    metrics: list[object] = ["accuracy"]
    if W == "denominator of a metric":
        metrics.append(share_of_rows)
    if has("metric more"):
        metrics.append(k.metrics.SparseTopKCategoricalAccuracy(2))
    plain = k.losses.SparseCategoricalCrossentropy(from_logits=True)
    scale = 1.001 if has("loss scaled") else 1.0
    model.compile(
        k.optimizers.Adam(rate, **settings), lambda y, logits: plain(y, logits) * scale, metrics=metrics
    )
    return model


def share_of_rows(y: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the mean of the largest logits, over one row less where that is planted."""
    rows = tf.cast(tf.shape(logits)[0], tf.float32)
    return tf.reduce_sum(tf.reduce_max(logits, -1)) / (rows - (1.0 if has("denominator of a metric") else 0.0))
