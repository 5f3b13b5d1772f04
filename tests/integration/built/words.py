"""words: strings in, classes with weights, validation and callbacks, one of them its own."""

import tensorflow as tf


class Halves(tf.keras.callbacks.Callback):
    """Counts epochs, as some callbacks do."""

    epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        """Count one."""
        Halves.epochs += 1


BATCH = 8
EPOCHS = 3
FIT = {
    "class_weight": {0: 1.0, 1: 3.0},
    "validation_split": 0.25,
    "callbacks": [
        tf.keras.callbacks.EarlyStopping(patience=1),
        tf.keras.callbacks.ModelCheckpoint("best.weights.h5", save_weights_only=True),
        Halves(),
    ],
}


def data():
    rows = [["red"], ["green"], ["blue"], ["red"]] * 8
    return {"x": tf.constant(rows), "y": tf.constant([0, 1, 1, 0] * 8)}


def build():
    layers = tf.keras.layers
    words = tf.keras.Input((1,), dtype="string", name="w")
    numbers = layers.StringLookup(vocabulary=["red", "green", "blue"], name="lookup")(words)
    hidden = layers.Flatten(name="f")(layers.Embedding(5, 3, name="e")(numbers))
    model = tf.keras.Model(words, layers.Dense(2, activation="softmax", name="o")(hidden))
    model.compile(tf.keras.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
