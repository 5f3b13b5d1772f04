"""The injected tier of a Keras model: its own step of training, once, from canonical state and inputs.

What a stage is fed comes from the stages before it in the same step, so that nothing is made up but the state: weights,
statistics, slots and inputs, which have the same bits everywhere.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

import numpy as np
import tensorflow as tf

from .canonical import is_float, slots_like, uniform
from .context import Setting
from .networks import assign, by_path, values
from .watch.variables import has_value, innermost, is_eager
from .watch.watcher import Watcher

SQUARED = ("velocity", "velocity_hat", "accumulator", "accumulated_grad", "accumulated_delta_var")
"""Slots that hold means or sums of squares."""


def run_injected_step(
    network: Any, batch: Tuple[Any, Any, Any], class_weight: Any, setting: Setting, watcher: Watcher
) -> None:
    """Run a network's prediction and step of training from canonical state.

    ``batch`` has inputs, targets and weights of samples; what of the inputs is floats becomes canonical in its range.
    """
    with watcher.unseen():
        _train(network, batch, class_weight)  # makes what is made late: weights, slots, counters
    variables, log = watcher.variables, watcher.log
    trained = {id(v) for v in variables.trained.values()}
    weights = {variables.name(w): innermost(w) for w in network.weights}
    slots = {n: v for n, v in variables.slots(watcher.optimizers).items() if not is_eager(v) or has_value(v)}
    state = _canonical(values(weights), {n for n, v in weights.items() if id(v) not in trained}, setting)
    held = {n: a for n, a in values(slots).items() if is_float(a.dtype) and "/" in n}
    moved = setting.jittered("slots", slots_like(held, SQUARED))
    inputs = _inputs(batch[0], setting)
    _set(weights, state)
    _set({name: slots[name] for name in moved}, moved)
    log.write("batch", {"/".join(filter(None, ("x", path))): a for path, a in by_path(inputs).items()})
    with watcher.unseen():
        predicted = network.predict_on_batch(inputs)
    log.write("predict", {path or "output": np.asarray(array) for path, array in by_path(predicted).items()})
    log.begun = True
    with log.quiet():
        _train(network, (inputs, *batch[1:]), class_weight)
    after = values(weights)
    log.write("update", {n: after[n] - state[n] for n, v in weights.items() if id(v) in trained})


def _train(network: Any, batch: Tuple[Any, Any, Any], class_weight: Any) -> None:
    """Train one step by `fit`: Keras 3's `train_on_batch` hands weights of samples on where there are none."""
    x, y, weights = batch
    named = {"sample_weight": weights, "class_weight": class_weight, "batch_size": len(tf.nest.flatten(x)[0])}
    network.fit(x, y, shuffle=False, verbose=0, **named)


def _canonical(present: Mapping[str, np.ndarray], statistics: Any, setting: Setting) -> Dict[str, np.ndarray]:
    """Return canonical weights; of statistics, those that are all positive stay so, and counters are as they are."""
    made = {}
    for name, array in present.items():
        made[name] = array
        if is_float(array.dtype):
            made[name] = uniform("weights/" + name, array.shape, array.dtype)
            if name in statistics and array.size and np.all(array > 0):
                made[name] = np.abs(made[name]) + np.asarray(0.5, array.dtype)
    return setting.jittered("weights", made)


def _inputs(inputs: Any, setting: Setting) -> Any:
    """Return canonical inputs: floats within the range of those given, everything else as it is."""
    made = setting.jittered(
        "batch", {path: _within(path, np.asarray(array)) for path, array in by_path(inputs).items()}
    )
    arrays = iter(made.values())

    def chosen(given: Any) -> Any:
        array = next(arrays)
        return array if is_float(array.dtype) else given

    return tf.nest.map_structure(chosen, inputs)


def _within(path: str, array: np.ndarray) -> np.ndarray:
    if not is_float(array.dtype) or not array.size:
        return array
    least, most = np.min(array), np.max(array)
    spread = uniform("batch/" + path, array.shape, array.dtype) + np.asarray(0.5, array.dtype)
    return np.asarray(least + spread * (most - least), array.dtype)


def _set(variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    assign({name: variables[name] for name in arrays}, arrays)
