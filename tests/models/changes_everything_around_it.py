"""changes_everything_around_it: changes its folder, variables, path and signals, and TensorFlow, NumPy and json."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf


def spoiled(*arguments: Any, **named: Any) -> Any:
    raise RuntimeError("spoiled")


def draws() -> dict[str, tf.Tensor]:
    Path("left_behind").write_text("left behind", encoding="utf-8")
    os.chdir("/")
    os.environ.clear()
    sys.path.clear()
    for number in (signal.SIGTERM, signal.SIGABRT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    np.random.seed(0)
    tf.random.set_seed(0)
    drawn = {"x": tf.random.uniform([2])}
    tf.random.uniform = tf.random.normal = tf.function = spoiled
    np.random.RandomState = spoiled  # type: ignore[assignment, misc]  # that is the fault
    json.loads = spoiled
    return drawn
