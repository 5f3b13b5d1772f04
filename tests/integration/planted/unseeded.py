"""Draws from what no seed reaches, and what processes forked from one another share."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np


def run(observe: Any, what: str) -> None:
    """Observe a draw of Python's generator, an address, or an order of a set."""
    drawn: dict[str, Callable[[], Any]] = {
        "random": random.random,
        "numpy": np.random.rand,
        "address": lambda: id(np),
        "set": lambda: [ord(letter) for letter in set("abcdef")],
    }
    observe("draw/" + what, np.array(drawn[what]()))
