"""Train what `build` returns, a Keras model, by `compile` and `fit` as its user would, watched from outside."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Mapping, NamedTuple, Tuple

import numpy as np
import tensorflow as tf

from . import networks, optimizers
from .context import Setting
from .injected_step import run_injected_step
from .loading import broken, rows_of
from .recorder import INJECTED
from .watch import keras_calls
from .watch.jitter import Jitter
from .watch.log import Log
from .watch.watcher import Watcher

LIBRARIES = ("keras", "tf_keras")


class Fed(NamedTuple):
    """What `data` returned, as `fit` takes it."""

    x: Any
    y: Any = None
    sample_weight: Any = None

    def batch(self, size: int) -> Tuple[Any, Any, Any]:
        """Return the first rows, or the first element of a dataset, as inputs, targets and weights."""
        if isinstance(self.x, tf.data.Dataset):
            element = networks.first_element(self.x)
            parts = element if isinstance(element, tuple) else (element,)
            return (*parts, None, None)[:3]
        return tuple(  # type: ignore[return-value]
            tf.nest.map_structure(lambda array: array[:size], part) if part is not None else None for part in self
        )


def run_builder(model: ModuleType, setting: Setting) -> None:
    """Build, compile, fit, predict, save and load; then the model's own step from canonical state."""
    setting.engine.enter_keras()
    watcher = watch(Log(setting.recorder, tier=setting.tier), setting)
    if setting.handed:
        watcher.start_from(setting.handed)
    fed = fed_to(model, setting)
    network = compiled(model, setting)
    targets = {} if fed.y is None else {"y": fed.y, "sample_weight": fed.sample_weight}
    network.fit(fed.x, **targets, **fit_arguments(model, fed))
    network.predict(fed.x, verbose=0, **batch_size(model, fed))
    watcher.finish()
    if watcher.log.step == 0:
        raise broken(model, "build", "fit ended and no update was seen, so it is not observed")
    if setting.tapped:
        _reload(model, network, setting, watcher, fed)
    if setting.tapped and not setting.handed:
        _start_over(setting, watcher, Log(setting.recorder, tier=INJECTED))
        run_injected_step(lambda: compiled(model, setting), fed.batch(batch_of(model)), setting, watcher)


def _reload(model: ModuleType, network: Any, setting: Setting, watcher: Watcher, fed: Fed) -> None:
    """Save the weights, and load them into a new network."""
    path = str(Path(setting.scratch) / setting.mode.keras_weights)
    network.save_weights(path)
    _start_over(setting, watcher, watcher.log)
    again = model.build()
    if not again.weights:
        again(fed.batch(1)[0])
    again.load_weights(path)


def _start_over(setting: Setting, watcher: Watcher, log: Log) -> None:
    """Let names begin anew, as in another process."""
    setting.restart(setting.seed)
    setting.engine.enter_keras()
    watcher.begin(log)


def watch(log: Log, setting: Setting) -> Watcher:
    """Watch this process, in which TensorFlow and Keras were imported before."""
    watcher = Watcher(log, setting.tapped, Jitter(setting.jitter) if setting.jitter else None)
    watcher.install()
    for package in LIBRARIES:
        if package in sys.modules:
            keras_calls.install(watcher, package)
    return watcher


def initial_weights(model: ModuleType, setting: Setting) -> Dict[str, np.ndarray]:
    """Draw the weights of a new network, under the names that a trial gives them."""
    setting.engine.enter_keras()
    network = model.build()
    if not network.weights:
        network(fed_to(model, setting).batch(1)[0])
    return networks.values(networks.named_like_watched(network))


def compiled(model: ModuleType, setting: Setting) -> Any:
    """Return the network that `build` returns, compiled: by itself, or by the file's constants."""
    network = model.build()
    if not hasattr(network, "fit"):
        raise broken(
            model, "build", "build must return a Keras model, but returned a {}".format(type(network).__name__)
        )
    if networks.is_compiled(network):
        return network
    missing = [name for name in ("OPTIMIZER", "LOSS") if not hasattr(model, name)]
    if missing:
        told = "build returns a model that is not compiled; compile it there, or write {} into the file"
        raise broken(model, "build", told.format(" and ".join(missing)))
    optimizer = model.OPTIMIZER
    if isinstance(optimizer, dict):
        optimizer = optimizers.make(setting.mode.keras_optimizers, model, setting.jittered_settings)
    loss = networks.loss_of(model) if isinstance(model.LOSS, str) else model.LOSS
    networks.compile_network(network, setting.mode, optimizer, loss)
    return network


def fed_to(model: ModuleType, setting: Setting) -> Fed:
    """Return the data of a model, recorded, and jittered where the trial is.

    `data` may return columns by name, among them ``x`` and ``y``; a tuple of inputs, targets and weights; or a dataset.
    """
    if not inspect.isfunction(model.data):
        raise broken(model, "data", "data must be a function")
    taken = list(inspect.signature(model.data).parameters)
    if taken not in ([], ["rng"]):
        raise broken(model, "data", "data must take (rng) or nothing, but takes ({})".format(", ".join(taken)))
    made = model.data(np.random.RandomState(setting.seed)) if taken else model.data()
    if isinstance(made, tf.data.Dataset):
        return Fed(made)
    if isinstance(made, Mapping) and "x" in made:
        rows = rows_of(model, made)
        unknown = sorted(set(rows) - set(Fed._fields))
        if unknown:
            raise broken(model, "data", "data must return x, y and sample_weight, but returned {}".format(unknown[0]))
        fed = Fed(**rows)
    elif isinstance(made, tuple) and 1 <= len(made) <= 3:
        fed = Fed(*made)
    else:
        told = "data must return a dict with x and y, a tuple (x, y) or a tf.data.Dataset, but returned a {}"
        raise broken(model, "data", told.format(type(made).__name__))
    return Fed(*(_jittered(part, name, setting) for name, part in zip(Fed._fields, fed)))


def _jittered(part: Any, name: str, setting: Setting) -> Any:
    """Record a part of the data, and return it with its floats moved where the trial is jittered."""
    if part is None:
        return None
    flat = {"/".join(filter(None, (name, path))): np.asarray(array) for path, array in networks.by_path(part).items()}
    setting.recorder.record_all(setting.tier, "data", flat)
    moved = iter(setting.jittered("data", flat).values())
    return tf.nest.map_structure(lambda _: next(moved), part)


def batch_of(model: ModuleType) -> int:
    """Return the rows of a batch: the file's BATCH, or Keras's default."""
    return int(getattr(model, "BATCH", 32))


def batch_size(model: ModuleType, fed: Fed) -> Dict[str, Any]:
    """Return the argument that says so, which a dataset must not have."""
    return {} if isinstance(fed.x, tf.data.Dataset) else {"batch_size": batch_of(model)}


def fit_arguments(model: ModuleType, fed: Fed) -> Dict[str, Any]:
    """Return the other arguments of `fit`: the file's EPOCHS, BATCH and FIT."""
    return {
        "epochs": getattr(model, "EPOCHS", 1),
        "verbose": 0,
        **batch_size(model, fed),
        **getattr(model, "FIT", {}),
    }
