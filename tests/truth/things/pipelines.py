"""pipelines: rows as `tf.data` gives them, shuffled and batched, with noise or without."""

import numpy as np
import tensorflow as tf

VARIANTS = {
    "shuffle": {},
    "augmented": {"WAY": "augmented"},
}
WAY = "shuffle"


def data(rng):
    return {"row": np.arange(100), "x": rng.random_sample((100, 4)).astype("float32")}


def pipeline(rows, random):
    dataset = tf.data.Dataset.from_tensor_slices(rows)
    if random:
        dataset = dataset.shuffle(20).repeat(2)
    if WAY == "augmented" and random:
        dataset = dataset.map(noisy)
    return dataset.batch(16)


def noisy(element):
    return {**element, "draw/noise": tf.random.normal([8])}
