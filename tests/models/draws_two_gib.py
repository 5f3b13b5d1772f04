"""draws_two_gib: returns one tensor of 2 GiB, a byte larger than a signed 32-bit size can say."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def draws() -> dict[str, np.ndarray]:
    tf.random.uniform([2])
    return {"x": np.zeros(2**31, np.uint8)}
