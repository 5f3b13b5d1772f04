"""exits: calls sys.exit."""

from __future__ import annotations

import sys

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    sys.exit(3)
