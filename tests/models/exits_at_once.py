"""exits_at_once: ends its process behind Python's back."""

from __future__ import annotations

import os

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    os._exit(7)
