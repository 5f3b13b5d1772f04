"""Sides: what a format is written from and read into, a Keras network or a functional model with its optimizer.

Each side tells its weights, its optimizer's slots and its predictions by the same names, whoever made it: a format is
judged by what comes back under these names.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Dict, List, Mapping

import numpy as np

from . import canonical, optimizers
from .context import Setting
from .functional import Functional, batches
from .loading import mapping, rows_of
from .networks import assign, compile_network, loss_of, named_variables, values

EPOCHS = 2
"""Epochs of training before writing: enough that no weight, bias or slot is what it began as."""


def inputs(model: ModuleType) -> Dict[str, np.ndarray]:
    """Return one batch to predict from: canonical where a column is of floats, else the model's own under a seed."""
    rows = rows_of(model, model.data(np.random.RandomState(0)))
    batch = {name: array[: model.BATCH] for name, array in rows.items()}
    return {
        name: canonical.uniform("exchange/" + name, a.shape, a.dtype) if canonical.is_float(a.dtype) else a
        for name, a in batch.items()
    }


def strange(name: str, array: np.ndarray) -> np.ndarray:
    """Return an array like one, of values that no training gives: what was not loaded is known by them."""
    if canonical.is_float(array.dtype):
        return canonical.uniform("strange/" + name, array.shape, array.dtype)
    return np.asarray(array + 1001, array.dtype)


class Network:
    """A Keras network, compiled, with its optimizer."""

    def __init__(self, model: ModuleType, setting: Setting) -> None:
        self.model = model
        self.mode = setting.mode
        self.engine = setting.engine
        self.engine.enter_keras()
        self.network: Any = None

    def build(self, optimizer: bool = True) -> None:
        """Build the network; with an optimizer, compile it and make the slots."""
        self.network = self.model.build()
        if optimizer:
            self._compile()

    def _compile(self) -> None:
        optimizer = optimizers.make(self.mode.keras_optimizers, self.model, dict)
        loss_of(self.model)  # which says it where no release has it
        compile_network(self.network, self.mode, optimizer, self.model.LOSS)
        optimizers.build(self.network.optimizer, list(self.network.trainable_variables))

    def train(self, rows: Mapping[str, np.ndarray]) -> None:
        """Train as a user does."""
        self.network.fit(rows["x"], rows["y"], batch_size=self.model.BATCH, epochs=EPOCHS, verbose=0)

    def weights(self) -> Dict[str, np.ndarray]:
        """Return the weights as ``layer/variable``."""
        return values(named_variables(self.network))

    def slots(self) -> Dict[str, np.ndarray]:
        """Return the optimizer's slots as ``layer/variable/slot``; nothing where it has none to train on with."""
        return values(self._slot_variables())

    def _slot_variables(self) -> Dict[str, Any]:
        optimizer = getattr(self.network, "optimizer", None)
        if optimizer is None:
            return {}
        # Some releases restore slots when they are made: what training would go on with stands there only then.
        optimizers.build(optimizer, list(self.network.trainable_variables))
        trainable = {id(v) for v in self.network.trainable_variables}
        trained = {n: v for n, v in named_variables(self.network).items() if id(v) in trainable}
        try:
            found = optimizers.slots(self.model.OPTIMIZER, optimizer, trained)
        except (AttributeError, IndexError, KeyError):  # it says that it is built, and has none
            found = {}
        return dict(found, iterations=optimizer.iterations)

    def fresh_slots(self) -> Dict[str, np.ndarray]:
        """Return the slots of a new optimizer with the settings of this one, for the same variables."""
        optimizer = getattr(self.network, "optimizer", None)
        if optimizer is None:
            return {}
        kept, self.network.optimizer = optimizer, type(optimizer).from_config(optimizer.get_config())
        try:
            return self.slots()
        finally:
            self.network.optimizer = kept

    def estrange(self) -> Dict[str, Dict[str, np.ndarray]]:
        """Set weights and slots to strange values, and return these."""
        for variables in (named_variables(self.network), self._slot_variables()):
            assign(variables, {name: strange(name, a) for name, a in values(variables).items()})
        return {"weights": self.weights(), "slots": self.slots()}

    def predict(self, batch: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """Return the network's predictions."""
        return {"output": self.network.predict(batch["x"], batch_size=self.model.BATCH, verbose=0)}


class Programs:
    """A functional model under an engine, with its optimizer."""

    def __init__(self, model: ModuleType, setting: Setting) -> None:
        self.model = model
        self.engine = setting.engine
        self.program = Functional(model, setting.engine, setting)

    def build(self, optimizer: bool = True) -> None:
        """Make the variables, the optimizer and its slots."""
        assert optimizer  # no format of these models is read without one
        self.engine.create(lambda: mapping(self.model, "variables", self.model.variables()))
        self.program.make_optimizer()
        self.engine.prebuild(self.program.train_step, batch=inputs(self.model))

    def train(self, rows: Mapping[str, np.ndarray]) -> None:
        """Train as a user does."""
        step = self.engine.compile(self.program.train_step)
        order = np.arange(len(next(iter(rows.values()))))
        for batch in batches(rows, order, self.model.BATCH) * EPOCHS:
            step(batch=batch)

    def weights(self) -> Dict[str, np.ndarray]:
        """Return the model's variables."""
        return dict(self.engine.read(self.engine.variables))

    def slots(self) -> Dict[str, np.ndarray]:
        """Return the optimizer's slots by the names that the engine has for them."""
        return dict(self.engine.read(self._slot_variables()))

    def _slot_variables(self) -> Dict[str, Any]:
        return dict(self.engine.optimizer_state(self.program.optimizer, self.program.slots))

    def estrange(self) -> Dict[str, Dict[str, np.ndarray]]:
        """Set weights and slots to strange values, and return these."""
        for variables in (self.engine.variables, self._slot_variables()):
            self.engine.load(variables, {n: strange(n, a) for n, a in self.engine.read(variables).items()})
        return {"weights": self.weights(), "slots": self.slots()}

    def predict(self, batch: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        """Return what the model predicts."""
        predicted = self.engine.compile(self.program.predict)(batch=batch)
        return {name.partition("/")[2]: array for name, array in predicted.items()}


class Found:
    """What a file gave whole, without the model's Python: variables by name, and a function that predicts."""

    def __init__(
        self, variables: Mapping[str, Any], predict: Any, read: Any, weights: List[str], keeping: Any = None
    ) -> None:
        """Take also what must live as long: a loaded function does not keep its variables alive itself."""
        self._variables = dict(variables)
        self._read = read
        self._weights = weights
        self._keeping = keeping
        self.predict = predict

    def weights(self) -> Dict[str, np.ndarray]:
        """Return the variables that are the model's."""
        return dict(self._read({n: v for n, v in self._variables.items() if n in self._weights}))

    def slots(self) -> Dict[str, np.ndarray]:
        """Return the variables that are the optimizer's."""
        return dict(self._read({n: v for n, v in self._variables.items() if n not in self._weights}))

    def fresh_slots(self) -> Dict[str, np.ndarray]:
        """Return nothing: there is no optimizer here to make another of."""
        return {}
