"""writes_megabytes: writes 40 MB to its standard output and error, from Python and from C."""

from __future__ import annotations

import ctypes
import sys

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    line = "x" * 99
    for _ in range(100_000):
        print(line)
        print(line, file=sys.stderr)
    libc = ctypes.CDLL(None)
    for _ in range(200_000):
        libc.puts(line.encode())
    libc.puts(b"the last line, from C")
    return {"x": tf.zeros([1])}
