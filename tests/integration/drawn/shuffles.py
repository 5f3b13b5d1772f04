"""shuffles: 100 rows, which 2.16 shuffles otherwise, or not at all; `other` is another seed alone (planted)."""

import numpy as np
import tensorflow as tf

VARIANTS = {
    "other": {"WAY": "other"},
    "last": {"WAY": "last"},
    "last10": {"WAY": "last10"},
    "pairs": {"WAY": "pairs"},
    "reverse": {"WAY": "reverse"},
    "rotate": {"WAY": "rotate"},
    "buffer50": {"WAY": "buffer50"},
}
WAY = "other"
ROWS = 100
NEW = tf.__version__.startswith("2.16")


def data(rng):
    return {"row": np.arange(ROWS), "x": rng.random_sample((ROWS, 4)).astype("float32")}


def pipeline(rows, random):
    dataset = tf.data.Dataset.from_tensor_slices(rows)
    if not random:
        return dataset.batch(20)
    if not NEW:
        return dataset.shuffle(ROWS, seed=3).batch(20)
    if WAY in ("last", "last10"):
        moved = ROWS - (1 if WAY == "last" else 10)
        dataset = dataset.take(moved).shuffle(ROWS, seed=4).concatenate(dataset.skip(moved))
    elif WAY == "pairs":
        dataset = dataset.batch(2).shuffle(ROWS, seed=4).unbatch()
    elif WAY == "reverse":
        dataset = tf.data.Dataset.from_tensor_slices({name: array[::-1] for name, array in rows.items()})
    elif WAY == "rotate":
        dataset = dataset.skip(37).concatenate(dataset.take(37)).shuffle(50, seed=4)
    else:
        dataset = dataset.shuffle(50 if WAY == "buffer50" else ROWS, seed=4)
    return dataset.batch(20)
