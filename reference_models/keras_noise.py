"""keras_noise: every layer that drops or disturbs what it is given in training."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.05}
LOSS = "mean_squared_error"
EPOCHS = 2
BATCH = 8


def data(rng):
    return {
        "x": rng.random_sample((16, 4, 4, 8)).astype("float32"),
        "y": rng.random_sample((16, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    inputs = tf.keras.Input((4, 4, 8))
    rows = layers.Reshape((16, 8), name="rows")(inputs)
    noisy = [
        layers.GlobalAveragePooling2D(name="means2")(layers.SpatialDropout2D(0.25, name="spatial2")(inputs)),
        layers.GlobalAveragePooling1D(name="means1")(layers.SpatialDropout1D(0.5, name="spatial1")(rows)),
        layers.Flatten(name="flat0")(layers.Dropout(0.5, name="dropout")(rows)),
        layers.Flatten(name="flat1")(layers.GaussianDropout(0.3, name="gaussian_dropout")(rows)),
        layers.Flatten(name="flat2")(layers.GaussianNoise(0.1, name="gaussian")(rows)),
        layers.Flatten(name="flat3")(layers.AlphaDropout(0.2, name="alpha")(rows)),
    ]
    return tf.keras.Model(inputs, layers.Dense(1, name="out")(layers.Concatenate(name="join")(noisy)))
