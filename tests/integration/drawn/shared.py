"""shared: two layers, which draw from one initializer in 2.16 (planted), and one with a seed of its own."""

import tensorflow as tf

VARIANTS = {"twin": {"SHARED": False}, "one": {"SHARED": True}}
SHARED = False
OPTIMIZER = {"name": "SGD", "learning_rate": 0.1}
LOSS = "mean_squared_error"
EPOCHS = 1
BATCH = 32
NEW = tf.__version__.startswith("2.16")


def data(rng):
    return {"x": rng.random_sample((32, 32)).astype("float32"), "y": rng.random_sample((32, 32)).astype("float32")}


def build():
    layers, initializers = tf.keras.layers, tf.keras.initializers
    one = initializers.GlorotUniform()
    other = one if NEW and SHARED else initializers.GlorotUniform()
    return tf.keras.Sequential(
        [
            tf.keras.Input((32,)),
            layers.Dense(32, kernel_initializer=one, name="a"),
            layers.Dense(32, kernel_initializer=other, name="b"),
            layers.Dropout(0.5, name="d"),
        ]
    )
