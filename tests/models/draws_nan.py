"""draws_nan: returns NaN and infinities."""

from __future__ import annotations

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    return {"x": tf.constant([float("nan")] * 3), "y": tf.constant([float("inf"), float("-inf"), -0.0])}
