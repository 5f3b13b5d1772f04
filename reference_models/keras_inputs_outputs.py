"""keras_inputs_outputs: two inputs and two outputs by name, every layer that joins, weights of losses and of rows."""

import tensorflow as tf

EPOCHS = 2
BATCH = 8


def data(rng):
    return {
        "x": {"a": rng.random_sample((20, 4)).astype("float32"), "b": rng.random_sample((20, 6)).astype("float32")},
        "y": {"price": rng.random_sample((20, 1)).astype("float32"), "kind": rng.randint(0, 3, 20)},
        "sample_weight": {
            "price": rng.random_sample(20).astype("float32"),
            "kind": rng.random_sample(20).astype("float32"),
        },
    }


def build():
    if not tf.executing_eagerly():
        raise NotImplementedError("keras_mlp is the network that Keras trains in a graph")
    layers = tf.keras.layers
    inputs = {"a": tf.keras.Input((4,), name="a"), "b": tf.keras.Input((6,), name="b")}
    a = layers.Dense(6, activation="relu", name="wide_a")(inputs["a"])
    b = layers.Dense(6, activation="relu", name="wide_b")(inputs["b"])
    joined = [
        layers.Add(name="sum")([a, b]),
        layers.Average(name="mean")([a, b]),
        layers.Maximum(name="largest")([a, b]),
        layers.Minimum(name="smallest")([a, b]),
        layers.Multiply(name="product")([a, b]),
        layers.Subtract(name="difference")([a, b]),
        layers.Dot(axes=1, normalize=True, name="cosine")([a, b]),
        layers.Lambda(lambda both: both[0] * 2.0 - both[1], output_shape=(6,), name="own")([a, b]),
    ]
    last = layers.Concatenate(name="join")(joined)
    outputs = {
        "price": layers.Dense(1, name="price")(last),
        "kind": layers.Dense(3, activation="softmax", name="kind")(last),
    }
    model = tf.keras.Model(inputs, outputs)
    losses = {"price": "mse", "kind": "sparse_categorical_crossentropy"}
    model.compile(
        "adam", losses, loss_weights={"price": 0.5, "kind": 2.0}, metrics={"price": ["mae"], "kind": ["accuracy"]}
    )
    return model
