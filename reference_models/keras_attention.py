"""keras_attention: every attention layer, in a small transformer with positions, dropout and layer normalization."""

import tensorflow as tf

OPTIMIZER = {"name": "Adam", "learning_rate": 0.01}
LOSS = "sparse_categorical_crossentropy"
BATCH = 8


def data(rng):
    return {"x": rng.randint(0, 12, (16, 6)), "y": rng.randint(0, 3, 16)}


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    inputs = tf.keras.Input((6,), dtype="int64")
    words = layers.Embedding(12, 8, name="words")(inputs)
    seen = layers.MultiHeadAttention(2, 4, dropout=0.1, name="heads")(words, words)
    words = layers.LayerNormalization(name="norm")(layers.Add(name="sum")([words, seen]))
    wide = layers.Dense(12, activation="gelu", name="wide")(words)
    einsum = getattr(layers, "EinsumDense", None) or layers.experimental.EinsumDense  # as releases before 2.10 call it
    narrow = einsum("abc,cd->abd", (None, 8), bias_axes="d", name="narrow")(wide)
    words = layers.Add(name="rest")([words, narrow])
    both = [
        layers.Attention(use_scale=True, name="dot")([words, words]),
        layers.AdditiveAttention(name="additive")([words, words]),
    ]
    last = layers.GlobalAveragePooling1D(name="mean")(layers.Concatenate(name="join")(both))
    return tf.keras.Model(inputs, layers.Dense(3, activation="softmax", name="out")(last))
