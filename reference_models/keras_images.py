"""keras_images: every layer of images: convolutions, pooling, padding, cropping, scaling and resizing."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.05}
LOSS = "mean_squared_error"
BATCH = 8


def data(rng):
    return {
        "x": rng.random_sample((16, 8, 8, 3)).astype("float32"),
        "y": rng.random_sample((16, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    inputs = tf.keras.Input((8, 8, 3))
    first = layers.Rescaling(2.0, offset=-1.0, name="rescale")(inputs)
    first = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(first)
    halves = [
        layers.MaxPooling2D(2, name="max")(first),
        layers.AveragePooling2D(2, name="average")(first),
        layers.DepthwiseConv2D(3, strides=2, padding="same", name="depthwise")(first),
        layers.SeparableConv2D(4, 3, strides=2, padding="same", activation="tanh", name="separable")(first),
        layers.Conv2DTranspose(4, 2, name="transpose")(layers.Cropping2D(((2, 3), (3, 2)), name="crop")(first)),
        layers.UpSampling2D(2, interpolation="bilinear", name="up")(layers.MaxPooling2D(4, name="quarter")(first)),
        layers.CenterCrop(4, 4, name="center")(layers.ZeroPadding2D(1, name="pad")(first)),
        layers.Resizing(4, 4, name="resize")(first),
    ]
    joined = layers.Concatenate(name="join")(halves)
    means = layers.GlobalAveragePooling2D(name="means")(joined)
    largest = layers.GlobalMaxPooling2D(name="largest")(joined)
    return tf.keras.Model(inputs, layers.Dense(1, name="out")(layers.Concatenate(name="both")([means, largest])))
