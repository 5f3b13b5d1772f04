"""closes_its_streams: closes its standard streams, in Python and below it, and goes on."""

from __future__ import annotations

import contextlib
import os
import sys

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    sys.stdout.close()
    sys.stderr.close()
    for descriptor in range(3):
        with contextlib.suppress(OSError):
            os.close(descriptor)
    return {"x": tf.zeros([1])}
