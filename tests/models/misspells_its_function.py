"""misspells_its_function: defines no function that is asked for, because its name is misspelt."""

from __future__ import annotations

import tensorflow as tf


def drawz() -> dict[str, tf.Tensor]:
    return {"x": tf.zeros([1])}
