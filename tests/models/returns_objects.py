"""returns_objects: returns what is no tensor."""

from __future__ import annotations

import tensorflow as tf


def draws() -> dict[str, object]:
    tf.random.uniform([2])
    return {"x": object()}
