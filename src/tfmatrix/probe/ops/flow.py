"""Flow: which op made a tensor, and which one an op of a backward pass differentiates.

A backward op belongs to the layer whose value it differentiates, wherever it is called: Keras calls all of them within
its optimizer or its step. TensorFlow's tape calls a gradient function for each op of the forward pass, with its outputs
or inputs where the gradient needs them, and with gradients of its outputs always: these are followed.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

import tensorflow as tf

from .places import BACKWARD, FORWARD

Tensor = int
"""A tensor by its number, which no other has while the process lives."""


class Seen(NamedTuple):
    """An op that was executed."""

    kind: str
    phase: str
    layer: str
    inputs: Tuple[Tensor, ...]
    number: Optional[int]
    """Its number among those that are recorded."""
    called: bool = True
    """Whether its layer is one that is called, and not just what a graph's names say."""

    @property
    def of_a_layer(self) -> bool:
        """Whether it is called in a layer on the way forward."""
        return self.phase == FORWARD and self.called and bool(self.layer)


class Flow:
    """The ops that were executed so far, and how tensors lead from one to another."""

    def __init__(self) -> None:
        self._seen: List[Seen] = []
        self._maker: Dict[Tensor, int] = {}
        self._user: Dict[Tuple[str, Tensor], int] = {}
        """By an op's type and an input the last op of that."""
        self._differentiated: Dict[Tensor, Tensor] = {}
        """By a gradient the value that it is the gradient for."""
        self.variables: Set[Tensor] = set()
        """The handles of variables."""
        self.reads: Dict[Tensor, Tensor] = {}
        """By a value that was read of a variable by no op that is seen, that variable's handle."""
        self.users: Dict[Tensor, str] = {}
        """By a variable's handle the layer that was seen to use it first."""
        self.slots: Dict[Tensor, Tensor] = {}
        """By the handle of an optimizer's slot that of the variable that it is kept for."""
        self.named: Dict[Tensor, str] = {}
        """By a variable's handle the layer that its name says: where no layer is seen to use it."""
        self.scoped: Dict[Tensor, str] = {}
        """The same by the name that a graph has for it: where nothing else is known of it."""
        self._under_way: List[Optional[int]] = []
        """The ops that gradient functions under way are called for, the innermost one last."""
        self._targets: List[Tensor] = []

    def add(self, one: Seen, outputs: Sequence[Any]) -> None:
        """Take in an op that was executed."""
        at = len(self._seen)
        self._seen.append(one)
        for given in one.inputs:
            self._user[one.kind, given] = at
        for made in outputs:
            self._maker[made._id] = at
        values = {self._differentiated.get(given) for given in one.inputs}
        if one.phase == BACKWARD and not self._under_way and len(values) == 1 and None not in values:
            # Several gradients of one value are added up.
            self._differentiated.update((made._id, value) for made in outputs for value in values if value is not None)

    def use(self, inputs: Iterable[Tensor], layer: str) -> None:
        """Take in that a layer uses the variables among some inputs."""
        for one in inputs:
            handle = self.reads.get(one, one)
            if handle in self.variables:
                self.users.setdefault(handle, layer)

    def maker(self, tensor: Tensor) -> Optional[Seen]:
        """Return the op that made a tensor, where it was seen."""
        at = self._maker.get(tensor)
        return None if at is None else self._seen[at]

    def layer_behind(self, inputs: Sequence[Tensor]) -> str:
        """Return the layer that inputs lead to: a variable's, or of one that was read, else of what was made last.

        What is of no layer, such as a batch or a learning rate, leads nowhere.
        """
        makers = sorted(at for at in map(self._maker.get, inputs) if at is not None)
        made = [self._seen[at] for at in makers if self._seen[at].layer]
        read = [one.layer for one in made if any(map(self.owner, one.inputs))]
        return next(iter([*filter(None, map(self.owner, inputs)), *read, *(one.layer for one in reversed(made))]), "")

    def owner(self, tensor: Tensor) -> str:
        """Return the layer that a variable belongs to, by its handle or by what was read of it; empty for others."""
        handle = self.reads.get(tensor, tensor)
        handle = self.slots.get(handle, handle)
        return self.users.get(handle) or self.named.get(handle) or self.scoped.get(handle, "")

    def differentiated(self) -> Optional[Seen]:
        """Return the op that is differentiated now, where it is known."""
        at = self._under_way[-1] if self._under_way else None
        return None if at is None else self._seen[at]

    def layer_of_gradient(self, inputs: Sequence[Tensor]) -> str:
        """Return the layer of a backward op: by what is differentiated, else by the values or gradients given to it."""
        known = self.differentiated()
        if known is not None:
            return known.layer
        values = [value for value in map(self._differentiated.get, inputs) if value is not None]
        behind = [made for made in map(self.maker, values) if made]
        given = [made for made in map(self.maker, inputs) if made]
        makers = [*behind, *sorted(given, key=lambda made: made.phase == BACKWARD)]
        return next((made.layer for made in makers if made.layer), "")

    def gradient_function(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return what TensorFlow's tape is to call in the place of its own function."""

        def differentiate(kind: str, *arguments: Any) -> Any:
            _, _, inputs, outputs, gradients = arguments[:5]
            at = self._find(kind, inputs, outputs, gradients)
            return self._differentiate(at, lambda: original(kind, *arguments))

        return differentiate

    def differentiate(self, outputs: Iterable[Any], make: Callable[[], Any]) -> Any:
        """Build the gradients of the op that made some outputs into a graph, and return what does it returned."""
        made = (self._maker.get(one) for one in _ids(outputs))
        return self._differentiate(next((at for at in made if at is not None), None), make)

    def _differentiate(self, at: Optional[int], make: Callable[[], Any]) -> Any:
        """Make the gradients of an op, and take in of which of its inputs each is one."""
        self._under_way.append(at)
        try:
            found = make()
        finally:
            self._under_way.pop()
        if at is not None:
            for value, gradient in zip(self._seen[at].inputs, _listed(found)):
                self._differentiated.update((part, value) for part in _ids([gradient]))
        return found

    def aim(self, target: Any) -> None:
        """Take in what gradients are about to be taken of."""
        self._targets = list(_ids(tf.nest.flatten(target)))

    def _find(self, kind: str, inputs: Any, outputs: Any, gradients: Any) -> Optional[int]:
        """Return the op of the forward pass that a gradient function is called for."""
        values = [*_ids(outputs), *filter(None, map(self._differentiated.get, _ids(gradients))), *self._targets]
        made = (self._maker.get(value) for value in values)
        used = (self._user.get((kind, given)) for given in _ids(inputs))
        found = (at for at in (*made, *used) if at is not None)
        return next((at for at in found if self._seen[at].kind == kind), None)


def _listed(gradients: Any) -> Sequence[Any]:
    return gradients if isinstance(gradients, (list, tuple)) else [gradients]


def _ids(tensors: Optional[Iterable[Any]]) -> Iterable[Tensor]:
    """Yield the numbers of tensors, of a sparse one those of its parts."""
    for one in tensors or ():
        parts = (one.values, one.indices) if isinstance(one, tf.IndexedSlices) else (one,)
        yield from (part._id for part in parts if hasattr(part, "_id"))
