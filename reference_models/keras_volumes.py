"""keras_volumes: every layer of volumes: convolutions in three dimensions, pooling, padding, cropping."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.05}
LOSS = "mean_squared_error"
BATCH = 8


def data(rng):
    return {
        "x": rng.random_sample((16, 4, 4, 4, 2)).astype("float32"),
        "y": rng.random_sample((16, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    inputs = tf.keras.Input((4, 4, 4, 2))
    first = layers.Conv3D(3, 3, padding="same", activation="relu", name="conv")(inputs)
    halves = [
        layers.MaxPooling3D(2, name="max")(first),
        layers.AveragePooling3D(2, name="average")(first),
        # Behind another convolution, so that the gradient goes through both.
        layers.MaxPooling3D(2, name="behind")(layers.Conv3D(3, 3, padding="same", name="again")(first)),
        layers.MaxPooling3D(2, name="wide")(layers.Conv3DTranspose(3, 3, padding="same", name="transpose")(first)),
        layers.UpSampling3D(2, name="inner")(layers.Cropping3D(((1, 2), (2, 1), (1, 2)), name="crop")(first)),
        layers.UpSampling3D(2, name="up")(layers.MaxPooling3D(4, name="quarter")(first)),
        layers.MaxPooling3D(3, name="third")(layers.ZeroPadding3D(1, name="pad")(first)),
        layers.SpatialDropout3D(0.25, name="drop")(layers.MaxPooling3D(2, name="other")(first)),
    ]
    joined = layers.Concatenate(name="join")(halves)
    means = layers.GlobalAveragePooling3D(name="means")(joined)
    largest = layers.GlobalMaxPooling3D(name="largest")(joined)
    return tf.keras.Model(inputs, layers.Dense(1, name="out")(layers.Concatenate(name="both")([means, largest])))
