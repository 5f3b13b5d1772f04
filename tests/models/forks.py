"""forks: forks, and both processes come back from it."""

from __future__ import annotations

import os

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return {"x": tf.zeros([1])}
