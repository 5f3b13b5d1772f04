"""keras_mixed_precision: layers that compute in 16 bits and keep their weights in 32, with a scaled loss."""

import tensorflow as tf

# Before 2.13 a processor without AVX512 neither convolves nor normalizes images in bfloat16.
VARIANTS = {
    "float16": {"POLICY": "mixed_float16", "CONVOLVES": True},
    "bfloat16": {"POLICY": "mixed_bfloat16", "CONVOLVES": False},
}
POLICY = "mixed_float16"
CONVOLVES = True

OPTIMIZER = "adam"
LOSS = "mean_squared_error"
BATCH = 8


def data(rng):
    return {
        "x": rng.random_sample((16, 6, 6, 3)).astype("float32"),
        "y": rng.random_sample((16, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    tf.keras.mixed_precision.set_global_policy(POLICY)
    layers = tf.keras.layers
    inputs = tf.keras.Input((6, 6, 3))
    tensor = inputs
    if CONVOLVES:
        tensor = layers.Conv2D(4, 3, activation="relu", name="conv")(tensor)
        tensor = layers.BatchNormalization(name="norm")(tensor)
    tensor = layers.Dense(8, activation="relu", name="first")(layers.Flatten(name="flat")(tensor))
    if not CONVOLVES:
        tensor = layers.BatchNormalization(name="norm")(tensor)
    return tf.keras.Model(inputs, layers.Dense(1, dtype="float32", name="out")(tensor))
