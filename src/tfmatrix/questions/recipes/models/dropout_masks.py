"""What a Keras dropout layer, as ``dropout`` makes it, lets through of 1,000 ones in three calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf


def run(observe: Any, dropout: Any = None) -> None:
    """Call one layer three times, as three steps of a training do."""
    layer = tf.keras.layers.Dropout(0.5) if dropout is None else dropout(1)
    for step in range(3):
        observe(f"dropout@{step}/mask", np.array(layer(np.ones(1000, np.float32), training=True)))
