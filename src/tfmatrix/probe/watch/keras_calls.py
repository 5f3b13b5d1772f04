"""What a user calls of Keras's models, and how Keras's optimizers apply gradients, in Keras 2 and 3."""

from __future__ import annotations

import contextlib
import sys
from typing import Any, Dict, Iterator, List

import numpy as np
import tensorflow as tf

from ..recorder import INJECTED
from .jitter import settle_optimizers
from .patching import around
from .structures import flat
from .taps import to_array
from .variables import COPY, innermost, is_float, read
from .watcher import Watcher

LIBRARIES = ("keras", "tf_keras")
"""Packages of Keras."""

FUNCTIONS = {"load_model": "load_model", "save_model": "save"}
"""What Keras has to save and load whole models, and the wrapper of each."""

SAVING = ("saving.saving_api", "saving.save", "saving.legacy.save", "saving.saving_lib")
"""Where Keras has these functions."""

METHODS = (
    *("fit", "train_on_batch", "evaluate", "predict", "predict_on_batch"),
    *("save", "save_weights", "load_weights"),
)
"""What is watched of a model."""

TRAINERS = ("backend.tensorflow.trainer.TensorFlowTrainer", "backend.tensorflow.trainer.Trainer")
"""Where Keras 3 trains: up to 3.15, and from 3.16 on."""

MODELS = ("engine.training.Model", "engine.training_v1.Model", "models.model.Model", *TRAINERS)
"""Where Keras has these methods."""

OPTIMIZERS = (
    "optimizer_v2.optimizer_v2.OptimizerV2",
    "optimizers.optimizer_v2.optimizer_v2.OptimizerV2",
    "optimizers.legacy.optimizer_v2.OptimizerV2",
    "optimizers.optimizer_experimental.optimizer._BaseOptimizer",
    "optimizers.optimizer_experimental.optimizer.Optimizer",
    "optimizers.optimizer._BaseOptimizer",
    "optimizers.optimizer.Optimizer",
)
"""Where Keras 2 has an optimizer's `apply_gradients`: in some releases the old class, in others the new, or both."""

LAYERS = ("engine.base_layer.Layer", "engine.base_layer_v1.Layer", "layers.layer.Layer")
"""Where Keras calls its layers."""

CALLBACKS = ("callbacks.CallbackList", "callbacks.callback_list.CallbackList")
"""Where Keras tells that an epoch begins: in some releases one iterator serves them all."""

ADAPTED = (
    "engine.base_preprocessing_layer.PreprocessingLayer",
    "layers.preprocessing.normalization.Normalization",
    "layers.preprocessing.discretization.Discretization",
    "layers.preprocessing.text_vectorization.TextVectorization",
    "layers.preprocessing.string_lookup.StringLookup",
    "layers.preprocessing.integer_lookup.IntegerLookup",
)
"""Layers that read data before training; whether they read it through an iterator is Keras's own business."""


def imported() -> List[str]:
    """Return the packages of Keras that were imported, TensorFlow's own copy where `tf.keras` is that."""
    copies = [COPY] if COPY + ".api" in sys.modules else []
    return [*(package for package in LIBRARIES if package in sys.modules), *copies]


def install(watcher: Watcher, package: str) -> None:
    """Put the wrappers around what a package of Keras has that was just imported."""
    calls = _Calls(watcher)
    wrapped = (
        (TRAINERS, "_maybe_symbolic_build", calls.look_ahead, True),
        *((MODELS, name, getattr(calls, name), True) for name in METHODS),
        (OPTIMIZERS, "apply_gradients", watcher.apply_gradients, False),
        (CALLBACKS, "on_epoch_begin", calls.begin_epoch, True),
        (ADAPTED, "adapt", calls.adapt, True),
        (("optimizers.base_optimizer.BaseOptimizer",), "apply", calls.apply, False),  # these two are of Keras 3
        (("backend.common.variables.Variable",), "__init__", calls.plan, True),
        (("backend.tensorflow.core.Variable",), "_initialize", calls.initialize, True),
    )
    if watcher.layers is not None:
        wrapped += ((LAYERS, "__call__", watcher.layers.call, True),)
    for places, name, wrapper, convert in wrapped:
        for place in places:
            for kind in _found(package, place):
                around(kind, name, wrapper, convert)
    if watcher.settle:
        bases = (*OPTIMIZERS, "optimizers.base_optimizer.BaseOptimizer")
        settle_optimizers(watcher.settle, [kind for place in bases for kind in _found(package, place)])
    for module in SAVING:
        for name, wrapper in FUNCTIONS.items():
            _replace(package, module, name, getattr(calls, wrapper))


def _replace(package: str, module: str, name: str, wrapper: Any) -> None:
    """Put a wrapper around a function, wherever in its package it was taken over from its module."""
    for folder in (package, package + ".src"):
        owner = sys.modules.get("{}.{}".format(folder, module))
        original = getattr(owner, name, None)
        if owner is not None and around(owner, name, wrapper):
            for other, found in list(sys.modules.items()):
                if (other + ".").startswith(package + ".") and vars(found).get(name) is original:
                    setattr(found, name, getattr(owner, name))


def _found(package: str, place: str) -> Iterator[Any]:
    """Yield the classes at a place of a package, below `src` or not; most releases have but some of them."""
    module, _, name = place.rpartition(".")
    for folder in (package, package + ".src"):
        found = getattr(sys.modules.get("{}.{}".format(folder, module)), name, None)
        if found is not None:
            yield found


