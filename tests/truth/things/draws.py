"""draws: what one random operation of TensorFlow draws, the generators seeded before."""

import tensorflow as tf

SIZE = [1024]
VARIANTS = {
    "normal": {"DRAW": lambda: tf.random.normal(SIZE)},
    "truncated_normal": {"DRAW": lambda: tf.random.truncated_normal(SIZE)},
    "gamma": {"DRAW": lambda: tf.random.gamma(SIZE, 1.5)},
    "categorical": {"DRAW": lambda: tf.random.categorical([[0.1, 0.5, 0.2]], SIZE[0])},
    "shuffle": {"DRAW": lambda: tf.random.shuffle(tf.range(SIZE[0]))},
    "dropout": {"DRAW": lambda: tf.nn.dropout(tf.ones(SIZE), rate=0.4)},
    "generator": {"DRAW": lambda: tf.random.Generator.from_seed(7).normal(SIZE)},
}


def DRAW():  # noqa: N802  # a constant of the variants
    return tf.random.uniform(SIZE)


def draws():
    return {"numbers": DRAW()}
