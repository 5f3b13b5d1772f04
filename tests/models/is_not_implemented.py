"""is_not_implemented: says that it does not exist here."""

from __future__ import annotations

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    raise NotImplementedError("this release has no such operation")
