"""Run a model written as functions of tensors natively: train, predict, save and load as a user would."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np
import tensorflow as tf

from . import optimizers
from .context import Setting
from .loading import broken, mapping
from .recorder import NATIVE

STAGE_KEYS = ("dropout/", "statistics/")
"""Outputs of ``forward`` under these names belong to that stage and not to ``forward``."""

Program = Tuple[Dict[str, Any], List[Any]]
"""What a program gives to its engine: the tensors to observe, and the operations that change variables."""


class Functional:
    """A functional model under one engine: its variables, its optimizer and its programs."""

    def __init__(self, model: ModuleType, engine: Any, setting: Setting) -> None:
        self.model = model
        self.engine = engine
        self.made_by = setting.mode.optimizers
        self._setting = setting
        self.settle = setting.settle
        self.statistics = tuple(getattr(model, "STATISTICS", ()))
        self.optimizer: Any = None

    def wider(self) -> Functional:
        """Return the same model with variables of its own, those of float32 as float64."""
        engine = self.engine.sibling()
        values = self.engine.read(self.engine.variables)
        wide = {n: a.astype(np.float64) if a.dtype == np.float32 else a for n, a in values.items()}
        with tf.compat.v1.variable_scope("float64"):
            engine.create(lambda: {name: tf.constant(value) for name, value in wide.items()})
        return Functional(self.model, engine, self._setting)

    @property
    def trained(self) -> Dict[str, Any]:
        """The variables that gradients reach: all but the running statistics."""
        return {n: v for n, v in self.engine.variables.items() if n not in self.statistics}

    def make_optimizer(self) -> None:
        """Make a fresh optimizer of the model's specification for the present variables."""
        self.optimizer = optimizers.make(self.made_by, self.model, self.settle)
        optimizers.build(self.optimizer, list(self.trained.values()))

    def slots(self) -> Dict[str, Any]:
        """Return the optimizer's slot variables as ``variable/slot``."""
        return optimizers.slots(self.model.OPTIMIZER, self.optimizer, self.trained)

    def forward(self, batch: Mapping[str, Any], dropout: Any) -> Dict[str, Any]:
        """Return the model's outputs; ``dropout`` is None where it predicts."""
        outputs = self.model.forward(self.engine.variables, batch, dropout)
        return mapping(self.model, "forward", outputs)

    def loss(self, outputs: Mapping[str, Any], batch: Mapping[str, Any]) -> Any:
        """Return the scalar that training makes small."""
        return self.model.loss(outputs, batch)

    def train_step(self, batch: Mapping[str, Any]) -> Program:
        """One step of training, as a program."""
        dropout: Dict[str, Any] = {}
        if hasattr(self.model, "dropout"):
            dropout = mapping(self.model, "dropout", self.model.dropout(batch))

        def forward() -> Dict[str, Any]:
            outputs = self.forward(batch, dropout)
            return {"outputs": outputs, "target": self.loss(outputs, batch)}

        sources = self.trained
        result, gradients = self.engine.differentiate(forward, sources)
        observed = joined(
            named("dropout", dropout),
            named("forward", result["outputs"]),
            {"loss": result["target"]},
            named_gradients("gradient", gradients),
        )
        after = list(observed.values())
        pairs = [(gradient, sources[name]) for name, gradient in gradients.items()]
        operations = [self.engine.apply(self.optimizer, pairs, after)]
        for name in self.statistics:
            if "statistics/" + name not in observed:
                raise broken(self.model, "forward", "forward returns no statistics/{} in training".format(name))
            moved = observed["statistics/" + name]
            operations.append(self.engine.assign(self.engine.variables[name], moved, after))
        return observed, operations

    def predict(self, batch: Mapping[str, Any]) -> Program:
        """Prediction, as a program."""
        outputs = self.forward(batch, None)
        return named("predict", {n: v for n, v in outputs.items() if not n.startswith(STAGE_KEYS)}), []


def named(stage: str, values: Mapping[str, Any]) -> Dict[str, Any]:
    """Put a stage's name in front of names that carry none."""
    return {n if n.startswith(STAGE_KEYS) else "{}/{}".format(stage, n): v for n, v in values.items()}


