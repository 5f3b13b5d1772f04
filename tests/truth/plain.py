"""Compute every thing once in one release, without tfmatrix: ``python plain.py THINGS FOLDER [NAME ...]``.

THINGS is the folder of things, FOLDER where ``NAME.npz`` is written of each: what it returned, as arrays by name. One
that the release does not have, or refuses, gets a ``NAME.txt`` with the reason instead. TensorFlow is imported once,
since that takes 4 to 8 seconds; each thing is computed in a fork, under op determinism, as tfmatrix does in `tf2`.
"""

from __future__ import annotations

import inspect
import os
import runpy
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf

SEED = 42
THREADS = 2
Arrays = dict[str, Any]


def main() -> None:
    """Compute what is asked for, or all."""
    things, folder, *chosen = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, path, variant in listed(Path(things).absolute()):
        if not chosen or name in chosen:
            in_a_fork(name, path, variant, Path(folder).absolute())


def listed(things: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield each thing's name, file and variant; a script has none, and is called after its file."""
    for path in sorted(things.glob("*.py")):
        for variant in load(path).VARIANTS:
            yield f"{path.stem}[{variant}]", path, variant
    for path in sorted((things / "scripts").glob("*.py")):
        yield path.stem, path, ""


def load(path: Path) -> ModuleType:
    """Return a file as a module."""
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    sys.modules[path.stem] = module
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    return module


def in_a_fork(name: str, path: Path, variant: str, folder: Path) -> None:
    """Compute one thing in a process of its own."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.chdir(tempfile.mkdtemp())
        arrays: Any = {key: as_array(value) for key, value in compute(path, variant).items()}
        np.savez(folder / f"{name}.npz", **arrays)
    except BaseException as error:
        told = "".join(traceback.format_exception_only(type(error), error)).strip()
        (folder / f"{name}.txt").write_text(told + "\n" + traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(0)


def as_array(value: Any) -> Any:
    """Return a value as an array, and strings, which Keras has as objects, as NumPy's."""
    array = np.asarray(value)
    return array.astype(np.str_) if array.dtype.hasobject else array


def compute(path: Path, variant: str) -> Arrays:
    """Return what a thing returns."""
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    if not variant:
        result: Arrays = runpy.run_path(str(path), run_name="__main__")["result"]
        return result
    tf.config.experimental.enable_op_determinism()
    module = load(path)
    for constant, value in module.VARIANTS[variant].items():
        setattr(module, constant, value)
    tf.keras.utils.set_random_seed(SEED)
    for mark, computed in (("build", fitted), ("variables", trained), ("pipeline", fed), ("draws", drawn)):
        if hasattr(module, mark):
            return computed(module)
    raise TypeError(f"{path} defines nothing to compute")


def data_of(module: ModuleType) -> Any:
    """Return a thing's data, of the same generator as tfmatrix gives."""
    return module.data(np.random.RandomState(SEED)) if inspect.signature(module.data).parameters else module.data()


def fitted(module: ModuleType) -> Arrays:
    """Return initial weights, history, weights, predictions and gradients of a Keras model that is fitted."""
    rows = given = data_of(module)
    model = module.build()
    if getattr(model, "optimizer", None) is None:
        optimizer = module.OPTIMIZER
        if isinstance(optimizer, dict):
            settings = dict(optimizer)
            optimizer = getattr(tf.keras.optimizers, settings.pop("name"))(**settings)
        model.compile(optimizer, module.LOSS)
    found = weights_of(model, "init")
    arguments = {"epochs": getattr(module, "EPOCHS", 1), "verbose": 0, **getattr(module, "FIT", {})}
    if isinstance(rows, Mapping):
        arguments.update({"batch_size": module.BATCH}, **{key: rows[key] for key in rows if key != "x"})
        rows = rows["x"]
    history = model.fit(rows, **arguments)
    # Python's floats are what became of TensorFlow's.
    found.update({f"history/{key}": np.float32(values) for key, values in history.history.items()})
    found.update(weights_of(model, "weights"))
    batch_size = {"batch_size": module.BATCH} if isinstance(given, Mapping) else {}  # a kernel may go by how many rows
    predicted = model.predict(rows, verbose=0, **batch_size)
    heads = predicted if isinstance(predicted, dict) else {"out": predicted}
    found.update({f"predict/{head}": value for head, value in heads.items()})
    if isinstance(given, Mapping) and isinstance(given.get("y"), np.ndarray):
        found.update(gradients_of(model, given["x"], given["y"], module.BATCH))
    return found


def gradients_of(model: Any, x: Any, y: Any, size: int) -> Arrays:
    """Return the gradients of the loss of each batch: an update may round away what differs of them."""
    variables = [v if callable(v.value) else v.value for v in model.trainable_variables]  # Keras 3 wraps TensorFlow's

    @tf.function  # type: ignore[untyped-decorator]  # as `fit` computes them
    def gradients(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.keras.losses.get(model.loss)(y, model(x, training=False)))
        return [tf.convert_to_tensor(one) for one in tape.gradient(loss, variables) if one is not None]

    return {
        f"gradient@{step}/{number}": one
        for step, start in enumerate(range(0, len(y), size))
        for number, one in enumerate(gradients(*(tf.constant(rows[start : start + size]) for rows in (x, y))))
    }


def weights_of(model: Any, stage: str) -> Arrays:
    """Return the weights, by layer and number: their own names are others from one release to the next."""
    return {
        f"{stage}/{place}:{type(layer).__name__}/{number}": value
        for place, layer in enumerate(model.layers)
        for number, value in enumerate(layer.get_weights())
    }


def trained(module: ModuleType) -> Arrays:
    """Return outputs, losses and weights of functions of tensors that are trained by a tape."""
    rows = data_of(module)
    variables = {name: tf.Variable(value) for name, value in module.variables().items()}
    settings = dict(module.OPTIMIZER)
    optimizer = getattr(tf.keras.optimizers, settings.pop("name"))(**settings)

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def train(batch: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = module.forward(variables, batch, None)
            loss = module.loss(outputs, batch)
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients([(gradients[name], variables[name]) for name in variables])
        return outputs, loss, gradients

    found: Arrays = {}
    count = len(next(iter(rows.values())))
    for step in range(0, count, module.BATCH):
        outputs, loss, gradients = train({n: tf.constant(a[step : step + module.BATCH]) for n, a in rows.items()})
        found.update({f"forward@{step}/{name}": value for name, value in outputs.items()})
        found[f"loss@{step}"] = loss
        found.update({f"gradient@{step}/{n}": tf.convert_to_tensor(value) for n, value in gradients.items()})
    found.update({f"weights/{name}": variable for name, variable in variables.items()})
    return found


def fed(module: ModuleType) -> Arrays:
    """Return what a dataset gives."""
    found: Arrays = {}
    for number, element in enumerate(module.pipeline(data_of(module), random=True)):
        found.update({f"element@{number}/{name}": value for name, value in element.items()})
    return found


def drawn(module: ModuleType) -> Arrays:
    """Return what is drawn."""
    return {f"draw/{name}": value for name, value in module.draws().items()}


if __name__ == "__main__":
    main()
