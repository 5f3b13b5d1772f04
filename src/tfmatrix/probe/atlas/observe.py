"""Running the rows of a batch of ops, each alone and eagerly, and recording what they make.

The stages are ``MatMul[float32]/odd/0`` for each output, in the tier ``atlas``, ``.../gradient/x`` for the gradient of
what is given, where the op has one, and ``.../given`` for one digest of all that it is given. The stage ``told`` says,
as JSON, of each op without rows why (``left_out``), of each row that raised what (``raised``), and of each row that
ended the process how (``ended``): such a row is run in a process of a trial's own, see `running`.
"""

from __future__ import annotations

import inspect
import json
import re
import zlib
from functools import lru_cache
from hashlib import sha256
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

import numpy as np
import tensorflow as tf

from ..context import Setting
from ..fingerprint import canonical
from ..recorder import Recorder
from .inputs import EXPONENT, PARTS, array_of
from .rows import ODD, NotRun, Row, given, names, rows_of, why_not_run
from .running import ENDED, LEFT_OUT, MADE, RAISED, run_each

TIER = "atlas"
"""The tier of single ops on inputs that are the same in every release."""

DIFFERENTIABLE = frozenset((*EXPONENT, *PARTS))
"""Types that a gradient is taken of."""

PLACE = re.compile(r"^\{\{.*?\}\}\s*")
"""Where an error was raised, which begins its message: each release says it otherwise."""

SENTENCE = 160
"""Characters of a message that are kept."""

Stages = List[Tuple[str, Any]]
"""Names, and arrays."""


def observe_atlas(request: Mapping[str, Any], scratch: str) -> Recorder:
    """Run one of so many batches of all ops, and return a recorder of what they make."""
    left_out: Dict[str, str] = {}
    rows: List[Row] = []
    for name in batch(names(), request["batch"], request["batches"]):
        reason = why_not_run(name)
        if reason:
            left_out[name] = reason
        else:
            rows += rows_of(name)
    recorder = Recorder(request.get("keep", ()))
    found: Dict[str, Dict[str, str]] = {LEFT_OUT: left_out, RAISED: {}, ENDED: {}}
    for row, word, said in run_each(rows, lambda: _runner(request, scratch)):
        if word == MADE:
            for stage, value in said:
                recorder.record(TIER, stage, value)
        else:
            found[word][row.op if word == LEFT_OUT else row.name] = said
    recorder.record(TIER, "told", json.dumps(found, sort_keys=True).encode("ascii"))
    return recorder


def batch(of: Sequence[str], number: int, count: int) -> List[str]:
    """Return the ops of one of so many batches: in every release the same one, whatever other ops that has."""
    return [name for name in of if zlib.crc32(name.encode("ascii")) % count == number]


def _runner(request: Mapping[str, Any], scratch: str) -> Any:
    """Enter the mode that is asked for, and return what runs a row in it: what became of it, and what is said."""
    Setting(request, scratch)

    def run(row: Row) -> Tuple[str, Any]:
        try:
            return MADE, stages_of(row)
        except NotRun as error:
            return LEFT_OUT, str(error)
        except Exception as error:  # whatever an op raises on these inputs here
            told = PLACE.sub("", str(error).partition("\n")[0])
            text = "{}: {}".format(type(error).__name__, told)[:SENTENCE]
            return RAISED, text.encode("ascii", "backslashreplace").decode("ascii")

    return run


def stages_of(row: Row) -> Stages:
    """Run a row and its gradient, and return what is recorded of it; nothing where it is no row of its own."""
    named = given(row)
    if named is None:
        return []
    tensors = {name: value for name, value in named.items() if _is_given(value)}
    asked = row.case == ODD or row.types == "float32"  # each gradient costs more than its op does
    watched = [(at, one) for at, one in _each(tensors) if asked and one.dtype.name in DIFFERENTIABLE]
    with tf.GradientTape() as tape:
        for _, one in watched:
            tape.watch(one)
        made = [one for one in tf.nest.flatten(call(row.op, named)) if isinstance(one, tf.Tensor)]
    found = [("given", _digest(tensors)), *((str(at), array_of(one)) for at, one in enumerate(made))]
    found += [("gradient/{}".format(at), value) for at, value in _gradients(tape, made, watched, row)]
    return [("{}/{}".format(row.name, stage), value) for stage, value in found]


@lru_cache(maxsize=None)
def _own_names(op: str) -> List[str]:
    """Return what an op's function calls its arguments and attributes."""
    return [one for one in inspect.signature(getattr(tf.raw_ops, op)).parameters if one != "name"]


def call(op: str, named: Mapping[str, Any]) -> Any:
    """Call an op by the names that its definition has: its function has other ones for some, in the same order."""
    own = _own_names(op)
    # An argument without a default comes before all others: those that have another name are in the same order.
    others = iter([one for one in own if one not in named])
    return getattr(tf.raw_ops, op)(**{one if one in own else next(others): value for one, value in named.items()})


def _gradients(tape: Any, made: Sequence[Any], watched: Sequence[Tuple[str, Any]], row: Row) -> Stages:
    """Return the gradient of each input that has one, given one of each output; none where taking it raises."""
    targets = [one for one in made if one.dtype.name in DIFFERENTIABLE]
    if not targets or not watched:
        return []
    upstream = [_upstream(one, "{}/{}".format(row.op, at)) for at, one in enumerate(targets)]
    try:
        found = tape.gradient(targets, [one for _, one in watched], output_gradients=upstream)
        return [(at, array_of(tf.convert_to_tensor(one))) for (at, _), one in zip(watched, found) if one is not None]
    except Exception:  # most of what has no gradient says so by an exception of some kind
        return []


def _upstream(made: Any, name: str) -> Any:
    """Return a gradient of what an op made: multiples of 1/8 in [-1, 1), which every type holds."""
    stream = np.random.RandomState(zlib.crc32(name.encode("ascii")))
    return tf.constant((stream.randint(-8, 8, size=made.shape) / 8.0).astype(made.dtype.as_numpy_dtype))


def _digest(tensors: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that an op is given."""
    state = sha256()
    for at, one in _each(tensors):
        tensor = canonical(array_of(one))
        state.update("{} {} {}\0".format(at, one.dtype.name, tensor.shape).encode("ascii"))
        state.update(tensor.data)
    return state.hexdigest()


def _each(tensors: Mapping[str, Any]) -> Iterator[Tuple[str, Any]]:
    """Yield each tensor that an op is given by its name; one of a list by its place behind that."""
    for name, value in tensors.items():
        if isinstance(value, list):
            yield from (("{}.{}".format(name, at), one) for at, one in enumerate(value))
        else:
            yield name, value


def _is_given(value: Any) -> bool:
    return isinstance(value, tf.Tensor) or (isinstance(value, list) and bool(value) and isinstance(value[0], tf.Tensor))
