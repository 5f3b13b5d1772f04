"""The log of a step's ops: each with its place, attributes, inputs and outputs, as it is executed.

The trace has a stage for each output, ``op/000123/forward/conv/Conv2D``, further ones ``.1``, ``.2``; what a variable
holds after an op that moves it counts as one, ``.variable``. Inputs that no recorded op made are stages
``given/000001``. The stage ``described`` has all ops as JSON: `Op` in the host's `questions/explain/streams.py` says
what each field is.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Callable, Collection, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf
from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import backprop
from tensorflow.python.framework import op_callbacks

from .. import unseen
from ..fingerprint import canonical
from ..fingerprint import digest as digest_of
from ..outcomes import Unsupported
from ..recorder import OPS, Recorder
from ..watch.patching import around
from ..watch.variables import innermost
from . import attributes as typed
from .flow import Flow, Seen
from .held import READERS, Held
from .places import BACKWARD, FORWARD, INITIALIZER, LOSS, METRIC, OPTIMIZER, Place, place_of

ALL = (FORWARD, BACKWARD, OPTIMIZER, INITIALIZER, METRIC, LOSS)

FEW = 8
"""Elements up to which the numbers of a constant are told: an epsilon, a shape, an axis."""

OUT_OF_REACH = (tf.resource, tf.variant)
"""What can't be made elsewhere out of bytes; a variable can."""


