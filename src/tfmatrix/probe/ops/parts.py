"""Parts: a run of a session, executed op by op.

Ops are run in waves, each fed what those before it made, and constants too: so nothing is fused or folded, and each op
is what the graph says. What moves variables is run once all that comes before it was. Ops within loops and branches
have no one value: of them nothing is known, and all of a loop is run where what comes out of it is wanted.
"""

from __future__ import annotations

from typing import Any, Collection, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np
import tensorflow as tf
from tensorflow.python.ops import gen_resource_variable_ops as variable_ops

from . import attributes as typed
from .copies import FED, Copies, adding_to
from .described import OUT_OF_REACH
from .held import READERS
from .holders import is_holder, is_variable
from .subgraph import CONTROL, after, behind, depths, turns, waves

ENCLOSED = "is in a loop or a branch of the graph"
"""What is said of an op that has no one value."""

CONSTANT = "Const"
"""The type of what is a value that is given, and no op that is run."""

Run = Any
"""The session's own function that runs it."""


class Executed(NamedTuple):
    """One op that was executed."""

    op: Any
    values: Mapping[str, Any]
    """The values of tensors that are known, by their names."""
    before: Mapping[str, Any]
    """What variables held before it, by the names of what stands for them."""
    after: Mapping[str, Any]
    obstacle: str = ""
    """Why nothing is known of it."""


