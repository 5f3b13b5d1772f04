"""has_no_deterministic_kernel: raises what TensorFlow raises of an op on a GPU while op determinism is on."""

from __future__ import annotations

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    said = "A deterministic GPU implementation of AdjustContrastv2 is not currently available. [Op:AdjustContrastv2]"
    raise tf.errors.UnimplementedError(None, None, said)
