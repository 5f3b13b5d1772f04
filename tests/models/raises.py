"""raises: raises while it runs."""

from __future__ import annotations

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    raise ValueError("this model always fails")