class Parts:
    """What a run executes, in parts."""

    def __init__(self, session: Any, ends: Sequence[str], fed: Sequence[str]) -> None:
        graph = session.graph
        self._session = session
        self.ops = behind(graph.get_operations(), ends, fed)
        self._depths = depths(self.ops, fed)
        holders = [op for op in self.ops if is_holder(op)]
        constants = filter(self._is_constant, self.ops)
        self._constants = {op.outputs[0].name: tf.make_ndarray(op.get_attr("value")) for op in constants}
        leaves = {one.name for op in holders for one in op.outputs}
        with adding_to(graph):
            self.variables = {op.outputs[0].name: _value_of(op) for op in holders if is_variable(op)}
        self._fed = set(fed)
        self._given = {*fed, *leaves}
        ops = [op for op in self.ops if not self._is_constant(op)]
        ops = [op for op in ops if not (op.outputs and all(one.name in self._given for one in op.outputs))]
        self._movers = {op.name for op in ops if self.is_outside(op) and self.moved(op)}
        self._moves_within = any(self.moved(op) for op in ops if not self.is_outside(op))
        self._executed = {op.name for op in ops}
        self._turns = turns(ops, self._movers, self._given)
        later = after(ops, {op.name for op in ops if self._is_tied(op)}, self._given)
        self._tied = {one.name for op in ops if op.name in later for one in op.outputs}
        """What is made in a loop, or of what has no value by itself, and what comes behind that."""
        self._copies = Copies(graph, ops, self._stands, lambda *both: not any(map(self.is_outside, both)))

    def _stands(self, op: Any, tensor: Any) -> Any:
        """Return what stands for a tensor that the copy of an op is given."""
        if tensor.name in self._fed:
            return FED
        variable = self.variable(tensor)
        if variable or tensor.name in self._given:
            return tensor.graph.get_tensor_by_name(variable or tensor.name)
        return None if not _has_value(tensor) or (self._is_tied(op) and tensor.name in self._tied) else FED

    def _is_constant(self, op: Any) -> bool:
        return op.type == CONSTANT and self.is_outside(op)

    def is_outside(self, op: Any) -> bool:
        """Tell whether what an op makes is in no loop and no branch."""
        return self._depths[op.name].is_outside

    def tells(self, op: Any) -> bool:
        """Tell whether an op is executed and computes something: no constant, nothing that stands for something."""
        computes = bool(op.outputs or self.moved(op)) and bool(op.inputs)
        return computes and op.type != CONSTANT and op.name in self._executed

    def variable(self, tensor: Any) -> str:
        """Return the variable that a tensor stands for, by the name of what makes it; empty for other tensors."""
        while tensor.dtype._is_ref_dtype or tensor.dtype == tf.resource:
            if tensor.name in self.variables:
                return str(tensor.name)
            before = [one for one in tensor.op.inputs if one.dtype == tensor.dtype]
            if not before:
                break
            tensor = before[0]
        return ""

    def moved(self, op: Any) -> List[str]:
        """Return the variables that an op moves."""
        if op.type in READERS or op.type in CONTROL:
            return []
        return list(filter(None, (self.variable(one) for one, itself in arguments(op) if itself)))

    def execute(self, run: Run, fed: Mapping[str, Any], instead: Mapping[str, Sequence[Any]]) -> Dict[str, Executed]:
        """Execute everything, and return what came of each op by its name.

        ``instead`` has by the names of ops what is to stand in the place of what they make.
        """
        values = {**self._constants, **fed}
        held = self._read(run, self.variables)
        found: Dict[str, Executed] = {}
        for number, turn in enumerate(self._turns):
            for part in [[op] for op in turn] if number % 2 else waves(turn, self._depths, self._given):
                obstacles = self._run(run, [op for op in part if self.is_outside(op)], values)
                for op in (op for op in part if op.name in instead):
                    values.update(zip((one.name for one in op.outputs if _has_value(one)), instead[op.name]))
                moved = self.variables if self._moves_within else [name for op in part for name in self.moved(op)]
                before, held = held, {**held, **self._read(run, moved)} if moved else held
                for op in part:
                    enclosed = op.type in CONTROL or not self.is_outside(op)
                    obstacle = ENCLOSED if enclosed else obstacles.get(op.name, "")
                    found[op.name] = Executed(op, values, before, held, obstacle)
        return found

    def _run(self, run: Run, ops: Sequence[Any], values: Dict[str, Any]) -> Dict[str, str]:
        """Run ops and take in what they make; return why that can't be had, of those of which it can't."""
        try:
            values.update(self._fetch(run, ops, values) if ops else {})
        except tf.errors.OpError as error:
            if len(ops) > 1:
                return {name: why for op in ops for name, why in self._run(run, [op], values).items()}
            return {ops[0].name: "can't be run by itself: {}".format(type(error).__name__)}
        return {}

    def _fetch(self, run: Run, ops: Sequence[Any], values: Mapping[str, Any]) -> Dict[str, Any]:
        wanted = [one.name for op in ops for one in op.outputs if _has_value(one) and one.name not in self._given]
        moving = [self._copies.operation(op.name) for op in ops if op.name in self._movers]
        needed = values if any(map(self._is_tied, ops)) else {one.name for op in ops for one in op.inputs}
        known = ((name, values[name]) for name in needed if name in values)
        feed = {place: value for name, value in known for place in self._copies.places(name)}
        made, _ = run(self._session, [list(map(self._copies.tensor, wanted)), moving], feed)
        return dict(zip(wanted, made))

    def _is_tied(self, op: Any) -> bool:
        """Tell whether an op is of a loop or a branch, or is given what has no value by itself.

        What an array holds that a loop fills, say, is made anew in each run: with all that is done to it.
        """
        return (
            op.type in CONTROL
            or not self.is_outside(op)
            or any(not _has_value(one) and one.name not in self._given and not self.variable(one) for one in op.inputs)
        )

    def _read(self, run: Run, names: Collection[str]) -> Dict[str, Any]:
        """Return what variables hold, of those that hold something."""
        wanted = {name: self.variables[name] for name in names}
        try:
            return {name: np.array(value) for name, value in run(self._session, wanted).items()}
        except tf.errors.OpError:  # one of them at least holds nothing
            if len(wanted) == 1:
                return {}
            return {name: value for one in names for name, value in self._read(run, [one]).items()}


def arguments(op: Any) -> Iterator[Tuple[Any, bool]]:
    """Yield each input of an op, and whether the op is given a variable itself where that stands for one."""
    itself = typed.references(op.type)
    for at, one in enumerate(op.inputs):
        yield one, one.dtype == tf.resource or (at < len(itself) and itself[at])


def _value_of(op: Any) -> Any:
    """Return a tensor of what a variable holds when it is fetched."""
    made = op.outputs[0]
    return made if made.dtype._is_ref_dtype else variable_ops.read_variable_op(made, op.get_attr("dtype"))


def _has_value(tensor: Any) -> bool:
    """Tell whether a tensor can be fetched by itself."""
    return not tensor.dtype._is_ref_dtype and tensor.dtype not in OUT_OF_REACH
