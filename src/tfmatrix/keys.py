"""Keys: what a stored result rests on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from tfmatrix.records import Environment

PROBE = Path(__file__).parent / "probe"
LAUNCHING = Path(__file__).parent / "runner" / "launching.py"
"""What gives a probe its variables, those that tfmatrix itself sets."""


def probe_source() -> str:
    """Return the digest of the probe's files, and of the one that says with what variables it starts."""
    state = hashlib.sha256()
    for path in (*sorted(PROBE.glob("*.py")), LAUNCHING):
        state.update(path.name.encode("utf-8") + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return state.hexdigest()


def environment_key(environment: Environment, lock_digest: str) -> str:
    """Return what an environment is filed under in the store: its name, where it is for, and its lock."""
    return f"{environment.distribution}/{environment.name}/{environment.python}/{lock_digest}"


def trial_key(covers: Iterable[tuple[str, str]]) -> str:
    """Return SHA-256 over what a trial covers, name and value, in order: what a trial is filed under."""
    return hashlib.sha256(json.dumps([list(pair) for pair in covers]).encode("utf-8")).hexdigest()
