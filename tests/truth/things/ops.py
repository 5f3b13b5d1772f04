"""ops: one operation of TensorFlow behind a matrix product, with its gradient, over four batches of training."""

import numpy as np
import tensorflow as tf

VARIANTS = {
    "matmul_half": {"OP": lambda h, w: tf.cast(tf.matmul(half(h), half(w)), tf.float32)},
    "einsum": {"OP": lambda h, w: tf.einsum("bi,bj,ij->bi", h, h, w)},
    "xent": {"OP": lambda h, w: tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(0.5 * h), h)[:, None]},
    "sparse_xent": {"OP": lambda h, w: tf.nn.sparse_softmax_cross_entropy_with_logits(tf.argmax(-h, 1), h)[:, None]},
    "gelu": {"OP": lambda h, w: tf.nn.gelu(h)},
    "softplus": {"OP": lambda h, w: tf.nn.softplus(h)},
    "cumsum": {"OP": lambda h, w: tf.cumsum(h, 1)},
    "reduce_sum": {"WIDTH": 500, "OP": lambda h, w: tf.reduce_sum(h, 1, keepdims=True)},
    "top_k": {"OP": lambda h, w: tf.math.top_k(h, 5)[0]},
    "segment_sum": {"OP": lambda h, w: tf.math.unsorted_segment_sum(h, tf.range(tf.shape(h)[0]) % 3, 3)},
    "fft_500": {"WIDTH": 500, "OP": lambda h, w: tf.signal.irfft(0.5 * tf.signal.rfft(h))},
    "conv2d": {"OP": lambda h, w: flat(tf.nn.conv2d(image(h), tf.reshape(w[:9, :4], [3, 3, 1, 4]), 1, "SAME"))},
    "resize_bilinear": {"OP": lambda h, w: flat(tf.image.resize(image(h), [9, 7]))},
}
WIDTH = 36

OPTIMIZER = {"name": "SGD", "learning_rate": 0.05}
EPOCHS = 1
BATCH = 8


def OP(h, w):  # noqa: N802  # a constant of the variants
    return h


def image(h):
    return tf.reshape(h, [-1, 6, 6, 1])


def flat(x):
    return tf.reshape(x, [tf.shape(x)[0], -1])


def half(x):
    return tf.cast(x, tf.float16)


def data(rng):
    return {
        "x": (rng.random_sample((32, 36)) * 2 - 1).astype("float32"),
        "y": rng.random_sample((32, 1)).astype("float32"),
    }


def variables():
    return {"w": tf.constant(np.random.RandomState(3).uniform(-0.5, 0.5, (36, WIDTH)).astype("float32"))}


def forward(variables, batch, dropout):
    return {"out": OP(tf.matmul(batch["x"], variables["w"]), variables["w"])}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["out"])) - tf.reduce_mean(outputs["out"]) * tf.reduce_mean(batch["y"])
