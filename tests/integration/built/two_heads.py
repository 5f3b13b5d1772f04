"""two_heads: inputs and outputs by name, losses of two kinds and their weights, metrics, compiled in `build`."""

import tensorflow as tf

BATCH = 8
EPOCHS = 2


def data(rng):
    x = {"a": rng.random_sample((24, 3)).astype("float32"), "b": rng.randint(0, 9, (24, 2))}
    return {"x": x, "y": {"p": rng.random_sample((24, 1)).astype("float32"), "q": rng.randint(0, 3, (24,))}}


def build():
    layers = tf.keras.layers
    a, b = tf.keras.Input((3,), name="a"), tf.keras.Input((2,), name="b", dtype="int64")
    rows = layers.Flatten(name="f")(layers.Embedding(9, 2, name="e")(b))
    hidden = layers.Dense(4, activation="relu", name="h")(layers.Concatenate(name="c")([a, rows]))
    outputs = {
        "p": layers.Dense(1, name="p")(hidden),
        "q": layers.Dense(3, activation="softmax", name="q")(hidden),
    }
    model = tf.keras.Model({"a": a, "b": b}, outputs)
    model.compile(
        "adam",
        loss={"p": "mse", "q": tf.keras.losses.SparseCategoricalCrossentropy()},
        loss_weights={"p": 0.5, "q": 2.0},
        metrics={"p": ["mae"], "q": ["accuracy"]},
    )
    return model
