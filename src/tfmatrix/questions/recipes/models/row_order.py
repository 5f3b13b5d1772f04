"""The order of 100 rows in two epochs, as ``order`` shuffles them."""

from __future__ import annotations

from typing import Any

import numpy as np


def run(observe: Any, order: Any) -> None:
    """Shuffle, and go through the rows twice."""
    shuffled = order(np.arange(100))
    for epoch in range(2):
        observe(f"shuffle@{epoch}", np.array([np.asarray(row) for row in shuffled]))
