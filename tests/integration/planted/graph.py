"""Depends on what was done with the process's graph and sessions: each has a stage of its own here."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf


def build() -> int:
    """Return how many operations there are already."""
    before = len(tf.get_default_graph().get_operations())
    tf.constant(1.0)
    return before


def train(session: Any, graph: int, observe: Any) -> None:
    """Observe the sessions."""
    closed = [one for one in TRAINED_IN if one._closed]
    observe("other-work", np.array(graph))
    observe("recreated-session", np.array(len(closed)))
    observe("second-session", np.array(len(TRAINED_IN) - len(closed)))
    observe("used-session", np.array(len(session.graph.get_operations()) - graph))
    TRAINED_IN.append(session)


TRAINED_IN: list[Any] = []
"""The sessions that the model was trained in."""
