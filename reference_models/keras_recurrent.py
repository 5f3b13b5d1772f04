"""keras_recurrent: every recurrent layer and cell, forwards, both ways and stacked, and convolutions in a loop."""

import tensorflow as tf

VARIANTS = {"cells": {"PART": "cells"}, "convolutions": {"PART": "convolutions"}}
PART = "cells"
SHAPES = {"cells": (3, 4), "convolutions": (2, 4, 4, 4, 2)}

BATCH = 8


def data(rng):
    shape = SHAPES[PART]
    return {
        "x": rng.random_sample((16, *shape)).astype("float32"),
        "y": rng.random_sample((16, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    inputs = tf.keras.Input(SHAPES[PART])
    last = {"cells": cells, "convolutions": convolutions}[PART](inputs)
    model = tf.keras.Model(inputs, layers.Dense(1, name="out")(layers.Concatenate(name="join")(last)))
    model.compile(tf.keras.optimizers.RMSprop(0.01), "mse", run_eagerly=True)
    return model


def cells(inputs):
    layers = tf.keras.layers
    stacked = layers.StackedRNNCells([layers.SimpleRNNCell(4), layers.GRUCell(4), layers.LSTMCell(4)])
    return [
        layers.LSTM(4, name="lstm")(inputs),
        layers.GRU(4, name="gru")(inputs),
        layers.Bidirectional(layers.SimpleRNN(4, unroll=True), name="both")(inputs),
        layers.RNN(stacked, unroll=True, name="stacked")(inputs),
        layers.LSTM(4, dropout=0.25, recurrent_dropout=0.25, unroll=True, name="dropping")(inputs),
    ]


def convolutions(inputs):
    layers = tf.keras.layers
    return [
        layers.Flatten(name="flat1")(layers.ConvLSTM1D(2, 3, name="one")(inputs[:, :, :, 0, 0])),
        layers.Flatten(name="flat2")(layers.ConvLSTM2D(2, 3, name="two")(inputs[:, :, :, :, 0])),
        layers.Flatten(name="flat3")(layers.ConvLSTM3D(2, 3, name="three")(inputs)),
    ]
