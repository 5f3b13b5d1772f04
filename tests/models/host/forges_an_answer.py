"""forges_an_answer: writes what looks like an answer into every descriptor that it has, and like none of a trial's."""

from __future__ import annotations

import contextlib
import json
import os
import stat

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    payload = (2).to_bytes(8, "little") + b"{}"
    header = json.dumps({"outcome": "observed", "size": len(payload)}).encode("ascii")
    message = len(header).to_bytes(8, "little") + header + payload
    for descriptor in range(1, 256):
        with contextlib.suppress(OSError):
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                os.write(descriptor, message)
    return {"x": tf.zeros([1])}
