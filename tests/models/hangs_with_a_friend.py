"""hangs_with_a_friend: hangs, as does a process that it starts; both first tell the pipe that MEETING_POINT names."""

from __future__ import annotations

import os
import time

import tensorflow as tf


def draws() -> dict[str, tf.Tensor]:
    if os.fork() == 0:
        os.setsid()
    meeting = os.open(os.environ["MEETING_POINT"], os.O_WRONLY)
    os.write(meeting, b"here\n")
    while True:
        time.sleep(60)
