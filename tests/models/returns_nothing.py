"""returns_nothing: forgets to return what it drew."""

from __future__ import annotations

import tensorflow as tf


def draws() -> None:
    tf.random.uniform([2])