def joined(*parts: Mapping[str, Any]) -> Dict[str, Any]:
    """Return one dict of several; raise ValueError where two have a name in common, so that none is lost."""
    whole: Dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if name in whole:
                raise ValueError("two tensors are named {}".format(name))
            whole[name] = value
    return whole


def named_gradients(stage: str, gradients: Mapping[str, Any]) -> Dict[str, Any]:
    """Put a stage's name in front of gradients'; a sparse one becomes ``name.indices`` and ``name.values``."""
    found: Dict[str, Any] = {}
    for source, gradient in gradients.items():
        name = "{}/{}".format(stage, source)
        if isinstance(gradient, tf.IndexedSlices):
            found[name + ".indices"], found[name + ".values"] = gradient.indices, gradient.values
        else:
            found[name] = gradient
    return found


def at_step(name: str, step: int) -> str:
    """Return ``gradient/dense/kernel`` as ``gradient@3/dense/kernel``."""
    stage, slash, rest = name.partition("/")
    return "{}@{}{}{}".format(stage, step, slash, rest)


def batches(rows: Mapping[str, np.ndarray], order: np.ndarray, size: int) -> List[Dict[str, np.ndarray]]:
    """Return the rows in an order, cut into batches; the last may be smaller."""
    cuts = range(0, len(order), size)
    return [{name: array[order[at : at + size]] for name, array in rows.items()} for at in cuts]


def run_native(program: Functional, rows: Dict[str, np.ndarray], setting: Setting) -> Dict[str, np.ndarray]:
    """Train, predict, save and load, recording every stage; return what the first step observed."""
    engine, model, recorder = program.engine, program.model, setting.recorder
    engine.create(lambda: mapping(model, "variables", model.variables()))
    unknown = set(program.statistics) - set(engine.variables)
    if unknown:
        raise broken(model, "STATISTICS", "there is no variable {}".format(", ".join(sorted(unknown))))
    initial = engine.read(engine.variables)
    recorder.record_all(NATIVE, "init", initial)
    if setting.jitter:
        engine.load(engine.variables, setting.jittered("init", initial))
    program.make_optimizer()
    first = _train(program, rows, setting)
    predict = engine.compile(program.predict)
    for name, value in predict(batch=rows).items():
        recorder.record(NATIVE, name, value)
    saved, restore = engine.save(str(Path(setting.scratch) / "weights"))
    recorder.record_all(NATIVE, "saved", saved)
    engine.load(engine.variables, {name: np.zeros_like(a) for name, a in saved.items()})
    restore()
    recorder.record_all(NATIVE, "loaded", engine.read(engine.variables))
    return first


def _train(program: Functional, rows: Dict[str, np.ndarray], setting: Setting) -> Dict[str, np.ndarray]:
    """Run every epoch, recording each step's stages in the chain's order; return what the first one observed."""
    engine, model, recorder = program.engine, program.model, setting.recorder
    step = engine.compile(program.train_step)
    first: Dict[str, np.ndarray] = {}
    number = 0
    weights = engine.read(engine.variables)
    for epoch in range(model.EPOCHS):
        # The shuffle that the usual advice names: a seeded NumPy permutation.
        order = np.random.permutation(len(next(iter(rows.values()))))
        recorder.record(NATIVE, "shuffle@{}".format(epoch), order)
        for batch in batches(rows, order, model.BATCH):
            recorder.record_all(NATIVE, "batch@{}".format(number), batch)
            observed = step(batch=batch)
            for name, value in observed.items():
                recorder.record(NATIVE, at_step(name, number), value)
            before, weights = weights, engine.read(engine.variables)
            moved = {name: weights[name] - before[name] for name in program.trained}
            recorder.record_all(NATIVE, "update@{}".format(number), moved)
            recorder.record_all(NATIVE, "slots@{}".format(number), engine.read(program.slots()))
            recorder.record_all(NATIVE, "weights@{}".format(number), weights)
            first = first or observed
            number += 1
    return first