class _Calls:
    """The wrappers, for one watcher."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    @property
    def _log(self) -> Any:
        return self._watcher.log

    def fit(self, original: Any, model: Any, *arguments: Any, **named: Any) -> Any:
        """See a training's history."""
        self._watcher.in_arrays = _are_arrays(arguments[0] if arguments else named.get("x"))
        with self._fitting(1):
            history = original(model, *arguments, **named)
        epochs = _by_epoch(getattr(history, "history", {})) if self._log.tier != INJECTED else ()
        for epoch, values in enumerate(epochs):
            self._log.write("history@{}".format(epoch), values)
        return history

    def train_on_batch(self, original: Any, model: Any, *arguments: Any, **named: Any) -> Any:
        """See a single step of training."""
        with self._fitting(1):
            return original(model, *arguments, **named)

    def begin_epoch(self, original: Any, callbacks: Any, *arguments: Any, **named: Any) -> Any:
        """See that an epoch begins."""
        self._log.new_epoch()
        return original(callbacks, *arguments, **named)

    def evaluate(self, original: Any, model: Any, *arguments: Any, **named: Any) -> Any:
        """See what an evaluation returns, unless it is one that `fit` makes."""
        return self._watched("evaluate", original, model, *arguments, **named)

    def predict(self, original: Any, model: Any, *arguments: Any, **named: Any) -> Any:
        """See what a prediction returns."""
        return self._watched("predict", original, model, *arguments, **named)

    predict_on_batch = predict

    def _watched(self, kind: str, original: Any, model: Any, *arguments: Any, **named: Any) -> Any:
        inside = self._watcher.fitting
        with self._log.quiet(), self._fitting(0):
            result = original(model, *arguments, **named)
        if not inside:
            self._log.numbered(kind, {path or "result": to_array(value) for path, value in flat(result).items()})
        return result

    @contextlib.contextmanager
    def _fitting(self, on: int) -> Iterator[None]:
        before, self._watcher.fitting = self._watcher.fitting, on
        self._watcher.calling += 1
        try:
            yield
        finally:
            self._watcher.fitting = before
            self._watcher.calling -= 1

    def save(self, original: Any, model: Any, *arguments: Any, **named: Any) -> Any:
        """See the weights that are saved with a model."""
        with self._watcher.exchanging("saved", lambda: self._weights(model)), self._fitting(0):
            return original(model, *arguments, **named)

    save_weights = save

    def load_weights(self, original: Any, model: Any, *arguments: Any, **named: Any) -> Any:
        """See the weights that were loaded."""
        with self._watcher.exchanging("loaded", lambda: self._weights(model)), self._fitting(0):
            return original(model, *arguments, **named)

    def load_model(self, original: Any, *arguments: Any, **named: Any) -> Any:
        """See the weights of a whole model that is loaded."""
        loaded: List[Any] = []
        with self._watcher.exchanging("loaded", lambda: self._weights(loaded[0])):
            loaded.append(original(*arguments, **named))
        return loaded[0]

    def _weights(self, model: Any) -> Dict[str, Any]:
        try:
            weights = model.weights
        except ValueError:  # they are not made yet, and loaded as they are made
            return {}
        # Counters that Keras keeps are none of a model's weights: not every release has them.
        floats = [innermost(weight) for weight in weights if is_float(innermost(weight))]
        variables = {self._watcher.variables.name(weight): weight for weight in floats}
        if tf.executing_eagerly():
            return read(variables)
        values: Dict[str, Any] = self._watcher.sessions.read(tf.compat.v1.keras.backend.get_session(), variables)
        return values

    def adapt(self, original: Any, layer: Any, *arguments: Any, **named: Any) -> Any:
        """Take what a layer reads of the data for no batch."""
        with self._log.quiet():
            return original(layer, *arguments, **named)

    look_ahead = adapt  # Keras 3 looks at a first batch to build a model for a strategy

    def apply(self, original: Any, optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
        """See Keras 3 apply gradients."""
        gradients = list(grads)
        variables = optimizer._trainable_variables if trainable_variables is None else list(trainable_variables)
        given = None if trainable_variables is None else variables
        return self._watcher.apply(
            optimizer, list(zip(gradients, variables)), lambda: original(optimizer, gradients, given)
        )

    def plan(self, original: Any, variable: Any, *arguments: Any, **named: Any) -> None:
        """See a variable of Keras 3 be wanted, which makes that of TensorFlow at once or later."""
        self._watcher.variables.planned(variable)
        original(variable, *arguments, **named)

    def initialize(self, original: Any, variable: Any, *arguments: Any, **named: Any) -> Any:
        """See a variable of Keras 3 make the one of TensorFlow that it wraps."""
        result = original(variable, *arguments, **named)
        self._watcher.variables.wrapped(variable)
        inner = innermost(variable)
        if inner is not None:
            self._watcher.made(inner)
        return result


def _are_arrays(x: Any) -> bool:
    """Tell whether inputs are given whole, and not by something that may give them but once."""
    return x is not None and all(isinstance(leaf, (np.ndarray, tf.Tensor)) for leaf in tf.nest.flatten(x))


def _by_epoch(history: Dict[str, List[Any]]) -> Iterator[Dict[str, Any]]:
    """Yield a history's values by epoch, float32: Keras hands them out as either, having computed in that."""
    for epoch in range(max(map(len, history.values()), default=0)):
        yield {name: np.float32(values[epoch]) for name, values in sorted(history.items()) if epoch < len(values)}
