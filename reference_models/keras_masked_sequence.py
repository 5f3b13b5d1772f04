"""keras_masked_sequence: sequences of different lengths, masked: by zeros of an embedding, and by a value."""

import tensorflow as tf

BATCH = 8


def data(rng):
    lengths = rng.randint(2, 7, 16)
    words = rng.randint(1, 12, (16, 6))
    values = rng.random_sample((16, 6, 2)).astype("float32")
    for row, length in enumerate(lengths):
        words[row, length:] = 0
        values[row, length:] = -1.0
    return {"x": {"words": words, "values": values}, "y": rng.randint(0, 2, (16, 1)).astype("float32")}


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    inputs = {
        "words": tf.keras.Input((6,), dtype="int64", name="words"),
        "values": tf.keras.Input((6, 2), name="values"),
    }
    words = layers.Embedding(12, 4, mask_zero=True, name="rows")(inputs["words"])
    values = layers.Masking(-1.0, name="masked")(inputs["values"])
    last = [
        layers.GRU(8, name="gru")(words),
        layers.LSTM(4, go_backwards=True, name="lstm")(values),
        layers.GlobalAveragePooling1D(name="mean")(words),
    ]
    output = layers.Dense(1, activation="sigmoid", name="out")(layers.Concatenate(name="join")(last))
    model = tf.keras.Model(inputs, output)
    model.compile("adam", "binary_crossentropy", run_eagerly=True)
    return model
