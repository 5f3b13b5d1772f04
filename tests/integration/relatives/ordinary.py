"""ordinary: targets of every kind, two outputs, datasets, compiled by XLA, moving averages, low precision; one epoch.

Initial weights are constant, so that two releases begin alike.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

VARIANTS = {
    "uint8": {"W": "uint8"},
    "int32": {"W": "int32"},
    "bool": {"W": "bool"},
    "one-hot": {"W": "one-hot"},
    "strings": {"W": "strings"},
    "float64": {"W": "float64"},
    "two outputs": {"W": "two outputs"},
    "shuffled dataset": {"W": "shuffled dataset"},
    "repeated dataset": {"W": "repeated dataset"},
    "jit": {"W": "jit"},
    "accumulated": {"W": "accumulated"},
    "ema": {"W": "ema"},
    "bfloat16": {"W": "bfloat16"},
    "float16": {"W": "float16"},
    "clipped": {"W": "clipped"},
    "amsgrad": {"W": "amsgrad"},
    "precision": {"W": "precision"},
    "schedule": {"W": "schedule"},
}
W = "int32"
BATCH = 16


def data(rng: np.random.RandomState) -> object:  # noqa: PLR0911  # a kind of data each
    """Return 64 rows of four numbers, of three classes."""
    x, y = rng.random_sample((64, 4)).astype("float32"), rng.randint(0, 3, 64)
    if W in {"uint8", "int32"}:
        return x, y.astype(W)
    if W in {"bool", "precision"}:
        return x, y > 0
    if W == "one-hot":
        return x, np.eye(3, dtype="float32")[y]
    if W == "strings":
        words = tf.constant(np.array(["a", "b", "c"], object)[y])
        return words, (y[:, None] == 1).astype("float32")
    if W == "float64":
        return x, rng.random_sample((64, 1))
    if W == "two outputs":
        return x, {"p": y.astype("int64"), "q": rng.random_sample((64, 1)).astype("float32")}
    if W.endswith("dataset"):
        rows = tf.data.Dataset.from_tensor_slices((x, y.astype("int64"))).shuffle(64, seed=3)
        return rows.repeat(2).batch(16) if W.startswith("repeated") else rows.batch(16)
    return x, y.astype("int64")


class Accumulated(tf.keras.Model):
    """A model that applies the gradients of two halves of a batch together."""

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Train one step."""
        x, y = batch
        held: list[tf.Tensor] = []
        for part in (slice(0, 8), slice(8, 16)):
            with tf.GradientTape() as tape:
                logits = self(x[part], training=True)
                loss = tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(y[part], logits, True))
            gradients = tape.gradient(loss, self.trainable_variables)
            held = [a + b for a, b in zip(held, gradients, strict=True)] if held else gradients
        self.optimizer.apply_gradients(zip([g / 2.0 for g in held], self.trainable_variables, strict=True))
        return {"loss": loss}


def build() -> tf.keras.Model:
    """Return the model, compiled."""
    k, layers = tf.keras, tf.keras.layers
    policy = {"bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}.get(W)
    k.mixed_precision.set_global_policy(policy or "float32")
    start = {"kernel_initializer": k.initializers.Constant(0.1)}
    if W == "strings":
        inputs = k.Input((), dtype="string")
        looked = layers.StringLookup(vocabulary=["a", "b", "c"], name="lookup")(inputs)
        rows = layers.Embedding(4, 4, embeddings_initializer=start["kernel_initializer"], name="rows")(looked)
    else:
        inputs = rows = k.Input((4,))
    hidden = layers.Dense(8, "tanh", bias_initializer=k.initializers.Constant(0.05), name="hidden", **start)(rows)
    two, binary = W == "two outputs", W in {"bool", "precision", "strings"}
    one = layers.Dense(1 if binary else 3, name="p", **start)(hidden)
    if binary:
        one = layers.Activation("sigmoid", name="s")(one)
    outputs: object = one
    loss: object = k.losses.SparseCategoricalCrossentropy(from_logits=True)
    if binary:
        loss = "binary_crossentropy"
    if W == "one-hot":
        loss = k.losses.CategoricalCrossentropy(from_logits=True)
    if W == "float64":
        outputs, loss = layers.Dense(1, name="q", **start)(hidden), "mse"
    if two:
        outputs, loss = {"p": one, "q": layers.Dense(1, name="q", **start)(hidden)}, {"p": loss, "q": "mse"}
    if policy:
        outputs = layers.Activation("linear", dtype="float32", name="out")(outputs)
    optimizer = {
        "strings": lambda: k.optimizers.SGD(
            0.1
        ),  # of gradients that nearly cancel out Adam makes steps as of any other
        "ema": lambda: k.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=2),
        "clipped": lambda: k.optimizers.SGD(0.1, momentum=0.9, clipnorm=0.01),
        "amsgrad": lambda: k.optimizers.Adam(0.01, amsgrad=True),
        "schedule": lambda: k.optimizers.SGD(k.optimizers.schedules.CosineDecayRestarts(0.1, 3)),
    }.get(W, lambda: k.optimizers.Adam(0.01))()
    kind = Accumulated if W == "accumulated" else k.Model
    model = kind(inputs, outputs)
    further: dict[str, object] = {"jit_compile": True} if W == "jit" else {}
    metrics = [k.metrics.Precision(), k.metrics.AUC()] if W == "precision" else None
    model.compile(optimizer, loss, metrics=metrics, **further)
    return model
