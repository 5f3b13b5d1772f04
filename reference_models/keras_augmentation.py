"""keras_augmentation: every layer that changes images at random while training."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.05}
LOSS = "mean_squared_error"
BATCH = 4


def data(rng):
    return {
        "x": rng.random_sample((8, 6, 6, 3)).astype("float32"),
        "y": rng.random_sample((8, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    if not hasattr(layers, "RandomBrightness"):
        raise NotImplementedError("this release has no tf.keras.layers.RandomBrightness")
    inputs = tf.keras.Input((6, 6, 3))
    changed = [
        layers.RandomFlip("horizontal", name="flip")(inputs),
        layers.RandomRotation(0.2, name="rotation")(inputs),
        layers.RandomZoom(0.3, name="zoom")(inputs),
        layers.RandomTranslation(0.3, 0.3, name="translation")(inputs),
        layers.RandomContrast(0.4, name="contrast")(inputs),
        layers.RandomBrightness(0.3, value_range=(0.0, 1.0), name="brightness")(inputs),
        layers.RandomCrop(4, 4, name="crop")(inputs),
        layers.RandomHeight(0.3, name="height")(inputs),
        layers.RandomWidth(0.3, name="width")(inputs),
    ]
    means = [layers.GlobalAveragePooling2D(name=f"mean{n}")(one) for n, one in enumerate(changed)]
    corners = [layers.Flatten(name=f"corner{n}")(one[:, :2, :2]) for n, one in enumerate(changed[:7])]
    joined = layers.Concatenate(name="join")([*means, *corners])
    return tf.keras.Model(inputs, layers.Dense(1, name="out")(joined))
