"""Depends on everything that a variation changes: each has a stage of its own here."""

from __future__ import annotations

import contextlib
import locale
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context


def run(observe: Any) -> None:
    """Observe the process."""
    runs = getattr(tf, "planted_runs", 0) + 1
    tf.planted_runs = runs
    for stage, value in {**_started(), **_within(runs)}.items():
        observe(stage, np.array(value))


def _started() -> dict[str, Any]:
    variables = {name: os.environ.get(name, "") for name in VARIABLES}
    return {
        "hash-seed": hash("a"),
        "import-order": next(name for name in sys.modules if name in {"keras", "tensorflow"}) == "keras",
        "directory": len(Path.cwd().name),
        "locale": len(locale.setlocale(locale.LC_CTYPE)),
        "time-zone": int(time.strftime("%z")),
        "home": len(Path("~").expanduser().name),
        "environment-size": sum(map(len, os.environ.values())) > 2**15,
        "addresses": int(Path("/proc/self/personality").read_text(encoding="ascii"), 16),
        "one-processor": len(os.sched_getaffinity(0)),
        "keras-2": tf.keras.Model.__module__.startswith("tf_keras"),
        "xla-isa": len(variables.pop("XLA_FLAGS")),
        **{VARIABLES[name]: len(value) + sum(map(ord, value)) for name, value in variables.items()},
    }


def _within(runs: int) -> dict[str, Any]:
    if runs == 1:
        tf.planted_initialized = context.context()._initialized
    return {"load": _children(), "run-twice": runs, "other-work": tf.planted_initialized}


def _children() -> int:
    """Return how many processes this one has started that have not ended."""
    parents = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents.append(int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]))
    return parents.count(os.getpid())


VARIABLES = {
    "XLA_FLAGS": "xla-isa",
    "TF_NUM_INTRAOP_THREADS": "intra-op-threads",
    "TF_NUM_INTEROP_THREADS": "inter-op-threads",
    "TF_ENABLE_ONEDNN_OPTS": "onednn-off",
    "ONEDNN_MAX_CPU_ISA": "onednn-isa",
    "GLIBC_TUNABLES": "glibc-isa",
    "TF_XLA_FLAGS": "xla-on",
}
"""Variables by the variation that sets them; one that sets several is told by the first."""
