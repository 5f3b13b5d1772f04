"""replaces_sha256: puts another function in the place of the one that digests are made with, wherever it is known."""

from __future__ import annotations

import hashlib
import sys
from types import SimpleNamespace
from typing import Any

import tensorflow as tf


def constant(data: bytes = b"") -> Any:
    """Return a digest that is the same for all data."""
    return SimpleNamespace(update=lambda more: None, digest=lambda: bytes(32), hexdigest=lambda: "00" * 32)


def draws() -> dict[str, tf.Tensor]:
    usual = hashlib.sha256
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get("sha256") is usual:
            module.sha256 = constant  # type: ignore[attr-defined]  # that is the fault
    return {"x": tf.random.uniform([4])}
