"""initializers: what one initializer of Keras draws for a matrix, the generators seeded before."""

import tensorflow as tf

VARIANTS = {
    "glorot_uniform": {"NAME": "glorot_uniform"},
    "he_normal": {"NAME": "he_normal"},
    "truncated_normal": {"NAME": "truncated_normal"},
    "orthogonal": {"NAME": "orthogonal"},
}
NAME = "glorot_uniform"


def draws():
    return {NAME: tf.keras.initializers.get(NAME)((32, 32))}
