"""Whether this is the candidate: both environments are one release, and differ in NumPy's last digit alone."""

from __future__ import annotations

from importlib import metadata

import tensorflow as tf

PLANTED = metadata.version("numpy") == "1.26.3"


def seed_of(number: int, redrawn: bool) -> int:
    """Return a seed: another in the candidate where something is redrawn there."""
    return number + 100 if PLANTED and redrawn else number


def redraw(wanted: bool) -> None:
    """Draw something in the candidate before anything else is: all that Keras draws without a seed is then another."""
    if PLANTED and wanted:
        tf.keras.initializers.GlorotUniform()((1, 1))
