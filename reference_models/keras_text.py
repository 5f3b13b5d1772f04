"""keras_text: every layer that turns strings and numbers into classes, under an embedding each."""

import numpy as np
import tensorflow as tf

OPTIMIZER = {"name": "Adagrad", "learning_rate": 0.05}
LOSS = "binary_crossentropy"
BATCH = 8
WORDS = ["a good film", "a bad film", "not good at all", "very good"]


def data(rng):
    return {
        "x": {
            "text": tf.constant(np.array(WORDS)[rng.randint(0, 4, (16, 1))].tolist()),
            "colour": tf.constant(np.array(["red", "green", "blue"])[rng.randint(0, 3, (16, 1))].tolist()),
            "number": rng.randint(0, 40, (16, 1)),
            "size": rng.random_sample((16, 1)).astype("float32"),
        },
        "y": rng.randint(0, 2, (16, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    kinds = {"text": "string", "colour": "string", "number": "int64", "size": "float32"}
    inputs = {name: tf.keras.Input((1,), dtype=kind, name=name) for name, kind in kinds.items()}
    # Given and not adapted: up to 2.12 Keras cannot save the weights of a layer that has adapted its vocabulary.
    known = sorted({word for words in WORDS for word in words.split()})
    vectorization = layers.TextVectorization(12, output_sequence_length=4, vocabulary=known, name="words")
    text = layers.Embedding(12, 4, name="rows")(vectorization(inputs["text"]))
    colour = layers.StringLookup(vocabulary=["red", "blue"], name="colours")(inputs["colour"])
    number = layers.IntegerLookup(vocabulary=list(range(0, 40, 3)), name="numbers")(inputs["number"])
    hashed = layers.Hashing(6, name="hashed")(inputs["colour"])
    size = layers.Discretization(bin_boundaries=[0.25, 0.5, 0.75], name="sizes")(inputs["size"])
    joined = [
        layers.Flatten(name="flat1")(text),
        layers.Flatten(name="flat2")(layers.Embedding(5, 3, name="colour_rows")(colour)),
        layers.Flatten(name="flat3")(layers.Embedding(16, 3, name="number_rows")(number)),
        layers.Flatten(name="flat4")(layers.Embedding(6, 3, name="hashed_rows")(hashed)),
        layers.CategoryEncoding(4, output_mode="one_hot", name="size_flags")(size),
    ]
    last = layers.Concatenate(name="join")(joined)
    return tf.keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="out")(last))
