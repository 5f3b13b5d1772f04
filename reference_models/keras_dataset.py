"""keras_dataset: `fit` of a shuffled pipeline, in which layers make numbers, classes and flags of columns."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.05}
LOSS = "mean_squared_error"
EPOCHS = 2


def data(rng):
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    size = rng.random_sample((96, 3)).astype("float32")
    colour = rng.randint(0, 4, 96)
    scaled = layers.Normalization(mean=0.5, variance=0.08)
    bins = layers.Discretization(bin_boundaries=[0.25, 0.5, 0.75])
    flags = layers.CategoryEncoding(4, output_mode="one_hot")

    def prepared(size, colour, wanted):
        return {"size": scaled(size), "bins": bins(size), "colour": flags(colour)}, wanted

    rows = tf.data.Dataset.from_tensor_slices((size, colour, size.sum(1, keepdims=True)))
    return rows.shuffle(96).batch(24).map(prepared)


def build():
    layers = tf.keras.layers
    size = tf.keras.Input((3,), name="size")
    bins = tf.keras.Input((3,), dtype="int64", name="bins")
    colour = tf.keras.Input((4,), name="colour")
    looked_up = layers.Flatten(name="flat")(layers.Embedding(4, 2, name="table")(bins))
    joined = layers.Concatenate(name="join")([size, looked_up, colour])
    return tf.keras.Model({"size": size, "bins": bins, "colour": colour}, layers.Dense(1, name="out")(joined))
