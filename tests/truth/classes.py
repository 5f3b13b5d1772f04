"""Compute everything of Keras that a release has, with given weights and inputs: ``python classes.py OUT [CALLS]``.

A plain script, without tfmatrix. It calls each layer, optimizer, loss, metric, initializer, activation, regularizer and
constraint that it finds, with the first arguments and input that it takes, and writes what came of it into an `.npz`,
by ``kind class what``. How each was called is written beside that, as JSON; another release is given it, so that both
are called alike. Settings that a class has by itself are ``kind class setting NAME``; what it raises, ``refused``.
"""

from __future__ import annotations

import inspect
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")

import numpy as np
import tensorflow as tf

tf.config.experimental.enable_op_determinism()
K = tf.keras
L = tf.keras.layers
Found = dict[str, Any]


def uniform(*shape: int, seed: int = 0) -> Any:
    """Return numbers between -1 and 1."""
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("f4")


INPUTS: dict[str, Callable[[], Any]] = {
    "rows": lambda: uniform(4, 6),
    "series": lambda: uniform(4, 6, 5),
    "images": lambda: uniform(4, 8, 8, 3),
    "volumes": lambda: uniform(2, 6, 6, 6, 2),
    "films": lambda: uniform(2, 5, 8, 8, 3),
    "words": lambda: np.random.RandomState(1).randint(0, 5, (4, 6)),
    "two rows": lambda: [uniform(4, 6), uniform(4, 6, seed=1)],
    "two series": lambda: [uniform(4, 6, 5), uniform(4, 6, 5, seed=1)],
}
OF_IMAGES = ("BatchNormalization", "Random", "CenterCrop", "Resizing", "Rescaling", "Conv2D", "SpatialDropout2D")
"""Layers that take rows or series too, and mean something else by them."""

ARGUMENTS: list[dict[str, Any]] = [
    {},
    {"units": 3},
    {"filters": 3, "kernel_size": 3},
    {"kernel_size": 3},
    {"pool_size": 2},
    {"rate": 0.4},
    {"stddev": 0.5},
    {"input_dim": 9, "output_dim": 4},
    {"n": 3},
    {"dims": [2, 1]},
    {"target_shape": [3, 2]},
    {"num_heads": 2, "key_dim": 4},
    {"axes": 1},
    {"factor": 0.3},
    {"height": 5, "width": 6},
    {"height_factor": 0.3},
    {"height_factor": 0.3, "width_factor": 0.3},
    {"scale": 2.0},
    {"activation": "tanh"},
    {"bin_boundaries": [-0.5, 0.0, 0.5]},
    {"num_tokens": 9},
    {"max_value": 1.0},
    {"equation": "abc,cd->abd", "output_shape": [None, 4]},
]
LEFT_OUT = (
    *("Layer", "InputLayer", "AbstractRNNCell", "TextVectorization", "StringLookup", "IntegerLookup", "Hashing"),
    *("HashedCrossing", "Lambda", "Wrapper", "DenseFeatures", "TFSMLayer", "JaxLayer", "FlaxLayer", "StackedRNNCells"),
    *("RNN", "TimeDistributed", "Bidirectional", "CuDNNGRU", "CuDNNLSTM", "InputSpec", "TorchModuleWrapper"),
    *("Optimizer", "LossScaleOptimizer", "TFOptimizer", "Loss", "Metric", "Initializer", "Regularizer", "Constraint"),
)
"""Bases, wrappers, what needs a vocabulary, and what other frameworks are for."""

OUTPUTS = np.exp(uniform(6, 4))
LABELS = np.random.RandomState(3).randint(0, 4, 6)
MADE_UP: dict[str, tuple[Any, Any]] = {
    "classes": (
        OUTPUTS / OUTPUTS.sum(1, keepdims=True),
        np.eye(4, dtype="f4")[np.random.RandomState(3).randint(0, 4, 6)],
    ),
    "numbers": (np.abs(uniform(6, 4)), np.abs(uniform(6, 4, seed=1))),
    "labels": (OUTPUTS / OUTPUTS.sum(1, keepdims=True), LABELS),
    "flags": (np.abs(uniform(6, 1)), (uniform(6, 1, seed=3) > 0).astype("f4")),
}
"""Outputs and targets of losses and metrics."""

