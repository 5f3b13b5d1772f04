"""scribbles_on_every_pipe: writes into every descriptor that it can find, the one for its answer too."""

from __future__ import annotations

import contextlib
import os
import stat

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    for descriptor in range(1, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                os.write(descriptor, b"scribble " * 100)
    return {"x": tf.zeros([1])}
