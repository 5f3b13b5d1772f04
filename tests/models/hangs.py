"""hangs: never comes to an end."""

from __future__ import annotations

import time

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    print("about to hang", flush=True)
    while True:
        time.sleep(60)
