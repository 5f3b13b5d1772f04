"""Building: where each op of a graph belongs, as it is told by the calls that built it, or else by its name."""

from __future__ import annotations

import re
from types import FrameType
from typing import Any, Dict, List, NamedTuple, Tuple

from tensorflow.python.ops import gradients_util

from ..watch.patching import around
from .holders import is_variable
from .places import FORWARD, OPTIMIZER
from .placing import Placing

CALLS = re.compile(r"(Stateful)?PartitionedCall(_[0-9]+)?")
"""Names of calls of functions, which a file's graph has in front of the names of what the functions do."""


class Built(NamedTuple):
    """Where an op of a graph belongs."""

    phase: str
    layer: str
    of: str = ""
    """The name of the op that it differentiates, where that is known."""


class Building:
    """The ops that were built into graphs since its installation."""

    def __init__(self, placing: Placing) -> None:
        self._placing = placing
        self._graphs: List[Tuple[Any, Dict[str, Built]]] = []
        self._differentiated: List[str] = []
        """The ops that gradients are being built of, the innermost last."""

    def install(self) -> None:
        """See what gradients are built of."""
        around(gradients_util, "_GradientsHelper", self._take_gradients, convert=False)
        around(gradients_util, "_MaybeCompile", self._differentiate, convert=False)

    def see(self, op: Any, caller: FrameType) -> None:
        """Take in an op that was just built."""
        flow, outputs = self._placing.flow, list(op.outputs)
        ids = tuple(one._id for one in op.inputs)
        place = self._placing.place(ids, caller)
        if is_variable(op):
            flow.variables.update(one._id for one in outputs)
            if place.phase != OPTIMIZER:
                flow.scoped.update((one._id, layer_of(op.name)) for one in outputs)
        seen = self._placing.put(op.type, place, ids, None, outputs)
        of = self._differentiated[-1] if self._differentiated else ""
        self._known(op.graph)[op.name] = Built(seen.phase, seen.layer, of)

    def of(self, op: Any) -> Built:
        """Return where an op belongs: one that was not seen when it was built is of the layer that its name says."""
        return self._known(op.graph).get(op.name) or Built(FORWARD, scope_of(op.name))

    def _known(self, graph: Any) -> Dict[str, Built]:
        found = next((known for one, known in self._graphs if one is graph), None)
        if found is None:
            found = {}
            self._graphs.append((graph, found))
        return found

    def _take_gradients(self, original: Any, *arguments: Any, **named: Any) -> Any:
        with self._placing.taking_gradients():
            return original(*arguments, **named)

    def _differentiate(self, original: Any, scope: Any, op: Any, *rest: Any) -> Any:
        self._differentiated.append(op.name)
        try:
            return self._placing.flow.differentiate(op.outputs, lambda: original(scope, op, *rest))
        finally:
            self._differentiated.pop()


def layer_of(name: str) -> str:
    """Return the layer of a variable by its name: ``conv`` of ``conv/kernel``; one that stands alone is its own."""
    return name.rpartition("/")[0] or name


def scope_of(name: str) -> str:
    """Return the scope that an op's name begins with: ``net/dense`` of ``StatefulPartitionedCall/net/dense/MatMul``."""
    return "/".join(part for part in name.split("/")[:-1] if not CALLS.fullmatch(part))
