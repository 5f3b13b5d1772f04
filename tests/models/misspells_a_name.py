"""misspells_a_name: calls a function whose name is misspelt."""

from __future__ import annotations

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    return {"x": tf.zeroes([1])}
