"""A probe that starts bare: it has imported neither NumPy nor TensorFlow, and is ready at once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("text", "outcome", "told"),
    [
        ("", "observed", ""),
        ("import sys\nsys.exit(0)", "observed", ""),
        ("import sys\nassert sys.argv == ['check.py', '--atol']", "observed", ""),
        ("import sys\nsys.exit(256)", "observed", ""),
        ("assert 1 == 2, 'other'", "failed", "check.py, line 1: AssertionError: other"),
        ("import sys\nsys.exit(1)", "failed", "check.py, line 2: SystemExit: ended itself with exit status 1"),
        ("import sys\nsys.exit('no')", "failed", "check.py, line 2: SystemExit: ended itself and said: no"),
        ("import sys\nsys.exit(125)", "unsupported", "it ended with exit status 125, so it cannot tell"),
        ("import sys\nsys.exit(-1)", "unsupported", "it ended with exit status 255, so it cannot tell"),
        ("import os\nos.kill(os.getpid(), 9)", "crashed", "killed by SIGKILL"),
        ("import random\nassert random.getstate() != random.seed(42)", "observed", ""),
    ],
)
def test_a_check_is_run_for_its_exit_status(tmp_path: Path, text: str, outcome: str, told: str) -> None:
    """Its exit status is what tells, as `git bisect run` has it; what it prints is nobody's."""
    (tmp_path / "check.py").write_text(text, encoding="utf-8")
    command: dict[str, Any] = {
        "command": ["python", "check.py", "--atol"],
        "project": str(tmp_path),
        "files": ["check.py"],
        "variables": {},
        "steps": 0,
        "purpose": "check",
    }
    with Server(sys.executable, TFMATRIX_START=json.dumps({"bare": True})) as server:
        answer = server.ask("check", **command)
    assert (answer.outcome, told in answer.message) == (outcome, True), answer.message
