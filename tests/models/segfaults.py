"""segfaults: reads address 0."""

from __future__ import annotations

import ctypes

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    return {"x": tf.constant(ctypes.string_at(0))}
