"""keras_normalization: every normalizing layer: batches of rows and of images, layers, units, adapted statistics."""

import numpy as np
import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.05, "momentum": 0.9}
LOSS = "mean_squared_error"
EPOCHS = 2
BATCH = 8


def data(rng):
    return {
        "x": rng.random_sample((20, 6, 6, 3)).astype("float32"),
        "y": rng.random_sample((20, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    if not hasattr(layers, "UnitNormalization"):
        raise NotImplementedError("this release has no tf.keras.layers.UnitNormalization")
    scaled = layers.Normalization(name="scaled")
    scaled.adapt(np.random.RandomState(5).random_sample((32, 6, 6, 3)).astype("float32"))
    inputs = tf.keras.Input((6, 6, 3))
    tensor = layers.Conv2D(4, 3, use_bias=False, name="conv")(scaled(inputs))
    tensor = layers.BatchNormalization(momentum=0.9, name="images")(tensor)
    tensor = layers.Activation("relu", name="relu")(tensor)
    tensor = layers.Dense(6, use_bias=False, name="first")(layers.Flatten(name="flat")(tensor))
    tensor = layers.BatchNormalization(momentum=0.9, scale=False, name="rows")(tensor)
    tensor = layers.LayerNormalization(name="layer")(layers.Dense(16, activation="tanh", name="second")(tensor))
    return tf.keras.Model(inputs, layers.Dense(1, name="out")(layers.UnitNormalization(name="unit")(tensor)))
