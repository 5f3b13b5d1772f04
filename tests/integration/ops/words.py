"""words: a Keras embedding, of which rows are looked up more than once."""

import tensorflow as tf

OPTIMIZER = {"name": "Adam", "learning_rate": 0.01}
LOSS = "mean_squared_error"
EPOCHS = 1
BATCH = 8


def data(rng):
    return {"x": rng.randint(0, 12, (16, 6)).astype("int32"), "y": rng.random_sample((16, 1)).astype("float32")}


def build():
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            tf.keras.Input((6,), dtype="int32"),
            layers.Embedding(12, 4, name="table"),
            layers.GlobalAveragePooling1D(name="mean"),
            layers.Dense(1, name="out"),
        ]
    )
