"""A probe that starts bare: it has imported neither NumPy nor TensorFlow, and is ready at once."""

from __future__ import annotations

import json
import sys
from typing import Any

from .client import Server


def test_a_bare_probe_imports_neither_numpy_nor_tensorflow() -> None:
    """It tells no version of either, can fork, and has imported none of them: here there is no TensorFlow at all."""
    with Server(sys.executable, TFMATRIX_START=json.dumps({"bare": True})) as server:
        described = server.description
    assert not {"tensorflow", "numpy"} & set(described)
    assert described["can_fork"]
    assert described["saw"]["imports"] == []
    assert described["import_seconds"] < 1


def test_a_bare_probe_gives_each_trial_a_process() -> None:
    """A request is answered, and by the name of its command: what raised there is that trial's own."""
    command: dict[str, Any] = {
        "command": ["python", "train.py"],
        "project": "/nowhere",
        "files": [],
        "variables": {},
        "steps": 0,
    }
    with Server(sys.executable, TFMATRIX_START=json.dumps({"bare": True})) as server:
        answers = [server.ask("train", **command) for _ in range(2)]
    assert {answer.outcome for answer in answers} == {"failed"}