OF_METRICS: list[dict[str, Any]] = [
    {},
    {"num_classes": 4},
    {"num_classes": 4, "target_class_ids": [1]},
    *({name: 0.5} for name in ("recall", "precision", "specificity", "sensitivity")),
    {"normalizer": [1.0, 2, 3, 4]},
]


def classes(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield the classes of a module under their own names; one by another name is the same."""
    for name in sorted(dir(module)):
        one = getattr(module, name)
        if inspect.isclass(one) and one.__name__ == name and name not in LEFT_OUT and not name.endswith("Cell"):
            yield name, one


def is_float(variable: Any) -> bool:
    """Return whether a variable of either Keras holds floating-point numbers."""
    return "float" in str(getattr(variable.dtype, "name", variable.dtype))


def settings_of(one: Any) -> Found:
    """Return what a class has by itself."""
    try:
        config = one.get_config()
    except (NotImplementedError, AttributeError):
        return {}
    plain = (bool, int, float, str, np.floating, type(None))
    kept = {n: v for n, v in config.items() if isinstance(v, plain) and n not in {"name", "dtype", "seed"}}
    # float32 in one Keras, and Python's in another
    return {
        f"setting {n}": repr(round(float(v), 7) if isinstance(v, float | np.floating) else v) for n, v in kept.items()
    }


def layer(made: Any, name: str, kind: str) -> Found:
    """Return what a layer makes of an input, of its own weights, and the gradients."""
    given = INPUTS[kind]()
    inputs = [tf.constant(one) for one in (given if isinstance(given, list) else [given])]
    trains = "training" in inspect.signature(made.call).parameters
    joined = inputs if isinstance(given, list) else inputs[0]

    def call(*, training: bool) -> Any:
        more = {"training": training} if trains else {}
        return made(*inputs, **more) if name == "MultiHeadAttention" else made(joined, **more)

    call(training=False)
    for number, weight in enumerate(made.weights):
        if is_float(weight):
            values = np.random.RandomState(100 + number).uniform(-0.5, 0.5, weight.shape)
            positive = "variance" in str(getattr(weight, "path", weight.name))
            weight.assign((np.abs(values) + 0.5 if positive else values).astype("f4"))
    found: Found = {"output": call(training=False)}
    with tf.GradientTape() as tape:
        sources = [one for one in inputs if one.dtype.is_floating]
        tape.watch(sources)
        found["output in training"] = output = call(training=True)
        parts = [one for one in tf.nest.flatten(output) if one.dtype.is_floating]
        total = sum(tf.reduce_sum(tf.cast(one, tf.float32) * uniform(*one.shape, seed=5)) for one in parts)
    weights = [getattr(w, "_value", w) if hasattr(w, "path") else w for w in made.trainable_weights]
    if parts and (sources or weights):
        for number, gradient in enumerate(tape.gradient(total, [*sources, *weights])):
            if gradient is not None:
                found[f"gradient {number}"] = tf.convert_to_tensor(gradient)
    trained = {id(w) for w in made.trainable_weights}
    states = [w for w in made.weights if id(w) not in trained and is_float(w)]
    return found | {f"state {number}": np.array(w) for number, w in enumerate(states)}


def layers(calls: dict[str, Any], known: bool) -> Iterator[tuple[str, Found]]:
    """Yield what each layer gives; ``calls`` says how each is called, or is told."""
    for name, one in classes(L):
        inputs = ["images", *INPUTS] if name.startswith(OF_IMAGES) else list(INPUTS)
        ways = [calls[name]] if name in calls else [] if known else itertools.product(range(len(ARGUMENTS)), inputs)
        refused = ""
        for number, kind in ways:
            K.utils.set_random_seed(7)
            K.backend.clear_session()
            try:
                made = one(**ARGUMENTS[number])
                found = {**layer(made, name, kind), **settings_of(made)}
            except Exception as error:
                refused = type(error).__name__
                continue
            calls[name] = number, kind
            yield name, found
            break
        else:
            if known and refused:
                yield name, {"refused": refused}


def optimizer(one: Any) -> Found:
    """Return two variables after four updates, of which some gradients are small."""
    made = one()
    variables = [tf.Variable(uniform(5, 3)), tf.Variable(uniform(4, seed=2))]
    for step in range(4):
        gradients = [tf.constant(uniform(5, 3, seed=10 + step)), tf.constant(uniform(4, seed=20 + step) ** 5)]
        made.apply_gradients(zip(gradients, variables, strict=True))
    return {**{f"variable {n}": v.numpy() for n, v in enumerate(variables)}, **settings_of(made)}


def scored(one: Any, *, metric: bool) -> Found:
    """Return a loss, or a metric after two updates, of all outputs that it takes."""
    found: Found = {}
    for kind, (outputs, wanted) in MADE_UP.items():
        for arguments in OF_METRICS:
            try:
                made = one(**arguments)
                if metric:
                    pair = "y_true" in inspect.signature(made.update_state).parameters
                    for some in (slice(None), slice(3)):
                        made.update_state(*([wanted[some]] if pair else []), outputs[some])
                found[kind] = np.array(made.result() if metric else made(wanted, outputs))
            except Exception:
                continue
            break
    return found


def initializer(one: Any) -> Found:
    """Return what an initializer draws, under the seed of all and under one of its own."""
    K.utils.set_random_seed(7)
    found = {"values": np.array(one()((6, 6)))}
    if "seed" in inspect.signature(one).parameters:
        found["values under a seed"] = np.array(one(seed=3)((6, 6)))
    return found


class Told(K.Model):  # type: ignore[misc, name-defined]
    """A model that keeps the rows that it was fed."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = L.Dense(1)
        self.fed: list[Any] = []

    def call(self, x: Any) -> Any:
        """Return an output."""
        return self.dense(x)

    def train_step(self, data: Any) -> Any:
        """Train as Keras does."""
        self.fed.append(data[0].numpy()[:, 0].copy())
        return super().train_step(data)


def order(*, dataset: bool) -> Found:
    """Return the order of twenty rows in three epochs of `fit`."""
    K.utils.set_random_seed(7)
    model = Told()
    x = np.arange(20, dtype="f4").reshape(20, 1)
    model.compile("sgd", "mse", run_eagerly=True)
    rows = tf.data.Dataset.from_tensor_slices((x, x)).shuffle(20, seed=1).batch(5)
    model.fit(*([rows] if dataset else [x, x]), batch_size=None if dataset else 5, epochs=3, verbose=0)
    return {"order of rows": np.concatenate(model.fed).reshape(3, 20)}


def everything(calls: dict[str, Any], known: bool) -> Iterator[tuple[str, str, Callable[[], Found]]]:
    """Yield kind, name and what computes it."""
    for name, found in layers(calls, known):
        yield "layer", name, lambda found=found: found  # type: ignore[misc]
    for kind, module, compute in (
        ("optimizer", K.optimizers, optimizer),
        ("loss", K.losses, lambda one: scored(one, metric=False)),
        ("metric", K.metrics, lambda one: scored(one, metric=True)),
        ("initializer", K.initializers, initializer),
        ("regularizer", K.regularizers, lambda one: {"penalty": np.array(one(0.1)(tf.constant(uniform(5, 4))))}),
        ("constraint", K.constraints, lambda one: {"weights": np.array(one()(tf.constant(uniform(5, 4) * 3)))}),
    ):
        for name, one in classes(module):
            yield kind, name, lambda one=one, compute=compute: compute(one)  # type: ignore[misc]
    for name in sorted(set(dir(K.activations)) - {"get", "serialize", "deserialize"}):
        if callable(one := getattr(K.activations, name)) and not name.startswith("_"):
            yield "activation", name, lambda one=one: {"values": np.array(one(tf.constant(uniform(64, 8) * 4)))}  # type: ignore[misc]
    yield "fit", "arrays", lambda: order(dataset=False)
    yield "fit", "dataset", lambda: order(dataset=True)


def main() -> None:
    """Compute all, and write it."""
    out, *given = sys.argv[1:]
    calls = json.loads(Path(given[0]).read_text()) if given else {}
    written: Found = {}
    for kind, name, compute in everything(calls, bool(given)):
        try:
            found = compute()
        except Exception as error:
            found = {"refused": type(error).__name__}
        for what, value in found.items():
            for number, part in enumerate(tf.nest.flatten(value)):
                written[f"{kind} {name} {what}" + (f" {number}" if number else "")] = np.array(part)
    np.savez(out, **written)
    Path(f"{out}.json").write_text(json.dumps(calls))


if __name__ == "__main__":
    main()
