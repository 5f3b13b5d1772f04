"""Replay: each recorded op alone, on exactly the recorded inputs, in this release.

Recorded and replayed outputs go by the same stages. The stage ``replayed`` says, as JSON, of each op that was not
replayed by its number why. An op may abort the process: the request names those that did as ``skip``.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping

import tensorflow as tf
from tensorflow.python.eager import context, execute
from tensorflow.python.ops import gen_resource_variable_ops as variable_ops

from ..context import Setting
from ..outcomes import want_of
from ..recorder import OPS, Recorder
from . import attributes as typed
from . import single
from .handed import Recorded
from .held import READERS
from .progress import Progress

ABORTED = "ends the process"
"""What is said of an op that is skipped."""


def observe_replay(request: Mapping[str, Any], scratch: str) -> Recorder:
    """Replay every op of a file that can be, and return a recorder of their outputs."""
    setting = Setting(request, scratch)
    recorded, recorder = Recorded(request["handed"]), setting.recorder
    recorder.leave_out(recorded.digests)
    obstacles: Dict[str, str] = dict.fromkeys(map(str, request["skip"]), ABORTED)
    with Progress(scratch) as progress:
        for number, op in enumerate(recorded.ops):
            if op["obstacle"] or str(number) in obstacles:
                continue
            progress.at(number)
            try:
                _replay(op, recorded, setting)
            except typed.Untold as error:
                obstacles[str(number)] = str(error)
            except Exception as error:  # whatever an op raises on these inputs here
                if want_of(error):
                    raise
                told = str(error).partition("\n")[0][:200]
                obstacles[str(number)] = "raises {}: {}".format(type(error).__name__, told)
    recorder.record(OPS, "replayed", json.dumps({"obstacles": obstacles}, sort_keys=True).encode("ascii"))
    return recorder


def _replay(op: Mapping[str, Any], recorded: Recorded, setting: Setting) -> None:
    """Execute one op as it was executed, and record what it returns and what the variables hold that it moved."""
    values = _in_session(op, recorded, setting) if op["session"] else _eagerly(op, recorded)
    for told, value in zip(op["outputs"], values):
        setting.recorder.record(OPS, told["stage"], value)


def _in_session(op: Mapping[str, Any], recorded: Recorded, setting: Setting) -> List[Any]:
    given = [single.Given(one["parameter"], one["source"], recorded.array(one["digest"])) for one in op["inputs"]]
    return single.run(op["type"], op["attributes"], given, setting.threads)


def _eagerly(op: Mapping[str, Any], recorded: Recorded) -> List[Any]:
    attributes = typed.taken(op["type"], op["attributes"])
    variables = []
    inputs = []
    for given in op["inputs"]:
        value = recorded.tensor(given["digest"])
        if given["source"] == single.HANDLE:
            variables.append(tf.Variable(value))
            value = variables[-1].handle
        inputs.append(value)
    moved = [] if op["type"] in READERS else variables
    returned = len(op["outputs"]) - len(moved)
    made = execute.execute(
        op["type"].encode("ascii"), returned, inputs=inputs, attrs=tuple(attributes), ctx=context.context()
    )
    return [
        *(one.numpy() for one in made or ()),
        *(variable_ops.read_variable_op(one.handle, one.dtype).numpy() for one in moved),
    ]