class OpLog:
    """The ops that are executed eagerly from its installation on, of which those of some parts are recorded."""

    def __init__(self, recorder: Recorder) -> None:
        self.flow = Flow()
        self.held = Held()
        self._recorder = recorder
        self._wanted: Collection[str] = ()
        self._described: List[Dict[str, Any]] = []
        self._known: Dict[int, Dict[str, Any]] = {}
        """By a tensor's number what is told of it: digest, dtype and shape."""
        self._made: Dict[int, int] = {}
        """By a tensor's number the recorded op that made it."""
        self._stages: Dict[str, None] = {}
        """The digests that some stage has."""
        self._given = 0
        self._phase = ""
        self._gradients = 0
        """How many calls of a tape's `gradient` are under way."""

    def install(self) -> None:
        """See every op that is executed eagerly from here on, and every gradient."""
        op_callbacks.add_op_callback(self._see)
        around(tf.GradientTape, "gradient", self._differentiate, convert=False)
        pywrap_tfe.TFE_Py_RegisterGradientFunction(self.flow.gradient_function(backprop._gradient_function))

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
        self._phase = phase
        try:
            return self.record((phase,), run)
        finally:
            self._phase = ""

    def own(self, variables: Mapping[str, Any], layer_of: Callable[[str], str]) -> None:
        """Have variables belong to the layers that their names say."""
        for name, variable in variables.items():
            self.flow.named[_handle_of(variable)] = layer_of(name)

    def own_slots(self, slots: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        """Have slots, named after their variables and by a last part, belong where these do."""
        for name, slot in slots.items():
            variable = variables.get(name.rpartition("/")[0])
            if variable is not None:
                self.flow.slots[_handle_of(slot)] = _handle_of(variable)

    def label(self, values: Mapping[str, Any], layer_of: Callable[[str], str]) -> None:
        """Have the recorded ops that made values belong to the layers that the values' names say."""
        for name, value in values.items():
            left = [self._made.get(getattr(value, "_id", -1))]
            while left:
                at = left.pop()
                if at is not None and not self._described[at]["layer"]:
                    self._described[at]["layer"] = layer_of(name)
                    left += [given.get("from") for given in self._described[at]["inputs"]]

    def finish(self) -> None:
        """Write down what was seen; raise Unsupported where no op was executed by itself."""
        if not self._described:
            raise Unsupported("no op was executed eagerly: what builds a graph for a session has no single ops")
        told = json.dumps({"ops": self._described}, sort_keys=True).encode("ascii")
        self._recorder.record(OPS, "described", told)

    def _differentiate(self, original: Any, tape: Any, target: Any, *arguments: Any, **named: Any) -> Any:
        self._gradients += 1
        self.flow.aim(target)
        try:
            return original(tape, target, *arguments, **named)
        finally:
            self._gradients -= 1

    def _see(  # noqa: PLR0913, PLR0917  # TensorFlow calls it so
        self, kind: Any, inputs: Sequence[Any], attributes: Any, outputs: Any, op_name: Any = None, graph: Any = None
    ) -> None:
        """Take in an op that was executed; what is traced into a graph is none."""
        del op_name
        if graph is not None or unseen.under_way():
            return
        kind, outputs = typed.text(kind), list(outputs or ())
        with unseen.running():
            self.held.meet(attributes, [*inputs, *outputs])
            ids = tuple(one._id for one in inputs)
            phase, layer = self._place(ids)
            wanted = phase in self._wanted
            if wanted:
                self._find_reads(inputs)
            if layer is None:
                layer = self.flow.layer_behind(ids)
            self._own(phase, layer, ids)
            differentiates = self.flow.differentiated()
            self.flow.add(Seen(kind, phase, layer, ids, len(self._described) if wanted else None), outputs)
            if wanted:
                self._write(Seen(kind, phase, layer, ids, None), differentiates, inputs, attributes, outputs)

    def _place(self, ids: Tuple[int, ...]) -> Tuple[str, Optional[str]]:
        """Return the part of the step and the layer of an op with some inputs; None where these tell the layer."""
        if self._gradients or self.flow.differentiated():
            return BACKWARD, self.flow.layer_of_gradient(ids)
        if self._phase:
            return self._phase, ""
        place: Place = place_of(sys._getframe(2))
        phase = place.phase or self._usual(ids)
        if phase == OPTIMIZER or (phase == FORWARD and place.layer is None):
            return phase, None
        return phase, place.layer or ""

    def _usual(self, ids: Tuple[int, ...]) -> str:
        """Return the part of the step of an op that no call tells it of: what is made of a layer's output is loss."""
        makers = filter(None, map(self.flow.maker, ids))
        return LOSS if any(made.phase == LOSS or (made.phase == FORWARD and made.layer) for made in makers) else FORWARD

    def _own(self, phase: str, layer: str, ids: Tuple[int, ...]) -> None:
        """Take in that a layer uses its variables."""
        if phase == FORWARD and layer:
            for one in ids:
                handle = self.flow.reads.get(one, one)
                if handle in self.held:
                    self.flow.users.setdefault(handle, layer)

    def _find_reads(self, inputs: Sequence[Any]) -> None:
        """Find out which of an op's inputs were read of a variable by no op that is seen."""
        for one in inputs:
            if one.dtype not in OUT_OF_REACH and one._id not in self._known and self.flow.maker(one._id) is None:
                self._known[one._id] = self._hold(one.numpy())
                handle = self.held.holder(self._known[one._id]["digest"])
                if handle is not None:
                    self.flow.reads[one._id] = handle

    def _write(
        self, seen: Seen, differentiates: Optional[Seen], inputs: Sequence[Any], attributes: Any, outputs: List[Any]
    ) -> None:
        number = len(self._described)
        told: Dict[str, Any] = {"type": seen.kind, "phase": seen.phase, "layer": seen.layer}
        if differentiates is not None:
            told["of"] = differentiates.number
        self._described.append(told)
        obstacles = []
        told["attributes"], told["inferred"], parameters = {}, [], []
        try:
            told["attributes"] = typed.told(seen.kind, attributes)
            told["inferred"] = typed.inferred(seen.kind)
            parameters = typed.parameters(seen.kind, told["attributes"])
        except typed.Untold as error:
            obstacles.append(str(error))
        stage = "/".join(filter(None, ("op/{:06d}".format(number), seen.phase, seen.layer, seen.kind)))
        told["inputs"] = [self._input(one, obstacles) for one in inputs]
        for one, name in zip(told["inputs"], parameters):
            one["parameter"] = name
        told["outputs"] = [self._output(one, stage, at, number, obstacles) for at, one in enumerate(outputs)]
        told["outputs"] += self._moved(seen, stage, inputs)
        told["obstacle"] = obstacles[0] if obstacles else ""

    def _input(self, tensor: Any, obstacles: List[str]) -> Dict[str, Any]:
        """Tell of an input, and hold its bytes."""
        found = self._told(tensor)
        if not found["digest"]:
            obstacles.append("takes a {} that is no variable".format(tensor.dtype.name))
        elif not self._recorder.holds(found["digest"]):
            obstacles.append("is given more than is kept")
        return found

    def _told(self, tensor: Any) -> Dict[str, Any]:
        if tensor.dtype == tf.resource:
            value = self.held.before(tensor._id)
            if value is None:
                value = self.held.after(tensor._id)  # it held nothing, and what assigns to it does not care
            if value is not None:
                return {**self._hold(value), "source": "variable"}
        if tensor.dtype in OUT_OF_REACH:
            return {"source": "unreached", "dtype": tensor.dtype.name, "shape": [], "digest": ""}
        if tensor._id not in self._known:
            self._known[tensor._id] = self._hold(tensor.numpy())
        known = {name: value for name, value in self._known[tensor._id].items() if name != "stage"}
        if tensor._id in self._made:
            return {**known, "source": "op", "from": self._made[tensor._id]}
        if tensor._id in self.flow.reads:
            return {**known, "source": "read"}
        if self.flow.maker(tensor._id) is None and np.prod(known["shape"], dtype=np.int64) <= FEW:
            known["value"] = [str(one) for one in np.ravel(tensor.numpy())]
        return {**known, "source": "given"}

    def _hold(self, value: Any) -> Dict[str, Any]:
        """Have the bytes of a value held under a stage of its own, where no other has them."""
        digest = digest_of(canonical(value))
        if digest not in self._stages:
            self._stages[digest] = None
            self._given += 1
            self._recorder.record(OPS, "given/{:06d}".format(self._given), value)
        return {"digest": digest, "dtype": _dtype_of(value), "shape": list(np.shape(value))}

    def _output(self, tensor: Any, stage: str, at: int, number: int, obstacles: List[str]) -> Dict[str, Any]:
        """Record an output."""
        self._made[tensor._id] = number
        if tensor.dtype in OUT_OF_REACH:
            obstacles.append("makes a {}".format(tensor.dtype.name))
            return {"stage": "", "dtype": tensor.dtype.name, "shape": [], "digest": ""}
        self._known[tensor._id] = found = self._record(stage + (".{}".format(at) if at else ""), tensor.numpy())
        return found

    def _moved(self, seen: Seen, stage: str, inputs: Sequence[Any]) -> List[Dict[str, Any]]:
        """Record what the variables hold after an op that moves them."""
        if seen.kind in READERS:
            return []
        moved = [self.held.after(one._id) for one in inputs if one.dtype == tf.resource and one._id in self.held]
        values = [value for value in moved if value is not None]
        return [self._record("{}.variable{}".format(stage, at or ""), value) for at, value in enumerate(values)]

    def _record(self, stage: str, value: Any) -> Dict[str, Any]:
        digest = self._recorder.record(OPS, stage, value)
        self._stages[digest] = None
        return {"stage": stage, "digest": digest, "dtype": _dtype_of(value), "shape": list(np.shape(value))}


def _handle_of(variable: Any) -> int:
    return int(innermost(variable).handle._id)


def _dtype_of(value: Any) -> str:
    """Return TensorFlow's name of a value's dtype."""
    return "string" if isinstance(value, (bytes, str)) else str(tf.as_dtype(np.asarray(value).dtype).name)
