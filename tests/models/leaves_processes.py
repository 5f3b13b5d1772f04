"""leaves_processes: leaves processes that hold its pipes: of its group, of a session of its own, orphaned."""

from __future__ import annotations

import subprocess

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    left = [
        subprocess.Popen(["sleep", "1000"]),
        subprocess.Popen(["sleep", "1000"], start_new_session=True),
    ]
    orphaned = subprocess.run(
        ["sh", "-c", "setsid sleep 1000 >&2 & echo $!"], stdout=subprocess.PIPE, start_new_session=True, check=True
    )
    print("left", *[process.pid for process in left], int(orphaned.stdout))
    return {"x": tf.zeros([1])}
