"""closes_everything_and_goes_on: closes every descriptor, the one for its answer too, and goes on."""

from __future__ import annotations

import os

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    os.closerange(0, 4096)
    return {"x": tf.zeros([1])}
