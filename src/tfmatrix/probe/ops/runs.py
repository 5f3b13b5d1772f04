"""Runs: what a session runs is executed once before it, op by op, and written down as what is executed eagerly is."""

from __future__ import annotations

from typing import Any, Collection, Dict, Iterator, List, Mapping, Tuple

import numpy as np
import tensorflow as tf
from tensorflow.python.client import session as session_module

from . import attributes as typed
from .building import Building
from .described import Description, Entry, Header, Told, given, unreached
from .handed import Made
from .parts import Executed, Parts, Run, arguments
from .single import HANDLE, REFERENCE


class Runs:
    """The runs of sessions that are written down."""

    def __init__(self, building: Building, description: Description, instead: Mapping[int, Made]) -> None:
        """Take what tells where ops belong, where they are written, and what stands for what some of them make."""
        self._building, self._description, self._instead = building, description, instead
        self._parts: Dict[Any, Parts] = {}

    def record(self, run: Run, session: Any, fetches: Any, feed: Any, phases: Collection[str]) -> None:
        """Execute what a run would, and write down its ops of some parts of a step."""
        fed = dict(_fed(session.graph, feed or {}))
        key = (id(session), tuple(sorted(_ends(session.graph, fetches))), tuple(sorted(fed)))
        if key not in self._parts:
            self._parts[key] = Parts(session, key[1], key[2])
        parts = self._parts[key]
        places = {op.name: self._building.of(op) for op in parts.ops}
        told = [op for op in parts.ops if places[op.name].phase in phases and parts.tells(op)]
        if not told:
            return
        numbers = {op.name: number for number, op in enumerate(told, len(self._description.ops))}
        known = ((op, self._instead.get(numbers[op.name])) for op in told)
        instead = {op.name: made.outputs for op, made in known if made and made.kind == op.type}
        executed = parts.execute(run, fed, instead)
        for op in told:
            place = places[op.name]
            header = Header(op.type, place.phase, place.layer, numbers.get(place.of), session=True)
            entry = self._description.begin(header, _attributes(op))
            _Telling(parts, executed[op.name], numbers, self._description).write(entry)


class _Telling:
    """What is told of one op that was executed."""

    def __init__(self, parts: Parts, executed: Executed, numbers: Mapping[str, int], description: Description) -> None:
        self._parts, self._executed = parts, executed
        self._numbers, self._description = numbers, description

    def write(self, entry: Entry) -> None:
        """Write down what the op is given and makes."""
        executed, op = self._executed, self._executed.op
        if executed.obstacle:
            entry.hinder(executed.obstacle)
        for one, itself in arguments(op):
            told = self._given(one, itself)
            if not told["digest"] and self._parts.variable(one):
                entry.hinder("takes a variable that holds nothing")
            entry.give(told, one.dtype.base_dtype)
        for one in op.outputs:
            if one.name in executed.values:
                entry.make(executed.values[one.name])
            elif not one.dtype._is_ref_dtype:
                entry.make_unreached(one.dtype)
        for at, name in enumerate(self._parts.moved(op)):
            if not executed.obstacle:
                entry.move(at, executed.after[name])

    def _given(self, tensor: Any, itself: bool) -> Told:
        """Return what is told of an input, whose bytes are held; ``itself`` where the op is given a variable itself."""
        name = self._parts.variable(tensor)
        if name:
            value = self._executed.before.get(name, self._executed.after.get(name))
            if value is None:
                return unreached(tensor.dtype.base_dtype)
            source = "read" if not itself else HANDLE if tensor.dtype == tf.resource else REFERENCE
            return {**self._description.hold(value), "source": source}
        value = self._executed.values.get(tensor.name)
        if value is None:
            return {**unreached(tensor.dtype), **self._from(tensor)}
        found = self._description.hold(value)
        made = self._from(tensor)
        return {**found, **made} if made else given(found, value)

    def _from(self, tensor: Any) -> Told:
        number = self._numbers.get(tensor.op.name)
        return {} if number is None else {"source": "op", "from": number}


def _attributes(op: Any) -> List[Any]:
    """Return an op's attributes as names and values in turn."""
    defined = typed.definition(op.type)
    names = [one.name for one in defined.attr if one.name in op.node_def.attr] if defined else []
    return [part for name in names for part in (name, op.get_attr(name))]


def _ends(graph: Any, fetches: Any) -> Iterator[str]:
    """Yield the ops, by their names, that a run is for."""
    handler = session_module._FetchHandler(graph, fetches, {})
    yield from {*(one.op.name for one in handler.fetches()), *(op.name for op in handler.targets())}


def _fed(graph: Any, feed: Mapping[Any, Any]) -> Iterator[Tuple[str, Any]]:
    """Yield what a run is fed, by the names of tensors; what is made of several as these."""
    for key, value in feed.items():
        expand = next((feeds for kind, _, feeds, _ in session_module._REGISTERED_EXPANSIONS if isinstance(key, kind)))
        for one, part in expand(key, value):
            tensor = graph.as_graph_element(one, allow_operation=False)
            yield tensor.name, np.asarray(part, tensor.dtype.base_dtype.as_numpy_dtype)
