"""The log of a step's ops: each with its place, attributes, inputs and outputs, as it is executed eagerly.

What a session runs while a step is recorded is split into its ops (`runs.py`), which are written down beside these.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Collection, Dict, List, Mapping, Optional, Sequence

import tensorflow as tf
from tensorflow.python import pywrap_tfe
from tensorflow.python.client.session import BaseSession
from tensorflow.python.eager import backprop
from tensorflow.python.framework import op_callbacks

from .. import unseen
from ..outcomes import Unsupported
from ..recorder import Recorder
from ..watch.patching import around
from . import attributes as typed
from .building import Building
from .described import OUT_OF_REACH, Description, Entry, Header, Told, given, unreached
from .flow import Seen
from .handed import Made
from .held import READERS, Held
from .places import BACKWARD, FORWARD, INITIALIZER, LOSS, METRIC, OPTIMIZER, classes
from .placing import Placing
from .runs import Runs

ALL = (FORWARD, BACKWARD, OPTIMIZER, INITIALIZER, METRIC, LOSS)


class OpLog:
    """The ops that are executed from its installation on, of which those of some parts are recorded."""

    def __init__(self, recorder: Recorder, instead: Mapping[int, Made]) -> None:
        """Take where it is written, and what is to stand in the place of what some ops of sessions make."""
        self.placing = Placing()
        self.held = Held()
        self._building = Building(self.placing)
        self._description = Description(recorder)
        self._runs = Runs(self._building, self._description, instead)
        self._wanted: Collection[str] = ()
        self._known: Dict[int, Told] = {}
        """By a tensor's number what is told of it: digest, dtype and shape."""
        self._made: Dict[int, int] = {}
        """By a tensor's number the recorded op that made it."""

    def install(self) -> None:
        """See every op that is executed or built from here on, every gradient, and every run of a session."""
        op_callbacks.add_op_callback(self._see)
        around(tf.GradientTape, "gradient", self._differentiate, convert=False)
        pywrap_tfe.TFE_Py_RegisterGradientFunction(self.placing.flow.gradient_function(backprop._gradient_function))
        self._building.install()
        around(BaseSession, "run", self._run)

    def record(self, phases: Collection[str], run: Callable[[], Any]) -> Any:
        """Run something, and record its ops of some parts of a step; return what it returned."""
        with unseen.running():
            self.held.look()
        before, self._wanted = self._wanted, phases
        try:
            return run()
        finally:
            self._wanted = before

    def begin(self) -> None:
        """Record every op from here on, whatever it is for."""
        self._wanted = ALL

    def record_as(self, phase: str, run: Callable[[], Any]) -> Any:
        """Run something that no call tells the part of, record all its ops as of that part, and return what it did."""
        with self.placing.as_phase(phase):
            return self.record((phase,), run)

    def label(self, values: Mapping[str, Any], layer_of: Callable[[str], str]) -> None:
        """Have the recorded ops that made values belong to the layers that the values' names say."""
        ops = self._description.ops
        for name, value in values.items():
            left = [self._made.get(getattr(value, "_id", -1))]
            while left:
                at = left.pop()
                if at is not None and not ops[at]["layer"]:
                    ops[at]["layer"] = layer_of(name)
                    left += [one.get("from") for one in ops[at]["inputs"]]

    def finish(self) -> None:
        """Write down what was seen; raise Unsupported where nothing was."""
        if not self._description.ops:
            raise Unsupported("no op was executed, neither eagerly nor by a session")
        self._description.write_down(classes())

    def _differentiate(self, original: Any, tape: Any, target: Any, *arguments: Any, **named: Any) -> Any:
        self.placing.flow.aim(target)
        with self.placing.taking_gradients():
            return original(tape, target, *arguments, **named)

    def _run(self, original: Any, session: Any, fetches: Any, feed_dict: Any = None, *rest: Any, **named: Any) -> Any:
        if self._wanted and not unseen.under_way():
            with unseen.running():
                self._runs.record(original, session, fetches, feed_dict, self._wanted)
        return original(session, fetches, feed_dict, *rest, **named)

    def _see(  # noqa: PLR0913, PLR0917  # TensorFlow calls it so
        self, kind: Any, inputs: Sequence[Any], attributes: Any, outputs: Any, op_name: Any = None, graph: Any = None
    ) -> None:
        """Take in an op that was executed, or built into a graph."""
        if unseen.under_way():
            return
        kind, outputs = typed.text(kind), list(outputs or ())
        with unseen.running():
            if graph is None:
                self._take(kind, inputs, attributes, outputs)
            elif not graph.building_function:  # what is traced into a function is none by itself
                # A constant's name is told without its scope.
                op = outputs[0].op if outputs else graph.get_operation_by_name(typed.text(op_name))
                self._building.see(op, sys._getframe(1))

    def _take(self, kind: str, inputs: Sequence[Any], attributes: Any, outputs: List[Any]) -> None:
        """Take in an op that was executed eagerly."""
        flow = self.placing.flow
        flow.variables.update(self.held.meet(attributes, [*inputs, *outputs]))
        ids = tuple(one._id for one in inputs)
        place = self.placing.place(ids, sys._getframe(2))
        wanted = place.phase in self._wanted
        if wanted:
            self._find_reads(inputs)
        differentiates = flow.differentiated()
        seen = self.placing.put(kind, place, ids, len(self._description.ops) if wanted else None, outputs)
        if wanted:
            self._write(seen, differentiates, inputs, attributes, outputs)

    def _find_reads(self, inputs: Sequence[Any]) -> None:
        """Find out which of an op's inputs were read of a variable by no op that is seen."""
        flow = self.placing.flow
        for one in inputs:
            if one.dtype not in OUT_OF_REACH and one._id not in self._known and flow.maker(one._id) is None:
                self._known[one._id] = self._description.hold(one.numpy())
                handle = self.held.holder(self._known[one._id]["digest"])
                if handle is not None:
                    flow.reads[one._id] = handle

    def _write(
        self, seen: Seen, differentiates: Optional[Seen], inputs: Sequence[Any], attributes: Any, outputs: List[Any]
    ) -> None:
        of = differentiates.number if differentiates else None
        entry = self._description.begin(Header(seen.kind, seen.phase, seen.layer, of), attributes)
        for one in inputs:
            entry.give(self._told(one), one.dtype)
        for one in outputs:
            self._made[one._id] = entry.number
            if one.dtype in OUT_OF_REACH:
                entry.make_unreached(one.dtype)
            else:
                self._known[one._id] = entry.make(one.numpy())
        self._move(entry, seen, inputs)

    def _told(self, tensor: Any) -> Told:
        """Return what is told of an input, whose bytes are held."""
        if tensor.dtype == tf.resource:
            value = self.held.before(tensor._id)
            if value is None:
                value = self.held.after(tensor._id)  # it held nothing, and what assigns to it does not care
            if value is not None:
                return {**self._description.hold(value), "source": "variable"}
        if tensor.dtype in OUT_OF_REACH:
            return unreached(tensor.dtype)
        if tensor._id not in self._known:
            self._known[tensor._id] = self._description.hold(tensor.numpy())
        known = {name: value for name, value in self._known[tensor._id].items() if name != "stage"}
        if tensor._id in self._made:
            return {**known, "source": "op", "from": self._made[tensor._id]}
        if tensor._id in self.placing.flow.reads:
            return {**known, "source": "read"}
        if self.placing.flow.maker(tensor._id) is None:
            return given(known, tensor.numpy())
        return {**known, "source": "given"}

    def _move(self, entry: Entry, seen: Seen, inputs: Sequence[Any]) -> None:
        """Record what the variables hold after an op that moves them."""
        if seen.kind in READERS:
            return
        moved = [self.held.after(one._id) for one in inputs if one.dtype == tf.resource and one._id in self.held]
        for at, value in enumerate(value for value in moved if value is not None):
            entry.move(at, value)
