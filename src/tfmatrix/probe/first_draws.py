"""What a Keras model draws before its first update, under one seed after another, without a training."""

from __future__ import annotations

import contextlib
from types import ModuleType
from typing import Any, Dict, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from . import draws, networks
from .builders import Fed, batch_of, given
from .context import Setting
from .watch.rows import Rows
from .watch.structures import flat

MOST_OF_STEPS = 32
"""Seeds under which more than initial weights is drawn: it takes a call of the network, and a pass over the rows."""

MOST_ORDERS = 64
"""Seeds under which the order of a dataset is drawn: of rows whose places nobody knows, two orders are one draw."""

MOST_BATCHES = 4096
"""Batches of a dataset that are looked at; where there are more its order is not told."""


def first_draws(model: ModuleType, setting: Setting, seeds: Sequence[int]) -> Iterator[Dict[str, np.ndarray]]:
    """Yield what a new network draws under each seed, by stage.

    Its weights, under the names that a trial gives them, and which of them an operation drew; where it is executed
    eagerly also what its layers draw in a step, and the order in which a fit visits the rows of arrays.
    """
    first = _First(model, setting)
    for number, seed in enumerate(seeds):
        setting.restart(seed)
        setting.engine.enter_keras()
        eagerly = tf.executing_eagerly()
        yield first.draw(more=eagerly and number < MOST_OF_STEPS, listed=eagerly and number < MOST_ORDERS)


class _First:
    """One model, as far as it is the same under every seed."""

    def __init__(self, model: ModuleType, setting: Setting) -> None:
        self._model, self._setting = model, setting
        self._watch = draws.watch(self._see, initial=False)
        self._seen: Dict[str, np.ndarray] = {}
        self._placed: Any = None
        """The rows in their places."""

    def draw(self, *, more: bool, listed: bool) -> Dict[str, np.ndarray]:
        """Return what a new network draws, with ``more`` in a step too; ``listed`` is for the order of a dataset."""
        network = self._model.build()
        fed = given(self._model, self._setting) if more or listed or not networks.is_built(network) else None
        if fed and not networks.is_built(network):
            network(fed.batch(1)[0])
        variables = networks.named_like_watched(network)
        found = {"init/" + name: array for name, array in networks.values(variables).items()}
        found.update(("drawn/" + name, np.array(True)) for name in draws.drawn_among(variables, self._watch))
        if fed and more:
            found.update(self._of_step(network, fed))
        if fed and (more or (listed and isinstance(fed.x, tf.data.Dataset))):
            found.update(self._order(fed))
        return found

    def _see(self, stage: str, tensors: Mapping[str, Any]) -> None:
        """Take in a draw, numbered where its name comes up again, as in a trial."""
        for part, tensor in tensors.items():
            if not hasattr(tensor, "numpy"):  # one of a function that is traced
                continue
            stem = stage.replace("draw/", "draw@0/", 1) + ("" if len(tensors) == 1 else "/" + part)
            name, number = stem, 1
            while name in self._seen:
                number += 1
                name = "{}.{}".format(stem, number)
            self._seen[name] = tensor.numpy()

    def _of_step(self, network: Any, fed: Fed) -> Dict[str, np.ndarray]:
        """Return what its layers draw when it is called in training."""
        self._seen = {}
        with contextlib.suppress(TypeError):  # one that takes no such argument draws nothing by it
            network(fed.batch(batch_of(self._model))[0], training=True)
        return self._seen

    def _order(self, fed: Fed) -> Dict[str, np.ndarray]:
        """Return the order in which a fit visits the rows, as in a trial, and the rows of arrays in their places."""
        arguments = getattr(self._model, "FIT", {})
        if isinstance(fed.x, tf.data.Dataset):
            placed, rows = None, listed(fed.x, arguments.get("steps_per_epoch", MOST_BATCHES))
        elif fed.is_composite:
            return {}
        else:
            placed = self._placed = self._placed or visited(fed, self._model, shuffle=False)
            rows = visited(fed, self._model, shuffle=arguments.get("shuffle", True))
        if rows.mixed or not rows.count:
            return {}
        found = {"data@0/rows": rows.sorted(), "shuffle@0/order": rows.order()}
        return found if placed is None else {"data@0/order": placed.order(), **found}


def listed(dataset: Any, most: int) -> Rows:
    """Return the rows of a dataset's first batches, in its order."""
    rows = Rows()
    for element in dataset.take(most):
        rows.add(flat(element, Fed._fields))
    return rows


def visited(fed: Fed, model: ModuleType, *, shuffle: Any) -> Rows:
    """Return the rows that a fit of one epoch visits, of a network that learns nothing."""
    rows = Rows()

    class Visitor(tf.keras.Model):  # type: ignore[misc]  # of the Keras that there is by now
        def call(self, inputs: Any) -> Any:
            return inputs

        def train_step(self, data: Any) -> Dict[str, Any]:
            rows.add(flat(data, Fed._fields))
            return {"loss": tf.zeros([])}

        def test_step(self, data: Any) -> Dict[str, Any]:
            del data
            return {"loss": tf.zeros([])}

    network = Visitor()
    network.built = True
    network.compile(run_eagerly=True)
    given_to_fit = getattr(model, "FIT", {})
    more = {name: given_to_fit[name] for name in ("validation_split", "class_weight") if name in given_to_fit}
    if fed.sample_weight is not None:
        more["sample_weight"] = fed.sample_weight
    network.fit(fed.x, fed.y, batch_size=batch_of(model), epochs=1, verbose=0, shuffle=shuffle, **more)
    return rows
