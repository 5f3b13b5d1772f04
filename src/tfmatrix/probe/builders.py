"""Train what `build` returns, a Keras model, by `compile` and `fit` as its user would, watched from outside."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from . import effects, networks, optimizers
from .context import Setting
from .injected_step import run_injected_step
from .loading import PLACES, broken, needed, parameters, require_rows
from .outcomes import Unsupported, want_of
from .recorder import INJECTED, Recorder
from .watch import keras_calls
from .watch.layers import Layers
from .watch.log import Enough, Log
from .watch.structures import flat
from .watch.watcher import Watcher


class Fed(NamedTuple):
    """What `data` returned, as `fit` takes it."""

    x: Any
    y: Any = None
    sample_weight: Any = None

    @property
    def is_composite(self) -> bool:
        """Whether some of it is ragged or sparse: no array, but made of several."""
        leaves = [] if isinstance(self.x, tf.data.Dataset) else tf.nest.flatten(tuple(self))
        return any(isinstance(leaf, (tf.RaggedTensor, tf.SparseTensor)) for leaf in leaves)

    def batch(self, size: int) -> Tuple[Any, Any, Any]:
        """Return the first rows, or as many of a dataset's as an element has, as inputs, targets and weights."""
        if isinstance(self.x, tf.data.Dataset):
            element = networks.rows_of(self.x)
            parts = element if isinstance(element, tuple) else (element,)
            return (*parts, None, None)[:3]
        return tuple(  # type: ignore[return-value]
            tf.nest.map_structure(lambda array: array[:size], part) if part is not None else None for part in self
        )


def run_builder(model: ModuleType, setting: Setting) -> None:
    """Build, compile, fit, predict, save and load; then the model's own step from canonical state."""
    setting.engine.enter_keras()
    watcher = watch(Log(setting.recorder, tier=setting.tier), setting, Layers(setting.off) if setting.off else None)
    if setting.handed:
        watcher.start_from(setting.handed)
    fed = fed_to(model, setting)
    network = compiled(model, setting)
    targets = {} if fed.y is None else {"y": fed.y, "sample_weight": fed.sample_weight}
    network.fit(fed.x, **targets, **fit_arguments(model, fed))
    network.predict(fed.x, verbose=0, **predict_arguments(model, fed))
    watcher.finish()
    if watcher.log.step == 0:
        raise broken(model, "build", "fit ended and no update was seen, so it is not observed")
    if setting.tapped:
        with watcher.unseen():
            batch = fed.batch(batch_of(model))  # while the graph is there that a dataset was made in
        _reload(model, network, setting, watcher, batch[0])
        if setting.handed and not setting.off:  # the injected tier depends on no start
            return
        if fed.is_composite:
            watcher.log.note("ragged and sparse data have no canonical values: the injected tier was left out")
            return

        def make() -> Any:
            again = compiled(model, setting)
            _require_new(model, network, again)
            return again

        weights = getattr(model, "FIT", {}).get("class_weight")
        _start_over(setting, watcher, Log(setting.recorder, tier=INJECTED))
        run_injected_step(make, batch, weights, setting, watcher)


def _require_new(model: ModuleType, first: Any, second: Any) -> None:
    """Raise BadModel where what was trained before is built in again."""
    if first is second:
        raise broken(model, "build", "build must return a new model at each call, but returned one twice")
    if first.optimizer is second.optimizer:
        raise broken(model, "build", "build must compile with a new optimizer at each call, but took one twice")


def _reload(model: ModuleType, network: Any, setting: Setting, watcher: Watcher, inputs: Any) -> None:
    """Save the weights, and load them into a new network; where Keras fails at that, the training is no worse for it.

    Keras before 2.13 saves no adapted vocabulary, and 2.15 loads no weights into a model that scales its loss.
    """
    path = str(Path(setting.scratch) / setting.mode.keras_weights)
    try:
        network.save_weights(path)
        _start_over(setting, watcher, watcher.log)
        again = model.build()
        if not networks.is_built(again):
            again(inputs)
        again.load_weights(path)
    except Exception as error:
        if want_of(error):
            raise
        told = "the weights were not saved and loaded: {}: {}"
        watcher.log.note(told.format(type(error).__name__, str(error).partition("\n")[0]))


def _start_over(setting: Setting, watcher: Watcher, log: Log) -> None:
    """Let names begin anew, as in another process."""
    setting.restart(setting.seed)
    setting.engine.enter_keras()
    watcher.begin(log)


def record_effects(model: ModuleType, setting: Setting, paths: Sequence[str]) -> None:
    """Record the effects of layers, by the paths of their draws, once the first step of `fit` has shown their calls."""
    setting.engine.enter_keras()
    setting.tapped = False
    layers = Layers()
    watcher = watch(Log(Recorder(), steps=1), setting, layers)
    fed = given(model, setting)
    network = compiled(model, setting)
    targets = {} if fed.y is None else {"y": fed.y, "sample_weight": fed.sample_weight}
    with contextlib.suppress(Enough):
        network.fit(fed.x, **targets, **fit_arguments(model, fed))
    with watcher.unseen():
        effects.record_effects(layers, paths, setting.recorder)


def watch(log: Log, setting: Setting, layers: Optional[Layers] = None) -> Watcher:
    """Watch this process, in which TensorFlow and Keras were imported before."""
    watcher = Watcher(log, setting.tapped, setting.jitter, setting.equivalent, layers)
    watcher.install()
    for package in keras_calls.imported():
        keras_calls.install(watcher, package)
    return watcher


