"""keras_series: every layer of series: convolutions along time, pooling, padding, cropping, repeating."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.05}
LOSS = "mean_squared_error"
BATCH = 8


def data(rng):
    return {
        "x": rng.random_sample((16, 8, 3)).astype("float32"),
        "y": rng.random_sample((16, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    inputs = tf.keras.Input((8, 3))
    first = layers.Conv1D(4, 3, padding="causal", activation="relu", name="conv")(inputs)
    halves = [
        layers.MaxPooling1D(2, name="max")(first),
        layers.AveragePooling1D(2, name="average")(first),
        layers.DepthwiseConv1D(3, strides=2, padding="same", name="depthwise")(first),
        layers.SeparableConv1D(4, 3, strides=2, padding="same", activation="tanh", name="separable")(first),
        layers.Conv1DTranspose(4, 2, name="transpose")(layers.Cropping1D((2, 3), name="crop")(first)),
        layers.UpSampling1D(2, name="up")(layers.MaxPooling1D(4, name="quarter")(first)),
        layers.MaxPooling1D(3, name="third")(layers.ZeroPadding1D(2, name="pad")(first)),
        layers.RepeatVector(4, name="repeat")(layers.GlobalAveragePooling1D(name="mean")(first)),
        layers.TimeDistributed(layers.Dense(4), name="each")(layers.MaxPooling1D(2, name="other")(first)),
    ]
    joined = layers.Concatenate(name="join")(halves)
    means = layers.GlobalAveragePooling1D(name="means")(joined)
    largest = layers.GlobalMaxPooling1D(name="largest")(layers.Permute((2, 1), name="turn")(joined))
    return tf.keras.Model(inputs, layers.Dense(1, name="out")(layers.Concatenate(name="both")([means, largest])))
