"""Ways to write a side into a folder and to read one from it: what the rows of `exchange.FORMATS` are made of."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Mapping, NamedTuple, Tuple

import numpy as np
import tensorflow as tf

from .engines import graph_variables
from .saveable import Found, inputs

Objects = Callable[[Any], Mapping[str, Any]]
"""From a side to the objects that a checkpoint holds, by name."""


class Way(NamedTuple):
    """How something is written and read."""

    write: Callable[[Any, str], Any]
    """Given the trained side, and the folder."""
    read: Callable[[Any, str], Any]
    """Given a side (not built where the model is held whole), and the folder; returns the side that was read."""


def weights_file(name: str) -> Way:
    """Return the way through Keras's `save_weights` and `load_weights`."""

    def read(side: Any, folder: str) -> Any:
        side.network.load_weights(_at(folder, name))
        return side

    return Way(lambda side, folder: side.network.save_weights(_at(folder, name)), read)


def network_file(name: str) -> Way:
    """Return the way through Keras's `save` and `load_model`."""

    def read(side: Any, folder: str) -> Any:
        side.network = tf.keras.models.load_model(_at(folder, name))
        return side

    return Way(lambda side, folder: side.network.save(_at(folder, name)), read)


def checkpoint(objects: Objects) -> Way:
    """Return the way through `tf.train.Checkpoint`, of which nothing is asserted: what is missing there is silent."""

    def write(side: Any, folder: str) -> None:
        session = side.engine.session
        side.engine.checkpoint(objects(side)).write(
            _at(folder, "checkpoint"), **({} if session is None else {"session": session})
        )

    def read(side: Any, folder: str) -> Any:
        status = side.engine.checkpoint(objects(side)).restore(_at(folder, "checkpoint"))
        if side.engine.session is not None:
            status.initialize_or_restore(side.engine.session)
        return side

    return Way(write, read)


def _at(folder: str, name: str) -> str:
    return os.path.join(folder, name)


def _arrays(variables: Mapping[str, Any]) -> Dict[str, np.ndarray]:
    return {name: np.array(variable) for name, variable in variables.items()}


def _read_signature(side: Any, folder: str) -> Found:
    """Load a SavedModel without Keras, and predict by its default signature."""
    del side
    loaded = tf.saved_model.load(_at(folder, "model"))
    function = loaded.signatures["serving_default"]
    (argument,) = function.structured_input_signature[1]

    def predict(batch: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        (output,) = function(**{argument: tf.constant(batch["x"])}).values()
        return {"output": np.asarray(output)}

    # A network's own name may stand in front: layer/variable is what all releases have.
    variables = {"/".join(v.name.partition(":")[0].split("/")[-2:]): v for v in function.variables}
    return Found(variables, predict, _arrays, list(variables), keeping=loaded)


SAVED = Way(lambda side, folder: tf.saved_model.save(side.network, _at(folder, "model")), _read_signature)
"""A Keras network through `tf.saved_model`."""

EXPORTED = Way(lambda side, folder: side.network.export(_at(folder, "model")), _read_signature)
"""A Keras network through its own `export`."""


def _write_module(side: Any, folder: str) -> None:
    module = tf.Module()
    module.held = side.engine.variables
    signature = {n: tf.TensorSpec(a.shape, a.dtype) for n, a in inputs(side.model).items()}
    module.predict = tf.function(lambda batch: side.program.predict(batch)[0], [signature], autograph=False)
    tf.saved_model.save(module, _at(folder, "model"))


def _read_module(side: Any, folder: str) -> Found:
    del side
    loaded = tf.saved_model.load(_at(folder, "model"))

    def predict(batch: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        predicted = loaded.predict({n: tf.constant(a) for n, a in batch.items()})
        return {name.partition("/")[2]: np.asarray(array) for name, array in predicted.items()}

    held = dict(loaded.held)
    return Found(held, predict, _arrays, list(held))


MODULE = Way(_write_module, _read_module)
"""A functional model as a `tf.Module` with its variables and a function that predicts."""


def _ends(side: Any) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the placeholders and outputs of a graph that predicts, under names that can be found again."""
    fed = {n: tf.compat.v1.placeholder(a.dtype, a.shape, name="fed/" + n) for n, a in inputs(side.model).items()}
    predicted = side.program.predict(fed)[0]
    outputs = {name.partition("/")[2]: tensor for name, tensor in predicted.items()}
    return fed, {name: tf.identity(tensor, name="told/" + name) for name, tensor in outputs.items()}


def _graph_found(side: Any) -> Found:
    """Return what stands in the default graph."""
    graph, session = tf.compat.v1.get_default_graph(), side.engine.session
    outputs = {op.name[len("told/") :]: op.outputs[0] for op in graph.get_operations() if op.name.startswith("told/")}

    def predict(batch: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        return dict(session.run(outputs, {"fed/{}:0".format(name): array for name, array in batch.items()}))

    trained = [v.name.partition(":")[0] for v in tf.compat.v1.trainable_variables()]
    return Found(graph_variables(), predict, session.run, trained)


def _restore_same_graph(side: Any, folder: str) -> Any:
    tf.compat.v1.train.Saver().restore(side.engine.session, _at(folder, "saver"))
    return side


SAVER = Way(
    lambda side, folder: tf.compat.v1.train.Saver().save(
        side.engine.session, _at(folder, "saver"), write_meta_graph=False
    ),
    _restore_same_graph,
)
"""A v1 graph's variables, restored into the same graph, built again."""


def _write_meta_graph(side: Any, folder: str) -> None:
    _ends(side)
    tf.compat.v1.train.Saver().save(side.engine.session, _at(folder, "saver"))


def _read_meta_graph(side: Any, folder: str) -> Found:
    saver = tf.compat.v1.train.import_meta_graph(_at(folder, "saver.meta"))
    saver.restore(side.engine.session, _at(folder, "saver"))
    return _graph_found(side)


META_GRAPH = Way(_write_meta_graph, _read_meta_graph)
"""A v1 graph with its variables."""


def _read_v1_saved_model(side: Any, folder: str) -> Found:
    tf.compat.v1.saved_model.load(side.engine.session, ["serve"], _at(folder, "model"))
    return _graph_found(side)


V1_SAVED = Way(
    lambda side, folder: tf.compat.v1.saved_model.simple_save(side.engine.session, _at(folder, "model"), *_ends(side)),
    _read_v1_saved_model,
)
"""A v1 graph as a SavedModel."""
