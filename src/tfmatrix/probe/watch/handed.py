"""What a trial is handed of the baseline's: initial weights, draws and the order of rows, so that it starts alike.

The host knows both traces, so it names everything as this trial itself does. What can't be handed over goes on as it
is, and is said at the end: nothing that comes behind it is judged then.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple

import numpy as np
import tensorflow as tf

from .. import draws
from ..draws import Draw
from ..fingerprint import canonical, digest
from .rows import digests_of, have_rows
from .structures import flat

DIFFERENTIABLE = ("gamma", "bounded_normal")
"""Draws through which gradients pass to their parameters, and through what takes their place they would not."""

ORDER = "the order of rows"


class Handed:
    """What is handed over to one watched trial."""

    def __init__(self, path: str, watcher: Any) -> None:
        """Read a file of the host's: arrays by number, and under ``stages`` what each of them is."""
        with np.load(path, allow_pickle=False) as file:
            self._arrays = {str(stage): file[str(number)] for number, stage in enumerate(file["stages"])}
        self._watcher = watcher
        self.initial = {s.partition("/")[2]: a for s, a in self._arrays.items() if s.startswith("init/")}
        """Initial values by the names of variables."""
        self.is_plain = not any(re.sub(r"\.[0-9]+$", "", name) in self.initial for name in _numbered(self.initial))
        """Whether each variable has a name that no other has: then it is known by that as soon as it is there."""
        self._orders = dict(self._orders_of())
        self._rows: Dict[bytes, List[Any]] = {}
        """What rows hold, by their digests: those of a fit on arrays, or those that are handed over."""
        for parts in self._batches():
            self._learn(parts)
        self._reading = False

    def _orders_of(self) -> Iterator[Tuple[int, List[bytes]]]:
        """Yield each pass over the rows, with their digests in the order in which it visits them."""
        for stage, order in self._arrays.items():
            kind, _, epoch = stage.partition("/")[0].partition("@")
            rows = self._arrays.get("data@{}/rows".format(epoch))
            if kind == "shuffle" and rows is not None:
                distinct = sorted({bytes(row.tolist()) for row in rows})
                yield int(epoch), [distinct[place] for place in order.tolist()]

    def _batches(self) -> Iterable[List[Any]]:
        """Return the parts of each batch that is handed over."""
        found: Dict[str, List[Any]] = {}
        for stage, array in self._arrays.items():
            head = stage.partition("/")[0]
            if head.startswith("batch@"):
                found.setdefault(head, []).append(array)
        return found.values()

    def _learn(self, parts: List[Any]) -> List[bytes]:
        """Learn what the rows of a batch hold; return their digests, none where its parts are of no one number."""
        if not have_rows(parts):
            return []
        found = digests_of(parts)
        self._rows.update((row, [part[at] for part in parts]) for at, row in enumerate(found))
        return found

    def assign(self, variables: Mapping[str, Any]) -> None:
        """Set variables to their values, before anything is made of what they hold."""
        with tf.init_scope():
            for name, variable in variables.items():
                array = self.initial.get(name)
                if array is not None and fits(array, variable):
                    variable.assign(array)

    def assign_in(self, session: Any, variables: Mapping[str, Any]) -> None:
        """Set variables of a graph, without an operation more."""
        for name, variable in variables.items():
            array = self.initial.get(name)
            if array is not None and fits(array, variable):
                session.run(variable.initializer, {variable.initializer.inputs[1]: array})

    def feed(self, draw: Draw, what: str, arguments: Mapping[str, Any], result: Any) -> Any:
        """Return what the baseline drew, or what was drawn where it has nothing like that."""
        del arguments
        name = draw.stage.partition("/")[2]
        if not isinstance(result, tf.Tensor) or what in DIFFERENTIABLE:
            self._watcher.drew(draw.stage, draws.outputs(result))
            return result

        def find(own: Dict[str, Any], further: int) -> Dict[str, Any]:
            array = self._arrays.get(self._watcher.log.coming("draw", name, further))
            return own if array is None or not _alike(array, own[name]) else {name: array}

        return self._watcher.taps.replace("draw", {name: result}, find)[name]

    def read_rows(self, dataset: Any) -> None:
        """Learn what the rows hold that a fit is about to visit: it is given arrays, so they can be read before."""
        wanted = {row for order in self._orders.values() for row in order} - set(self._rows)
        left = 2 * max(map(len, self._orders.values()), default=0)
        if self._reading or not wanted:
            return
        self._reading = True
        try:
            with self._watcher.log.quiet():
                for element in dataset:
                    parts = [np.asarray(part) for part in flat(element).values()]
                    found = self._learn(parts)
                    wanted.difference_update(found)
                    left -= len(found)
                    if not (wanted and found and left > 0):
                        break
        finally:
            self._reading = False

    def batch(self, element: Any, names: Tuple[str, ...]) -> Any:
        """Return the element of an iterator with the rows in it that the baseline had in this place."""
        parts, leaves = flat(element, names), tf.nest.flatten(element)
        if self._reading:
            return element
        if not self._rows or [id(part) for part in parts.values()] != [id(leaf) for leaf in leaves]:
            return self._watcher.taps.through("batch", lambda one: flat(one, names), element)
        return tf.nest.pack_sequence_as(
            element, list(self._watcher.taps.replace("batch", parts, self._find_rows).values())
        )

    def _find_rows(self, own: Dict[str, Any], further: int) -> Dict[str, Any]:
        del further
        at = self._watcher.log.at_row()
        if at is None or at[0] not in self._orders or not have_rows(list(own.values())):
            return own
        size = len(next(iter(own.values())))
        rows = self._orders[at[0]][at[1] : at[1] + size]
        if len(rows) < size or not all(row in self._rows for row in rows):
            return own
        found = {}
        for number, (name, array) in enumerate(own.items()):
            found[name] = np.stack([self._rows[row][number] for row in rows])
            if not _alike(found[name], array):
                return own
        return found

    def missed(self, recorded: Mapping[str, str]) -> Iterator[str]:
        """Yield a sentence for each thing that was not handed over, given the digests of what was recorded."""
        told: Set[str] = set()
        for stage, array in self._arrays.items():
            if recorded.get(stage) == digest(canonical(array)):
                continue
            kind, _, name = stage.partition("/")
            kind = kind.partition("@")[0]
            what = {"init": "the initial value of " + name, "draw": "the draw " + name}.get(kind, ORDER)
            if what not in told:
                told.add(what)
                yield "{} was not handed over from the baseline".format(what)


def _numbered(names: Mapping[str, Any]) -> List[str]:
    return [name for name in names if re.search(r"\.[0-9]+$", name)]


def fits(array: Any, variable: Any) -> bool:
    """Tell whether a variable can hold an array as it is."""
    shape: Optional[List[Any]] = variable.shape.as_list() if variable.shape.rank is not None else None
    return shape == list(array.shape) and bool(variable.dtype.base_dtype.as_numpy_dtype == array.dtype)


def _alike(array: Any, own: Any) -> bool:
    own = np.asarray(own)
    return bool(array.shape == own.shape and array.dtype == own.dtype)
