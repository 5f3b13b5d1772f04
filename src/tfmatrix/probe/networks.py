"""Keras networks: their variables under one name in Keras 2 and 3, eagerly and in a session."""

from __future__ import annotations

import itertools
from types import ModuleType
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np
import tensorflow as tf

from .engines import keras_major
from .loading import broken
from .modes import Mode
from .names import LOSSES, Misspelt, absent
from .outcomes import Unsupported
from .watch.rows import digests_of
from .watch.structures import flat
from .watch.variables import innermost, is_variable

MOST_ROWS = 4096
"""Rows of a dataset that are looked at to choose some of them."""


def named_variables(network: Any) -> Dict[str, Any]:
    """Return the network's variables as ``layer/variable``, the names the same in Keras 2 and 3."""
    named: Dict[str, Any] = {}
    for layer in network.layers:
        for variable in filter(is_variable, layer.weights):
            short = "{}/{}".format(layer.name, variable.name.split("/")[-1].split(":")[0])
            name, number = short, 1
            while name in named:  # a layer made of layers: kernel, kernel.2, ...
                number += 1
                name = "{}.{}".format(short, number)
            named[name] = variable
    return named


def named_like_watched(network: Any) -> Dict[str, Any]:
    """Return the network's variables under the names that a watched trial gives them."""
    return {
        str(getattr(v, "path", "") or innermost(v).name).partition(":")[0]: v for v in network.weights if is_variable(v)
    }


def values(variables: Mapping[str, Any]) -> Dict[str, np.ndarray]:
    """Return copies of Keras variables' present values; Keras's session initialises those that are new."""
    if tf.executing_eagerly():
        return {name: np.array(variable) for name, variable in variables.items()}
    return dict(tf.compat.v1.keras.backend.get_session().run(dict(variables)))


def assign(variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Set Keras variables to the values of the same name."""
    if tf.executing_eagerly():
        for name, variable in variables.items():
            variable.assign(arrays[name])
    else:
        tf.compat.v1.keras.backend.batch_set_value([(v, arrays[name]) for name, v in variables.items()])


def loss_of(model: ModuleType) -> Any:
    """Return the loss that a model names; raise Unsupported where another release has it, BadModel where none has."""
    try:
        return tf.keras.losses.get(model.LOSS)
    except ValueError:  # which asks for decorators and object scopes
        try:
            raise absent("tf.keras.losses", model.LOSS, LOSSES)
        except Misspelt as slip:
            raise broken(model, "LOSS", str(slip)) from None


def compile_network(network: Any, mode: Mode, optimizer: Any, loss: Any) -> None:
    """Compile a network as the mode says; raise Unsupported where Keras goes on without what the mode asks for."""
    network.compile(optimizer=optimizer, loss=loss, **mode.keras_compile)
    for name, value in mode.keras_compile.items():
        if getattr(network, name, value) != value:  # it only warns
            raise Unsupported(
                "Keras {} goes on without {}={}, as it does where op determinism is on or a layer has no XLA".format(
                    keras_major(), name, value
                )
            )


def choose(network: Any, mode: Mode) -> None:
    """Have a network that is compiled train as the mode says; raise Unsupported where that cannot be chosen."""
    for name, value in mode.keras_compile.items():
        if getattr(network, name, None) != value:
            held = getattr(type(network), name, None)
            if not isinstance(held, property) or held.fset is None:
                raise Unsupported("build compiles the model, and this release takes {} nowhere else".format(name))
            setattr(network, name, value)


def is_built(network: Any) -> bool:
    """Tell whether a network has its weights; one that is not built raises in Keras 2, and has none in Keras 3."""
    try:
        return bool(getattr(network, "built", True) and network.weights)
    except ValueError:
        return False


def is_compiled(network: Any) -> bool:
    """Tell whether a network has an optimizer to train with."""
    return getattr(network, "optimizer", None) is not None


def rows_of(dataset: Any) -> Any:
    """Return as many rows as the first element of a dataset has, as arrays: the same ones in whatever order they come.

    They are those of the smallest digests. Of a dataset of more rows than MOST_ROWS, of one whose elements have none,
    and in a graph for a session, it is the first element.
    """
    if not tf.executing_eagerly():
        following = tf.compat.v1.data.make_one_shot_iterator(dataset).get_next()
        return tf.compat.v1.keras.backend.get_session().run(following)
    elements = (tf.nest.map_structure(np.array, element) for element in dataset)
    first = next(elements)
    counts = {leaf.shape[:1] for leaf in tf.nest.flatten(first)}
    if len(counts) != 1 or () in counts:
        return first
    ((size,),) = counts
    kept: List[Tuple[bytes, Tuple[Any, ...]]] = []
    seen = 0
    for element in itertools.chain([first], elements):
        parts = tf.nest.flatten(element)
        seen += len(parts[0])
        if seen > MOST_ROWS:
            return first
        kept = sorted([*kept, *zip(digests_of(parts), zip(*parts))], key=lambda one: one[0])[:size]
    return tf.nest.pack_sequence_as(first, [np.stack(column) for column in zip(*(row for _, row in kept))])


def by_path(structure: Any) -> Dict[str, Any]:
    """Return the arrays of a structure by their paths."""
    return flat(structure)
