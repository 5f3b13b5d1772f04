"""embedding: gather and segment sum, trained through sparse gradients; probes scatter updates with repeated rows."""

import tensorflow as tf

OPTIMIZER = {"name": "Adam", "learning_rate": 0.01, "epsilon": 1e-7}
EPOCHS = 2
BATCH = 8
WORDS = 6


def data(rng):
    return {
        "words": rng.randint(0, 12, size=(32, WORDS)).astype("int32"),
        "y": rng.random_sample((32, 1)).astype("float32"),
    }


def variables():
    return {
        "table": tf.random.uniform([20, 8], -0.5, 0.5),
        "output/kernel": tf.random.uniform([8, 1], -0.5, 0.5),
    }


def forward(variables, batch, dropout):
    rows = tf.gather(variables["table"], tf.reshape(batch["words"], [-1]))
    sentence = tf.repeat(tf.range(tf.shape(batch["words"])[0]), WORDS)
    summed = tf.math.segment_sum(rows, sentence)
    parity = tf.math.unsorted_segment_sum(rows, tf.reshape(batch["words"] % 2, [-1]), 2)
    return {
        "summed": summed,
        "parity": parity,
        "output": tf.matmul(summed, variables["output/kernel"]) + 0.1 * tf.reduce_sum(parity),
    }


def loss(outputs, batch):
    return tf.reduce_mean(tf.abs(outputs["output"] - batch["y"]))
