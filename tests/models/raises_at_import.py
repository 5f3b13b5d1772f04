"""raises_at_import: raises before anything of it is defined."""

from __future__ import annotations

import tensorflow as tf

RATE = 1 / 0


def draws() -> dict[str, tf.Tensor]:
    return {"x": tf.zeros([1])}
