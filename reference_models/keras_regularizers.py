"""keras_regularizers: every regularizer and constraint of weights, and a penalty on what a layer puts out."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.2}
LOSS = "mean_squared_error"
EPOCHS = 2
BATCH = 8


def data(rng):
    return {
        "x": (rng.random_sample((16, 6)) * 2 - 1).astype("float32"),
        "y": rng.random_sample((16, 1)).astype("float32"),
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers, regularizers, constraints = tf.keras.layers, tf.keras.regularizers, tf.keras.constraints
    if not hasattr(regularizers, "OrthogonalRegularizer"):
        raise NotImplementedError("this release has no tf.keras.regularizers.OrthogonalRegularizer")
    inputs = tf.keras.Input((6,))
    settings = {
        "l1": {"kernel_regularizer": regularizers.L1(0.01)},
        "l2": {"kernel_regularizer": regularizers.L2(0.01), "bias_regularizer": regularizers.L2(0.1)},
        "l1_l2": {"kernel_regularizer": regularizers.L1L2(0.01, 0.02)},
        "orthogonal": {"kernel_regularizer": regularizers.OrthogonalRegularizer(0.01)},
        "outputs": {"activity_regularizer": regularizers.L2(0.01)},
        "largest": {"kernel_constraint": constraints.MaxNorm(0.5)},
        "between": {"kernel_constraint": constraints.MinMaxNorm(0.5, 0.9)},
        "not_negative": {"kernel_constraint": constraints.NonNeg()},
        "unit": {"kernel_constraint": constraints.UnitNorm()},
    }
    made = [layers.Dense(4, activation="tanh", name=name, **chosen)(inputs) for name, chosen in settings.items()]
    joined = layers.ActivityRegularization(l1=0.001, name="activity")(layers.Concatenate(name="join")(made))
    return tf.keras.Model(inputs, layers.Dense(1, name="out")(joined))
