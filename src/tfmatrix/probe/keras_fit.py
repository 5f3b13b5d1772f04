"""Run a model that `build` returns through Keras's own `compile` and `fit`, and observe it without changing it.

What the loop feeds is seen by the engine's watch on the targets inside the loss: it works in Keras 2 and 3, in a
`tf.function`, compiled by XLA too, and in a v1 graph, and the arithmetic around it stays what it was. The targets,
weights and slots are read between batches by a callback.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, List, Mapping, NamedTuple

import numpy as np
import tensorflow as tf

from . import optimizers
from .context import Setting
from .engines import keras_major
from .functional import Functional, batches
from .injected import run_injected
from .loading import broken
from .modes import Mode
from .names import LOSSES, Misspelt, absent
from .outcomes import Unsupported
from .recorder import NATIVE


def named_variables(network: Any) -> Dict[str, Any]:
    """Return the network's variables as ``layer/variable``, the names the same in Keras 2 and 3."""
    named: Dict[str, Any] = {}
    for layer in network.layers:
        for variable in layer.weights:
            short = "{}/{}".format(layer.name, variable.name.split("/")[-1].split(":")[0])
            name, number = short, 1
            while name in named:  # a layer made of layers: kernel, kernel.2, ...
                number += 1
                name = "{}.{}".format(short, number)
            named[name] = variable
    return named


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


def initial_weights(model: ModuleType, setting: Setting) -> Dict[str, np.ndarray]:
    """Draw the weights of a new network."""
    setting.engine.enter_keras()
    return values(named_variables(model.build()))


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


def run_fit(model: ModuleType, setting: Setting) -> None:
    """Build, compile, fit, predict, save and load; then every deterministic stage from canonical inputs."""
    setting.engine.enter_keras()
    recorder = setting.recorder
    drawn = setting.rows(model)
    rows = setting.jittered("data", drawn)
    network = model.build()
    initial = values(named_variables(network))
    recorder.record_all(NATIVE, "init", initial)
    if setting.jitter:
        assign(named_variables(network), setting.jittered("init", initial))
    _fit(model, network, rows, setting)
    predicted = network.predict(rows["x"], batch_size=model.BATCH, verbose=0)
    recorder.record(NATIVE, "predict/output", predicted)
    _record_reload(model, network, setting)
    batch = {name: array[: model.BATCH] for name, array in drawn.items()}
    output = {"forward/output": predicted[: model.BATCH]}
    run_injected(KerasProgram(model, network, setting), batch, output, setting)


def _fit(model: ModuleType, network: Any, rows: Mapping[str, np.ndarray], setting: Setting) -> None:
    watched, passed = setting.engine.watch(model.BATCH)
    plain = loss_of(model)

    def loss(y_true: Any, y_pred: Any) -> Any:
        return plain(watched(y_true), y_pred)

    optimizer = optimizers.make(setting.mode.keras_optimizers, model, setting.jittered_settings)
    compile_network(network, setting.mode, optimizer, loss)
    log = StepLog(model.OPTIMIZER, passed)
    network.fit(rows["x"], rows["y"], batch_size=model.BATCH, epochs=model.EPOCHS, verbose=0, callbacks=[log])
    recorder = setting.recorder
    per_epoch = len(batches(rows, np.arange(len(rows["y"])), model.BATCH))
    for number, step in enumerate(log.steps):
        if number % per_epoch == 0:
            order = row_order(rows["y"], [one.targets for one in log.steps[number : number + per_epoch]])
            recorder.record(NATIVE, "shuffle@{}".format(number // per_epoch), order)
        recorder.record(NATIVE, "batch@{}/y".format(number), step.targets)
        recorder.record(NATIVE, "loss@{}/running".format(number), step.loss)
        recorder.record_all(NATIVE, "slots@{}".format(number), step.slots)
        recorder.record_all(NATIVE, "weights@{}".format(number), step.weights)


def row_order(targets: np.ndarray, batches_seen: List[np.ndarray]) -> np.ndarray:
    """Return which row each target seen belongs to, -1 where none has it; the targets are distinct."""
    position = {row.tobytes(): number for number, row in enumerate(np.asarray(targets))}
    return np.array([position.get(row.tobytes(), -1) for batch in batches_seen for row in batch])


class Step(NamedTuple):
    """What stands after one batch."""

    targets: np.ndarray
    loss: np.ndarray
    """The running mean that Keras reports."""
    slots: Dict[str, np.ndarray]
    weights: Dict[str, np.ndarray]


class StepLog(tf.keras.callbacks.Callback):  # type: ignore[misc]  # the host has no TensorFlow to know the base by
    """Keeps what Keras shows between batches: the targets it fed, its running loss, the slots and the weights."""

    def __init__(self, optimizer: Mapping[str, Any], targets: Callable[[], np.ndarray]) -> None:
        super().__init__()
        self.targets = targets
        self.specification = optimizer
        self.steps: List[Step] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Copy the targets, the loss, the slots and the weights."""
        del batch
        named = named_variables(self.model)
        trainable = {id(v) for v in self.model.trainable_variables}
        trained = {n: v for n, v in named.items() if id(v) in trainable}
        slots = optimizers.slots(self.specification, self.model.optimizer, trained)
        running = np.float32((logs or {})["loss"])  # computed in float32, and then handed out as either
        self.steps.append(Step(self.targets(), np.asarray(running), values(slots), values(named)))


def _record_reload(model: ModuleType, network: Any, setting: Setting) -> None:
    """Save the weights, load them into a new network, and record what it then holds."""
    # Keras 3 wants `.weights.h5`; Keras 2 takes that for a format of its own that it cannot write from a v1 graph.
    path = str(Path(setting.scratch) / setting.mode.keras_weights)
    network.save_weights(path)
    again = model.build()
    again.load_weights(path)
    # The two networks' layers bear the same names, given by the model file.
    setting.recorder.record_all(NATIVE, "loaded", values(named_variables(again)))


class KerasProgram(Functional):
    """A Keras network as a functional model: one output, the loss by its name, a fresh optimizer."""

    def __init__(self, model: ModuleType, network: Any, setting: Setting) -> None:
        named = named_variables(network)
        trainable = {id(v) for v in network.trainable_variables}
        engine = setting.engine.sibling()  # in a graph it knows the variables that Keras has initialised
        super().__init__(model, engine, setting)
        self.made_by = setting.mode.keras_optimizers
        self.network = network
        self.statistics = tuple(n for n, v in named.items() if id(v) not in trainable)
        # A Keras 3 variable wraps the tf.Variable that engines and optimizers know.
        engine.variables = {n: v.value if keras_major() >= 3 else v for n, v in named.items()}

    def forward(self, batch: Mapping[str, Any], dropout: Any) -> Dict[str, Any]:
        """Return the network's output."""
        del dropout
        return {"output": self.network(batch["x"], training=False)}

    def loss(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> Any:
        """Return the mean of the named loss over the batch."""
        return tf.reduce_mean(loss_of(self.model)(batch["y"], outputs["output"]))
