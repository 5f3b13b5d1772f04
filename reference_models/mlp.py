"""mlp: a 10-10-1 ReLU network trained by Adam on squared error; probes initial weights, matrix products and Adam."""

import tensorflow as tf

OPTIMIZER = {"name": "Adam", "learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
EPOCHS = 10
BATCH = 20


def data(rng):
    return {
        "x": rng.random_sample((100, 10)).astype("float32"),
        "y": rng.random_sample((100, 1)).astype("float32"),
    }


def variables():
    return {
        "hidden/kernel": tf.random.truncated_normal([10, 10], stddev=0.3),
        "hidden/bias": tf.zeros([10]),
        "output/kernel": tf.random.truncated_normal([10, 1], stddev=0.3),
        "output/bias": tf.zeros([1]),
    }


def forward(variables, batch, dropout):
    hidden = tf.nn.relu(tf.matmul(batch["x"], variables["hidden/kernel"]) + variables["hidden/bias"])
    return {
        "hidden": hidden,
        "output": tf.matmul(hidden, variables["output/kernel"]) + variables["output/bias"],
    }


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["output"] - batch["y"]))
