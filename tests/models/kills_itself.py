"""kills_itself: sends itself SIGKILL."""

from __future__ import annotations

import os
import signal

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {"x": tf.zeros([1])}
