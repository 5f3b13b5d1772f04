"""kills_its_parents: kills the process that started it, and the one that started that, where this is a probe's too."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    parent = os.getppid()
    above = Path(f"/proc/{parent}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
    for process in (int(above), parent):
        with contextlib.suppress(OSError):
            if b"probe" in Path(f"/proc/{process}/cmdline").read_bytes():
                os.kill(process, signal.SIGKILL)
    return {"x": tf.zeros([1])}
