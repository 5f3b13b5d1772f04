"""imports_what_is_missing: imports a module that is not installed."""

from __future__ import annotations

import no_such_module  # type: ignore[import-not-found]  # that is the fault
import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    return {"x": tf.constant(no_such_module.VALUE)}
