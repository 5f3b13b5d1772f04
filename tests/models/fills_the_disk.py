"""The disk is full when its weights are saved, which Keras tells with an error of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

OPTIMIZER, LOSS = "sgd", "mse"


class Full(tf.keras.Sequential):  # type: ignore[misc]
    """A model that cannot be saved."""

    def save_weights(self, path: str, *arguments: Any, **named: Any) -> None:
        """Raise as a library does."""
        try:
            Path("/dev/full").write_text(path)
        except OSError as error:
            raise ValueError("the file is not whole") from error


def data(rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Return eight rows."""
    return rng.random_sample((8, 4)), rng.random_sample((8, 1))


def build() -> Full:
    """Return one layer."""
    return Full([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
