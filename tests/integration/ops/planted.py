"""A deep network in which one thing is another in each variant but the first."""

import numpy as np
import tensorflow as tf

VARIANTS = {
    "plain": {"PLANTED": ""},
    "one ULP": {"PLANTED": "one ULP"},
    "another order": {"PLANTED": "another order"},
    "default": {"PLANTED": "default"},
    "epsilon": {"PLANTED": "epsilon"},
    "hook": {"PLANTED": "hook"},
}
PLANTED = ""
EPOCHS = 1


def has(change):
    return change == PLANTED


class Nudged(tf.keras.layers.Dense):
    """A dense layer, whose result may be off by one ULP."""

    def call(self, inputs):
        made = super().call(inputs)
        return tf.math.nextafter(made, tf.fill(tf.shape(made), np.float32(np.inf))) if has("one ULP") else made


class Summed(tf.keras.layers.Layer):
    """The sum of three."""

    def call(self, inputs):
        a, b, c = inputs
        return a + (b + c) if has("another order") else (a + b) + c


class Moving(tf.keras.callbacks.Callback):
    """What may move a weight behind each update."""

    def on_train_batch_end(self, batch, logs=None):
        kernel = self.model.get_layer("out").kernel
        kernel.assign(kernel * (1.001 if has("hook") else 1.0))


def data(rng):
    return {"x": rng.standard_normal((16, 6)).astype("float32"), "y": rng.standard_normal((16, 1)).astype("float32")}


def build():
    layers = tf.keras.layers
    x = inputs = tf.keras.Input((6,))
    for name in ("first", "second", "third", "fourth"):
        x = (Nudged if name == "third" else layers.Dense)(8, "tanh", name=name)(x)
    x = layers.LayerNormalization(epsilon=0.01 if has("epsilon") else 0.001, name="norm")(x)
    x = layers.LeakyReLU(**({"alpha": 0.2} if has("default") else {}), name="leaky")(x)
    x = Summed(name="sum")([layers.Dense(8, name=f"part_{part}")(x) for part in "abc"])
    model = tf.keras.Model(inputs, layers.Dense(1, name="out")(x))
    model.compile("sgd", "mse")
    return model


BATCH = 8
FIT = {"callbacks": [Moving()]}
