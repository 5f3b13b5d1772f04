"""Saved models at the runner: what a probe is asked of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from building import make_project
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.runner.observing import files_of, request_of


@pytest.mark.parametrize("objects", ["", "own.classes"])
def test_what_is_asked_of_a_model_file(tmp_path: Path, objects: str) -> None:
    """Its parts with their digests; the project lies in the working folder where a module of it is named."""
    (tmp_path / "m.h5").write_bytes(b"")
    (tmp_path / "in.npz").write_bytes(b"")
    more = f'models.m.objects = "{objects}"' if objects else ""
    table = f'models.m.file = "m.h5"\nmodels.m.inputs = "in.npz"\nmodels.m.timeout = 7\n{more}'
    plan = make_plan(make_project(tmp_path, (), table, versions=["2.15.1"]))
    expected = next(iter(plan.trials.values()))[0]
    asked = request_of(expected, plan.config, fresh=False, files=files_of([expected], plan.config))
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert asked["file"] == {
        "path": "m.h5",
        "inputs": "in.npz",
        "objects": objects,
        "trust": False,
        "parts": [["m.h5", empty], ["in.npz", empty]],
    }
    assert bool(asked["files"]) == bool(objects)
    assert (asked["path"], asked["source"], asked["timeout"]) == ("m", "", 7.0)
    assert not {"command", "builder"} & set(asked)
    json.dumps(asked)
