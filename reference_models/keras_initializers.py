"""keras_initializers: every initializer and activation, each of a layer of its own, and every layer that activates."""

import tensorflow as tf

OPTIMIZER = {"name": "SGD", "learning_rate": 0.01}
LOSS = "mean_squared_error"
BATCH = 8


def data(rng):
    return {
        "x": (rng.random_sample((16, 8)) * 2 - 1).astype("float32"),
        "y": rng.random_sample((16, 1)).astype("float32"),
    }


def pairs():
    """Return an initializer and an activation of each layer."""
    initializers, activations = tf.keras.initializers, tf.keras.activations
    return [
        (initializers.Constant(0.1), activations.linear),
        (initializers.GlorotNormal(), activations.elu),
        (initializers.GlorotUniform(), activations.exponential),
        (initializers.HeNormal(), activations.gelu),
        (initializers.HeUniform(), activations.hard_sigmoid),
        (initializers.Identity(), activations.relu),
        (initializers.LecunNormal(), activations.selu),
        (initializers.LecunUniform(), activations.sigmoid),
        (initializers.Ones(), activations.softmax),
        (initializers.Orthogonal(), activations.softplus),
        (initializers.RandomNormal(), activations.softsign),
        (initializers.RandomUniform(), activations.swish),
        (initializers.TruncatedNormal(), activations.tanh),
        (initializers.VarianceScaling(0.5, "fan_out"), activations.relu),
        (initializers.Zeros(), activations.tanh),
    ]


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    inputs = tf.keras.Input((8,))
    made = [
        layers.Dense(8, kernel_initializer=initializer, activation=activation, name=f"dense{number}")(inputs)
        for number, (initializer, activation) in enumerate(pairs())
    ]
    made += [
        layers.ELU(0.5, name="elu")(inputs),
        layers.LeakyReLU(0.2, name="leaky")(inputs),
        layers.PReLU(name="prelu")(inputs),
        layers.ReLU(max_value=0.5, negative_slope=0.1, name="relu")(inputs),
        layers.Softmax(name="softmax")(inputs),
        layers.ThresholdedReLU(0.3, name="thresholded")(inputs),
        layers.Activation("tanh", name="activation")(inputs),
    ]
    return tf.keras.Model(inputs, layers.Dense(1, name="out")(layers.Concatenate(name="join")(made)))
