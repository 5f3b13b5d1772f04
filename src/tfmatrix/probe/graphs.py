"""Graphs as data: what of one depends on what is fed, which of its tensors can be fetched, and what ends it."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Set, Tuple

import numpy as np
import tensorflow as tf

from .engines import Threads, session_config

Arrays = Dict[str, np.ndarray]

DOES = re.compile(
    "Assign|Resource(?!Gather)|(Sparse)?Apply[A-Z]|Scatter(?!Nd$)|Save|Restore|MergeV2Checkpoints|Write|Print"
    "|.*(Queue|Iterator|PyFunc|Summary)"
)
"""Types of ops that do something, or ask something, besides computing; nothing behind one is fetched."""

NO_VALUES = (20, 21)
"""Types of what has no bytes, resource and variant, by their numbers: a dtype may be more than its number."""

MOST_ALONE = 2000
"""Tensors that are fetched each by itself, for which the graph is rewritten each time, where all can be had at once."""

GATHERS = ("Gather", "GatherV2", "ResourceGather")
"""Types of ops that look rows of a table up."""


def numbered(names: Sequence[str]) -> List[str]:
    """Return names of which each is there once: the second ``x`` is ``x#2``."""
    found: Dict[str, None] = {}
    for name in names:
        one, number = name, 1
        while one in found:
            number += 1
            one = "{}#{}".format(name, number)
        found[one] = None
    return list(found)


def session(graph: Any, threads: Threads) -> Any:
    """Return a session for a graph of this process's own."""
    return tf.compat.v1.Session(graph=graph, config=session_config(threads))


def tensor_of(graph: Any, name: str) -> Any:
    """Return the tensor that a name of `ends` or `inner` is of: ``conv`` is ``conv:0``, ``conv.1`` is ``conv:1``."""
    return dict(_tensors(graph.get_operations()))[name]


def _fed_by(graph: Any, placeholders: Sequence[Any]) -> List[Any]:
    """Return the ops that depend on what is fed and on nothing that does something, and are in no loop, in order."""
    ops = graph.get_operations()
    uses: Dict[str, Set[str]] = {}
    waits: Dict[str, Set[str]] = {}
    depth: Dict[str, int] = {}
    for op in ops:  # what a loop hands back is made later
        before = [tensor.op for tensor in op.inputs]
        within = max([depth.get(one.name, 0) for one in (*before, *op.control_inputs)], default=0)
        depth[op.name] = within + (op.type in ("Enter", "RefEnter")) - (op.type in ("Exit", "RefExit"))
        for one in before:
            uses.setdefault(one.name, set()).add(op.name)
        for one in (*before, *op.control_inputs):
            waits.setdefault(one.name, set()).add(op.name)
    fed = {tensor.op.name for tensor in placeholders}
    depends = _behind(fed, uses) - fed
    doing = {op.name for op in ops if DOES.match(op.type)}
    clear = depends - _behind(doing, waits)
    return [op for op in ops if op.name in clear and not depth[op.name]]


def _behind(names: Set[str], after: Mapping[str, Set[str]]) -> Set[str]:
    """Return some names and all that comes after them, along loops too."""
    found, left = set(names), list(names)
    while left:
        new = after.get(left.pop(), set()) - found
        found |= new
        left.extend(new)
    return found


def _tensors(ops: Sequence[Any]) -> Iterator[Tuple[str, Any]]:
    """Yield the first output of each op and those others that are used: of a fused op not all can be had."""
    for op in ops:
        for number, tensor in enumerate(op.outputs):
            if tensor.dtype.as_datatype_enum in NO_VALUES or tensor.dtype._is_ref_dtype:
                continue
            if number == 0 or tensor.consumers():
                yield op.name + (".{}".format(number) if number else ""), tensor


def ends(graph: Any, placeholders: Sequence[Any]) -> List[str]:
    """Return the names of what depends on what is fed and what nothing uses: the outputs."""
    ops = _fed_by(graph, placeholders)
    inside = {op.name for op in ops}
    return [
        name
        for name, tensor in _tensors(ops)
        if not any(one.name in inside for output in tensor.op.outputs for one in output.consumers())
    ]


def inner(running: Any, fed: Arrays, predicted: Arrays) -> Iterator[Tuple[str, Any]]:
    """Yield every tensor that depends on what is fed and can be fetched, in causal order, and its value.

    What is fed and what was predicted are told by the names of tensors, ``x:0``: with TF2 behaviour tensors themselves
    are no keys. All are fetched together. Where one of them has no value, as a branch that is not taken, and where the
    outputs are others than those that were predicted, because an op that is fetched is not fused with its neighbour,
    each is fetched by itself.
    """
    ops = _fed_by(running.graph, [running.graph.get_tensor_by_name(name) for name in fed])
    wanted = dict(_tensors(ops))
    together = _fetched(running, wanted, fed)
    changed = any(
        tensor.name in predicted and np.asarray(together[name]).tobytes() != predicted[tensor.name].tobytes()
        for name, tensor in wanted.items()
        if together
    )
    if together and (not changed or len(wanted) > MOST_ALONE):
        yield from together.items()
        return
    for name, tensor in wanted.items():
        yield from _fetched(running, {name: tensor}, fed).items()


def _fetched(running: Any, wanted: Mapping[str, Any], fed: Arrays) -> Mapping[str, Any]:
    """Return the values of tensors; nothing where not all can be had."""
    try:
        return dict(running.run(dict(wanted), dict(fed)))
    except tf.errors.OpError:
        return {}


def bounds(graph: Any, placeholders: Mapping[str, str]) -> Dict[str, int]:
    """Return what each input that is looked up in tables is below, by the names that its placeholder's stands for."""
    rows = [size for op in graph.get_operations() if op.type in GATHERS for size in _rows(op)]
    if not rows:
        return {}
    found = {}
    for op in graph.get_operations():
        if op.name in placeholders:
            tensor = op.outputs[0]
            cast = any(one.type == "Cast" and one.outputs[0].dtype.is_integer for one in tensor.consumers())
            if tensor.dtype.is_integer or cast:
                found[placeholders[op.name]] = min(rows)
    return found


def _rows(op: Any) -> Iterator[int]:
    shape = op.inputs[0].shape
    if shape.rank == 2 and shape[0] is not None:
        yield int(shape[0])
