"""keras_mixed_precision: layers that compute in 16 bits and keep their weights in 32, with a scaled loss."""

import tensorflow as tf

VARIANTS = {"float16": {"POLICY": "mixed_float16"}, "bfloat16": {"POLICY": "mixed_bfloat16"}}
POLICY = "mixed_float16"

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
    tensor = layers.Conv2D(4, 3, activation="relu", name="conv")(inputs)
    tensor = layers.BatchNormalization(name="norm")(tensor)
    tensor = layers.Dense(8, activation="relu", name="first")(layers.Flatten(name="flat")(tensor))
    return tf.keras.Model(inputs, layers.Dense(1, dtype="float32", name="out")(tensor))