def compiled(model: ModuleType, setting: Setting) -> Any:
    """Return the network that `build` returns, compiled: by itself, or by the file's constants."""
    network = model.build()
    if not hasattr(network, "fit"):
        raise broken(
            model, "build", "build must return a Keras model, but returned a {}".format(type(network).__name__)
        )
    constants = ("OPTIMIZER", "LOSS")
    by_table = hasattr(model, PLACES)
    if networks.is_compiled(network):
        idle = [name.lower() for name in constants if by_table and hasattr(model, name)]
        if idle:
            raise broken(model, "", "build compiles the model, and the table sets {} too; leave it out".format(idle[0]))
        networks.choose(network, setting.mode)
        return network
    missing = [name for name in constants if not hasattr(model, name)]
    if missing:
        told = "build returns a model that is not compiled; compile it there, or write {} into the {}"
        names = " and ".join(missing)
        raise broken(model, "build", told.format(*((names.lower(), "table") if by_table else (names, "file"))))
    optimizer = model.OPTIMIZER
    if isinstance(optimizer, dict):
        optimizer = optimizers.make(setting.mode.keras_optimizers, model, dict)  # settled as it is made
    elif not isinstance(optimizer, str):  # one that was made with the file, which can train one network only
        optimizer = type(optimizer).from_config(optimizer.get_config())
    loss = networks.loss_of(model) if isinstance(model.LOSS, str) else model.LOSS
    networks.compile_network(network, setting.mode, optimizer, loss)
    return network


def fed_to(model: ModuleType, setting: Setting) -> Fed:
    """Return the data of a model, recorded, and jittered where the trial is; what a dataset has is seen as it comes."""
    fed = given(model, setting)
    if isinstance(fed.x, tf.data.Dataset):
        return fed
    return Fed(*(_jittered(part, name, setting) for name, part in zip(Fed._fields, fed)))


def given(model: ModuleType, setting: Setting) -> Fed:
    """Return the data of a model.

    `data` may return columns by name, among them ``x`` and ``y``; a tuple of inputs, targets and weights; or a dataset.
    """
    if not callable(model.data):
        raise broken(model, "data", "data must be a function")
    lacking = needed(model.data)
    if lacking not in ([], ["rng"]):
        raise broken(model, "data", "data must take (rng) or nothing, but takes ({})".format(", ".join(lacking)))
    takes_rng = "rng" in parameters(model.data)
    made = model.data(rng=np.random.RandomState(setting.seed)) if takes_rng else model.data()
    if isinstance(made, tf.data.Dataset):
        return Fed(made)
    if isinstance(made, Mapping) and "x" in made:
        unknown = sorted(set(made) - set(Fed._fields))
        if unknown:
            raise broken(model, "data", "data must return x, y and sample_weight, but returned {}".format(unknown[0]))
        fed = Fed(**made)
    elif isinstance(made, tuple) and 1 <= len(made) <= 3:
        fed = Fed(*made)
    else:
        told = "data must return a dict with x and y, a tuple (x, y) or a tf.data.Dataset, but returned a {}"
        raise broken(model, "data", told.format(type(made).__name__))
    _require_arrays(model, fed)
    if not tf.executing_eagerly() and any(tf.is_tensor(leaf) for leaf in tf.nest.flatten(tuple(fed))):
        raise Unsupported("data returns tensors, which have no values in a graph; arrays have")
    # What is TensorFlow's own stays so: Keras 3 takes no strings, say, of NumPy's.
    fed = Fed(*(tf.nest.map_structure(lambda one: one if one is None or tf.is_tensor(one) else np.asarray(one), fed)))
    if not fed.is_composite:
        require_rows(model, {path: np.asarray(one) for path, one in flat(fed).items()})
    return fed


def _require_arrays(model: ModuleType, fed: Fed) -> None:
    """Raise BadModel where a part is a list of numbers or words: Keras 3 takes each of them for an input."""
    for name, part in zip(Fed._fields, fed):
        if any(isinstance(leaf, (int, float, str)) for leaf in tf.nest.flatten(part)):
            told = "data returns {} as a list of numbers or words; return an array, as numpy.asarray makes it"
            raise broken(model, "data", told.format(name))


def _jittered(part: Any, name: str, setting: Setting) -> Any:
    """Record a part of the data, and return it with its floats moved where the trial is jittered."""
    if part is None:
        return None
    arrays = {path: np.asarray(one) for path, one in flat(Fed(**{"x": None, name: part})).items()}
    setting.recorder.record_all(setting.tier, "data", arrays)
    if not setting.jitter or Fed(part).is_composite:
        return part
    moved = iter(setting.jittered("data", arrays).items())

    def chosen(one: Any) -> Any:
        path, array = next(moved)
        return one if array is arrays[path] else array

    return tf.nest.map_structure(chosen, part)


def batch_of(model: ModuleType) -> int:
    """Return the rows of a batch: the file's BATCH, or Keras's default."""
    return int(getattr(model, "BATCH", 32))


def batch_size(model: ModuleType, fed: Fed) -> Dict[str, Any]:
    """Return the argument that says so, which a dataset must not have."""
    return {} if isinstance(fed.x, tf.data.Dataset) else {"batch_size": batch_of(model)}


def predict_arguments(model: ModuleType, fed: Fed) -> Dict[str, Any]:
    """Return the other arguments of `predict`: a dataset that goes on for ever is used for as long as an epoch."""
    steps = getattr(model, "FIT", {}).get("steps_per_epoch")
    return {**batch_size(model, fed), **({"steps": steps} if steps and isinstance(fed.x, tf.data.Dataset) else {})}


def fit_arguments(model: ModuleType, fed: Fed) -> Dict[str, Any]:
    """Return the other arguments of `fit`: the file's EPOCHS, BATCH and FIT."""
    return {
        "epochs": getattr(model, "EPOCHS", 1),
        "verbose": 0,
        **batch_size(model, fed),
        **getattr(model, "FIT", {}),
    }
