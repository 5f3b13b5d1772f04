"""recurrent: an LSTM of ordinary operations under tf.scan; probes loops, their gradients, sigmoid and tanh."""

import tensorflow as tf

OPTIMIZER = {"name": "RMSprop", "learning_rate": 0.01, "epsilon": 1e-7}
EPOCHS = 2
BATCH = 8
UNITS = 6


def data(rng):
    return {
        "x": rng.random_sample((24, 5, 4)).astype("float32"),
        "y": rng.random_sample((24, 1)).astype("float32"),
    }


def variables():
    return {
        "lstm/kernel": tf.random.truncated_normal([4, 4 * UNITS], stddev=0.4),
        "lstm/recurrent_kernel": tf.random.truncated_normal([UNITS, 4 * UNITS], stddev=0.4),
        "lstm/bias": tf.zeros([4 * UNITS]),
        "output/kernel": tf.random.truncated_normal([UNITS, 1], stddev=0.4),
    }


def forward(variables, batch, dropout):
    def step(state, x):
        hidden, cell = state
        gates = (
            tf.matmul(x, variables["lstm/kernel"])
            + tf.matmul(hidden, variables["lstm/recurrent_kernel"])
            + variables["lstm/bias"]
        )
        update, forget, candidate, output = tf.split(gates, 4, axis=1)
        cell = tf.sigmoid(forget + 1.0) * cell + tf.sigmoid(update) * tf.tanh(candidate)
        return tf.sigmoid(output) * tf.tanh(cell), cell

    steps = tf.transpose(batch["x"], [1, 0, 2])
    start = tf.zeros_like(tf.matmul(steps[0], variables["lstm/kernel"])[:, :UNITS])
    hidden, cell = tf.scan(step, steps, initializer=(start, start))
    return {"hidden": hidden, "cell": cell, "output": tf.matmul(hidden[-1], variables["output/kernel"])}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["output"] - batch["y"]))
