"""adapted: a vocabulary and statistics that layers take from the data before they are trained."""

import numpy as np
import tensorflow as tf

OPTIMIZER = "adagrad"
LOSS = "binary_crossentropy"
BATCH = 8
WORDS = ["a good film", "a bad film", "not good at all", "very good"]


def data(rng):
    x = {"text": tf.constant([[words] for words in WORDS] * 4), "size": rng.random_sample((16, 2)).astype("float32")}
    return {"x": x, "y": rng.randint(0, 2, (16, 1)).astype("float32")}


def build():
    layers = tf.keras.layers
    inputs = {"text": tf.keras.Input((1,), dtype="string", name="text"), "size": tf.keras.Input((2,), name="size")}
    words, scaled = layers.TextVectorization(12, output_sequence_length=4, name="w"), layers.Normalization(name="n")
    words.adapt(tf.constant([[words] for words in WORDS]))
    scaled.adapt(np.arange(20, dtype="float32").reshape(10, 2))
    rows = layers.Flatten(name="f")(layers.Embedding(12, 3, name="e")(words(inputs["text"])))
    joined = layers.Concatenate(name="c")([rows, scaled(inputs["size"])])
    return tf.keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="o")(joined))
