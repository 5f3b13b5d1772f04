"""The injected tier of a Keras model: its own step of training, once, from canonical state and inputs.

What a stage is fed comes from the stages before it in the same step, so that nothing is made up but the state: weights,
statistics, slots and inputs, which have the same bits everywhere.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Tuple

import numpy as np
import tensorflow as tf

from .canonical import is_float, slots_like, uniform
from .context import Setting
from .fed import Fed
from .networks import assign, by_path, values
from .watch.variables import has_value, innermost, is_eager
from .watch.variables import is_float as is_float_variable
from .watch.watcher import Watcher

SQUARED = ("velocity", "velocity_hat", "accumulator", "accumulated_grad", "accumulated_delta_var")
"""Slots that hold means or sums of squares."""


def run_injected_step(
    make: Callable[[], Any], batch: Tuple[Any, Any, Any], class_weight: Any, setting: Setting, watcher: Watcher
) -> None:
    """Make a network, compiled, and run its prediction and step of training from canonical state.

    ``batch`` has inputs, targets and weights of samples; what of the inputs is floats becomes canonical in its range.
    """
    watcher.draws.feed = fed = Fed()  # before the network is made: in a v1 graph it draws from then on
    step = ready(make(), batch, class_weight, setting, watcher)
    if fed.unfed:
        watcher.log.note("the injected tier is left out: {} can't be fed".format(", ".join(fed.unfed)))
        return
    log, variables = watcher.log, watcher.variables
    network, inputs, state, before = step.network, step.batch[0], step.state, step.weights
    log.write("batch", {"/".join(filter(None, ("x", path))): a for path, a in by_path(inputs).items()})
    with watcher.unseen():
        predicted = network.predict_on_batch(inputs)
    log.write("predict", {path or "output": np.asarray(array) for path, array in by_path(predicted).items()})
    log.begun = True
    with log.quiet():
        step.train()
    with watcher.sessions.looking():
        after = values(state.variables)
    log.write("update", {variables.name(v): after[n] - before[n] for n, v in state.trained.items()})


class _State:
    """What a step begins from, under names that do not depend on how a release calls variables.

    Trained variables are numbered in the order of the optimizer's list, all others in that of the network's.
    """

    def __init__(self, network: Any, watcher: Watcher) -> None:
        trained = list(watcher.variables.trained.values())
        known = {id(variable) for variable in trained}
        others = [innermost(weight) for weight in network.weights if id(innermost(weight)) not in known]
        self.trained = {"trained/{}".format(number): variable for number, variable in enumerate(trained)}
        self.others = {"other/{}".format(n): v for n, v in enumerate(v for v in others if is_float_variable(v))}
        self.variables = {**self.trained, **self.others}
        names = {watcher.variables.name(variable): name for name, variable in self.trained.items()}
        self.held = {}
        """The optimizer's variables that belong to a variable, by its number and their own names."""
        for name, slot in watcher.variables.slots(watcher.optimizers).items():
            variable, _, kind = name.rpartition("/")
            if variable in names and (not is_eager(slot) or has_value(slot)):
                self.held["{}/{}".format(names[variable], kind)] = slot
        with watcher.sessions.looking():
            self._present = values({**self.variables, **self.held})
        self._initial = {
            name: watcher.initial.get(watcher.variables.name(variable), self._present[name])
            for name, variable in self.others.items()
        }
        """Of what is not trained what it held before the first step, which no random weight had a part in."""

    def weights(self) -> Dict[str, np.ndarray]:
        """Return canonical weights; of those that are not trained, what begins all positive stays so, as a variance.

        A mean that begins at 0 may be all positive after a step, or not, as the weights before it were drawn.
        """
        made = {}
        for name in self.variables:
            array = self._present[name]
            made[name] = uniform("weights/" + name, array.shape, array.dtype)
            if name in self.others and array.size and np.all(self._initial[name] > 0):
                made[name] = np.abs(made[name]) + np.asarray(0.5, array.dtype)
        return made

    def slots(self) -> Dict[str, np.ndarray]:
        """Return canonical slots, as deep as their variables' gradients may be."""
        return slots_like({n: self._present[n] for n in self.held if is_float(self._present[n].dtype)}, SQUARED)


class Step(NamedTuple):
    """A step of training that is ready to be run: its network holds canonical weights and slots."""

    network: Any
    batch: Tuple[Any, Any, Any]
    """Canonical inputs, and targets and weights of samples as they are given."""
    class_weight: Any
    state: _State
    weights: Dict[str, np.ndarray]
    """What the network's variables hold, by the names of the state."""

    def train(self) -> None:
        """Run the step."""
        _train(self.network, self.batch, self.class_weight)


def ready(network: Any, batch: Tuple[Any, Any, Any], class_weight: Any, setting: Setting, watcher: Watcher) -> Step:
    """Return the step of a network that was just made, after one unseen step that makes what is made late."""
    with watcher.unseen():
        _train(network, batch, class_weight)
    state = _State(network, watcher)
    weights = setting.jittered("weights", state.weights())
    slots = setting.jittered("slots", state.slots())
    with watcher.sessions.looking():
        assign({name: state.variables[name] for name in weights}, weights)
        assign({name: state.held[name] for name in slots}, slots)
    return Step(network, (_inputs(batch[0], setting), *batch[1:]), class_weight, state, weights)


def _train(network: Any, batch: Tuple[Any, Any, Any], class_weight: Any) -> None:
    """Train one step by `fit`: Keras 3's `train_on_batch` hands weights of samples on where there are none."""
    x, y, weights = batch
    named = {"sample_weight": weights, "class_weight": class_weight, "batch_size": len(tf.nest.flatten(x)[0])}
    network.fit(x, y, shuffle=False, verbose=0, **named)


def _inputs(inputs: Any, setting: Setting) -> Any:
    """Return canonical inputs: floats within the range of those given, everything else as it is."""
    made = {path: _within(path, np.asarray(array)) for path, array in by_path(inputs).items()}
    arrays = iter(setting.jittered("batch", made).values())

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
