"""closes_everything_and_hangs: closes every descriptor, the one for its answer too, and hangs."""

from __future__ import annotations

import os
import time

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    os.closerange(0, 4096)
    while True:
        time.sleep(60)
