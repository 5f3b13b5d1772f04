"""input_pipeline: tf.data shuffle, maps with random operations and batch; probes the order and content of its feed."""

import numpy as np
import tensorflow as tf


def data(rng):
    return {
        "row": np.arange(200),
        "x": rng.random_sample((200, 4)).astype("float32"),
    }


def pipeline(rows, random):
    dataset = tf.data.Dataset.from_tensor_slices(rows)
    if random:
        dataset = dataset.shuffle(10, reshuffle_each_iteration=True).repeat(2)
        # Stateful operations in a parallel map repeat their values only under op determinism, which v1 has not.
        workers = 2 if tf.executing_eagerly() else None
        dataset = dataset.map(noisy, num_parallel_calls=workers)
    return dataset.map(flipped, num_parallel_calls=2).batch(30).prefetch(2)


def noisy(element):
    return {**element, "draw/uniform": tf.random.uniform([16]), "draw/seeded": tf.random.normal([16], seed=7)}


def flipped(element):
    seed = tf.stack([element["row"], 3])
    flips = tf.random.stateless_uniform([4], seed=seed) < 0.5
    return dict(element, flipped=tf.where(flips, -element["x"], element["x"]))
