"""The injected tier: every deterministic stage once, from canonical inputs, so that each finding stands alone."""

from __future__ import annotations

from typing import Any, Dict, Mapping

import numpy as np

from . import optimizers
from .canonical import depths, gradients_like, is_float, signed, slots_like, uniform
from .context import Setting
from .functional import Functional, Program, joined, named, named_gradients
from .recorder import INJECTED

STEP = 3
"""The optimizer's step that an update pretends to be: late enough for bias correction to matter."""

Arrays = Mapping[str, np.ndarray]


def run_injected(program: Functional, batch: Arrays, observed: Arrays, setting: Setting) -> None:
    """Run forward, loss, gradient, predict, update and slots.

    ``batch`` holds rows of the model's data; ``observed`` what a step of training observed, for the names, shapes and
    dtypes of its outputs (``forward/...``) and masks (``dropout/...``).
    """
    engine = program.engine
    load_weights(program, setting)
    outputs = _floats(_under("forward/", observed))
    inputs = {
        "batch": setting.jittered("batch", batch),
        "dropout": {n: _mask(n, a) for n, a in _under("dropout/", observed).items()},
        "outputs": _uniform("outputs", outputs, setting),
        "upstream": _uniform("upstream", outputs, setting),
    }
    setting.recorder.record_all(INJECTED, "batch", inputs["batch"])
    found = engine.compile(lambda **groups: stages(program, **groups))(**inputs)
    for name, value in found.items():
        setting.recorder.record(INJECTED, name, value)
    _run_update(program, _under("gradient/", found), setting)


def load_weights(program: Functional, setting: Setting) -> None:
    """Have a model's variables hold canonical values."""
    engine = program.engine
    weights = _uniform("weights", engine.read(engine.variables), setting)
    for name in program.statistics:  # a running variance is positive
        weights[name] = np.abs(weights[name]) + np.asarray(0.5, weights[name].dtype)
    engine.load(engine.variables, weights)


def load_slots(program: Functional, setting: Setting) -> np.ndarray:
    """Have an optimizer's slots hold canonical values, and its counter STEP; return its terms in Keras's."""
    engine, slots = program.engine, program.slots()
    terms = np.asarray(optimizers.in_keras_terms(program.model.OPTIMIZER, program.optimizer))
    given = setting.jittered("slots", slots_like(engine.read(slots), optimizers.SQUARED))
    engine.load(slots, {name: array / terms.astype(array.dtype) for name, array in given.items()})
    optimizers.set_step(program.optimizer, STEP, engine)
    return terms


def stages(program: Functional, batch: Any, dropout: Any, outputs: Any, upstream: Any) -> Program:
    """Run the stages before the update, each from inputs of its own, as one program."""
    engine = program.engine

    def forward() -> Dict[str, Any]:
        results = program.forward(batch, dropout)
        return {"outputs": results, "target": [results[name] for name in upstream]}

    def loss() -> Dict[str, Any]:
        return {"target": program.loss(outputs, batch)}

    result, gradients = engine.differentiate(forward, program.trained, list(upstream.values()))
    reached, output_gradients = engine.differentiate(loss, outputs)
    return joined(
        named("forward", result["outputs"]),
        {"loss": reached["target"]},
        named_gradients("loss/gradient", output_gradients),
        named_gradients("gradient", gradients),
        program.predict(batch)[0],
    ), []


def _run_update(program: Functional, gradients: Arrays, setting: Setting) -> None:
    """Apply canonical gradients, of the names, shapes and indices given, to canonical weights and slots."""
    engine, recorder = program.engine, setting.recorder
    program.make_optimizer()

    def update(gradient: Any) -> Program:
        return {}, [engine.apply(program.optimizer, optimizers.pairs(gradient, program.trained), [])]

    applied = engine.compile(update)
    like = engine.read(program.trained)
    gradient = setting.jittered("gradient", gradients_like(gradients, like))
    applied(gradient=gradient)  # v1 optimizers make their slots when first applied: do so, then start over
    # Some weights are so small that the update's own bits show, others so large that weight decay does.
    weights = {n: signed("update/" + n, depths("update/" + n, a.shape), a.dtype) for n, a in like.items()}
    before = setting.jittered("update", weights)
    engine.load(program.trained, before)
    terms = load_slots(program, setting)
    applied(gradient=gradient)
    after = engine.read(program.trained)
    recorder.record_all(INJECTED, "update", {n: after[n] - before[n] for n in after})
    slots = engine.read(program.slots())
    recorder.record_all(INJECTED, "slots", {n: a * terms.astype(a.dtype) for n, a in slots.items()})
    recorder.record_all(INJECTED, "weights", after)


def _uniform(stage: str, like: Arrays, setting: Setting) -> Dict[str, np.ndarray]:
    """Return canonical arrays of the names, shapes and dtypes given."""
    return setting.jittered(stage, {n: uniform("{}/{}".format(stage, n), a.shape, a.dtype) for n, a in like.items()})


def _mask(name: str, like: np.ndarray) -> np.ndarray:
    """Return a canonical dropout mask: half of it 0, half of it 2; exact, so it is not jittered."""
    kept = uniform("dropout/" + name, like.shape, np.dtype("float32")) >= 0
    return (kept * 2).astype(like.dtype)


def _under(prefix: str, arrays: Arrays) -> Dict[str, np.ndarray]:
    """Return the arrays whose names begin with a prefix, the prefix taken off."""
    return {n[len(prefix) :]: a for n, a in arrays.items() if n.startswith(prefix)}


def wider(arrays: Arrays) -> Dict[str, np.ndarray]:
    """Return the arrays, those of float32 as float64."""
    return {n: a.astype(np.float64) if a.dtype == np.float32 else a for n, a in arrays.items()}


def _floats(arrays: Arrays) -> Dict[str, np.ndarray]:
    return {n: a for n, a in arrays.items() if is_float(a.dtype)}
