"""Placing: the part of the step and the layer of each op, by the calls that led to it and by the flow of data.

Ops are placed as they are executed eagerly, or as they are built into a graph, which is by the same calls.
"""

from __future__ import annotations

import contextlib
from types import FrameType
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence, Tuple

from ..watch.variables import innermost
from .flow import Flow, Seen, Tensor
from .places import BACKWARD, FORWARD, LOSS, OPTIMIZER, Place, place_of


class Placing:
    """What is known by now of where ops belong."""

    def __init__(self) -> None:
        self.flow = Flow()
        self._phase = ""
        self._gradients = 0
        """How many calls that take gradients are under way."""

    @contextlib.contextmanager
    def as_phase(self, phase: str) -> Iterator[None]:
        """Have all ops belong to a part of the step that no call tells."""
        self._phase = phase
        try:
            yield
        finally:
            self._phase = ""

    @contextlib.contextmanager
    def taking_gradients(self) -> Iterator[None]:
        """Have all ops belong to the backward pass."""
        self._gradients += 1
        try:
            yield
        finally:
            self._gradients -= 1

    def own(self, variables: Mapping[str, Any], layer_of: Callable[[str], str]) -> None:
        """Have variables belong to the layers that their names say."""
        for name, variable in variables.items():
            self.flow.named[handle_of(variable)] = layer_of(name)

    def own_slots(self, slots: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        """Have slots, named after their variables and by a last part, belong where these do."""
        for name, slot in slots.items():
            variable = variables.get(name.rpartition("/")[0])
            if variable is not None:
                self.flow.slots[handle_of(slot)] = handle_of(variable)

    def place(self, ids: Tuple[Tensor, ...], caller: FrameType) -> Place:
        """Return the place of an op with some inputs; its layer is None where these tell it, and no call."""
        if self._gradients or self.flow.differentiated():
            return Place(BACKWARD, self.flow.layer_of_gradient(ids))
        if self._phase:
            return Place(self._phase, "")
        place = place_of(caller)
        phase = place.phase or self._usual(ids)
        if phase == OPTIMIZER or (phase == FORWARD and place.layer is None):
            return Place(phase, None)
        return Place(phase, place.layer or "")

    def put(
        self, kind: str, place: Place, ids: Tuple[Tensor, ...], number: Optional[int], outputs: Sequence[Any]
    ) -> Seen:
        """Take in an op that has a place, and return it with its layer; ``number`` is its own where it is recorded."""
        layer = self.flow.layer_behind(ids) if place.layer is None else place.layer
        if place.phase == FORWARD and layer:
            self.flow.use(ids, layer)
        called = place.layer is not None or layer not in self.flow.scoped.values()
        seen = Seen(kind, place.phase, layer, ids, number, called)
        self.flow.add(seen, outputs)
        return seen

    def _usual(self, ids: Tuple[Tensor, ...]) -> str:
        """Return the part of the step of an op that no call tells it of: what is made of a layer's output is loss."""
        makers = filter(None, map(self.flow.maker, ids))
        return LOSS if any(made.phase == LOSS or made.of_a_layer for made in makers) else FORWARD


def handle_of(variable: Any) -> Tensor:
    """Return the number of what stands for a variable: its handle, or of one of version 1 the reference to it."""
    inner = innermost(variable)
    handle = getattr(inner, "handle", None)
    return int((inner._ref() if handle is None else handle)._id)
