"""Exchange: weights and whole models written in each format, and read again, in this release or another.

`FORMATS` is the table of formats. Which release has which is not written here: a trial tries, and what a release does
not know is its refusal. The writer records its weights, slots and predictions; the reader, which began with strange
values where it had to build the model itself, records the same names of what it has then.

A request's ``purpose`` is ``write`` or ``read``, with ``format`` and ``artefact``, the folder that is written or read;
a reader's has ``digest`` too, which the folder must have.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import warnings
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Tuple

import numpy as np
import tensorflow as tf

from .folders import digest_of
from .outcomes import BadModel, Refusal, Unsupported
from .recorder import NATIVE
from .setting import Setting
from .sides import SIDES, Found, graph_variables, inputs

WORK = "artefact"
"""The folder, below the trial's own, that is written into and read from: its name is the same in every message."""

TIMES = re.compile(r"\b0x[0-9a-f]+\b")
"""What differs from run to run in a message: addresses."""


class Format(NamedTuple):
    """One format: how it is written from a side, and read into one."""

    kind: str
    """Of the models that have it."""
    modes: Tuple[str, ...]
    whole: bool
    """Whether it holds the model too: then the reader does not build it."""
    write: Callable[[Any, str], Any]
    """Given the trained side, and the folder."""
    read: Callable[[Any, str], Any]
    """Given a side (not built where the format is whole), and the folder; returns the side that was read."""
    optimizer: bool = True
    """Whether a reader that builds the model makes its optimizer too, as it must to go on training."""


def observe_exchange(kind: str, model: ModuleType, setting: Setting, request: Mapping[str, Any]) -> None:
    """Write or read one artefact, and record what this side has."""
    form = FORMATS[request["format"]]
    if form.kind != kind or setting.mode not in form.modes:
        raise Unsupported("the format {} is of {} models".format(request["format"], form.kind))
    side = SIDES[kind](model, setting)
    if request["purpose"] == "write":
        _write(form, side, setting, request)
    else:
        _read(form, side, setting, request)


def _write(form: Format, side: Any, setting: Setting, request: Mapping[str, Any]) -> None:
    side.build()
    side.train(setting.rows(side.model))
    _record(side, side.model, setting)
    os.mkdir(WORK)
    with _listening(setting), _phase("write"):
        form.write(side, WORK)
    partial = request["artefact"] + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(WORK, partial)
    os.rename(partial, request["artefact"])


def _read(form: Format, side: Any, setting: Setting, request: Mapping[str, Any]) -> None:
    model = side.model
    shutil.copytree(request["artefact"], WORK)
    if digest_of(WORK) != request["digest"]:
        raise BadModel("{}, line 1: what was written changed during the run; run again".format(request["path"]))
    if not form.whole:
        side.build(optimizer=form.optimizer)
        for group, arrays in side.estrange().items():
            setting.recorder.record_all(NATIVE, "strange/" + group, arrays)
    with _listening(setting), _phase("read"):
        side = form.read(side, WORK)
    with _phase("use"):
        _record(side, model, setting)
        if form.whole:  # slots as a new optimizer has them were not loaded
            setting.recorder.record_all(NATIVE, "strange/slots", side.fresh_slots())


def _record(side: Any, model: ModuleType, setting: Setting) -> None:
    """Record weights, slots and predictions."""
    recorder = setting.recorder
    recorder.record_all(NATIVE, "weights", side.weights())
    recorder.record_all(NATIVE, "slots", side.slots())
    recorder.record_all(NATIVE, "predict", side.predict(inputs(model)))


@contextlib.contextmanager
def _phase(name: str) -> Iterator[None]:
    """Name what was done when something raises."""
    try:
        yield
    except Unsupported:
        raise
    except Exception as error:
        text = TIMES.sub("0x...", " ".join(str(error).split()))
        raise Refusal(name, type(error).__name__, text) from error


@contextlib.contextmanager
def _listening(setting: Setting) -> Iterator[None]:
    """Record what Python and TensorFlow warn of meanwhile, each sentence once."""
    told: List[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    listener = Listener(logging.WARNING)
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow")]
    for logger in loggers:
        logger.addHandler(listener)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        told.extend(str(w.message) for w in caught if not issubclass(w.category, QUIET))
    finally:
        for logger in loggers:
            logger.removeHandler(listener)
    lines = [TIMES.sub("0x...", " ".join(text.split())) for text in told]
    setting.recorder.record(NATIVE, "warnings", np.array(list(dict.fromkeys(lines)), dtype=object))


QUIET = (DeprecationWarning, PendingDeprecationWarning, ResourceWarning, ImportWarning)
"""Warnings that Python shows to nobody who has not asked for them."""


def _at(folder: str, name: str) -> str:
    return os.path.join(folder, name)


def _save(name: str) -> Callable[[Any, str], None]:
    return lambda side, folder: side.network.save(_at(folder, name))


def _load(name: str) -> Callable[[Any, str], Any]:
    def read(side: Any, folder: str) -> Any:
        side.network = tf.keras.models.load_model(_at(folder, name))
        return side

    return read


def _save_weights(name: str) -> Callable[[Any, str], None]:
    return lambda side, folder: side.network.save_weights(_at(folder, name))


def _load_weights(name: str) -> Callable[[Any, str], Any]:
    def read(side: Any, folder: str) -> Any:
        side.network.load_weights(_at(folder, name))
        return side

    return read


def _write_checkpoint(objects: Callable[[Any], Mapping[str, Any]]) -> Callable[[Any, str], None]:
    def write(side: Any, folder: str) -> None:
        session = {} if side.session is None else {"session": side.session}
        _checkpoint(side, objects).write(_at(folder, "checkpoint"), **session)

    return write


def _read_checkpoint(objects: Callable[[Any], Mapping[str, Any]]) -> Callable[[Any, str], Any]:
    def read(side: Any, folder: str) -> Any:
        status = _checkpoint(side, objects).restore(_at(folder, "checkpoint"))
        if side.session is not None:
            status.initialize_or_restore(side.session)
        return side

    return read


def _checkpoint(side: Any, objects: Callable[[Any], Mapping[str, Any]]) -> Any:
    make = tf.compat.v1.train.Checkpoint if side.mode == "v1" else tf.train.Checkpoint
    return make(**objects(side))


def _network(side: Any) -> Dict[str, Any]:
    return {"model": side.network}


def _network_and_optimizer(side: Any) -> Dict[str, Any]:
    return {"model": side.network, "optimizer": side.network.optimizer}


def _variables_and_optimizer(side: Any) -> Dict[str, Any]:
    return {"variables": side.engine.variables, "optimizer": side.program.optimizer}


def _read_signature(side: Any, folder: str) -> Found:
    """Load without Keras, and predict by the default signature."""
    del side
    loaded = tf.saved_model.load(_at(folder, "model"))
    function = loaded.signatures["serving_default"]
    (argument,) = function.structured_input_signature[1]

    def predict(batch: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        (output,) = function(**{argument: tf.constant(batch["x"])}).values()
        return {"output": np.asarray(output)}

    # A network's own name may stand in front: layer/variable is what all releases have.
    variables = {"/".join(v.name.partition(":")[0].split("/")[-2:]): v for v in function.variables}
    return Found(variables, predict, _arrays, list(variables))


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


def _arrays(variables: Mapping[str, Any]) -> Dict[str, np.ndarray]:
    return {name: np.array(variable) for name, variable in variables.items()}


def _ends(side: Any) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the placeholders and outputs of a graph that predicts, under names that can be found again."""
    fed = {n: tf.compat.v1.placeholder(a.dtype, a.shape, name="fed/" + n) for n, a in inputs(side.model).items()}
    predicted = side.program.predict(fed)[0]
    outputs = {name.partition("/")[2]: tensor for name, tensor in predicted.items()}
    return fed, {name: tf.identity(tensor, name="told/" + name) for name, tensor in outputs.items()}


def _graph_found(side: Any) -> Found:
    """Return what stands in the default graph."""
    graph, session = tf.compat.v1.get_default_graph(), side.session
    told = [op for op in graph.get_operations() if op.name.startswith("told/")]

    def predict(batch: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
        feed = {"fed/{}:0".format(n): a for n, a in batch.items()}
        fetches = {op.name.partition("/")[2]: op.outputs[0] for op in told}
        used = {n: a for n, a in feed.items() if graph.get_tensor_by_name(n).consumers()}
        return dict(session.run(fetches, used))

    trained = {v.name.partition(":")[0] for v in tf.compat.v1.trainable_variables()}
    return Found(graph_variables(), predict, session.run, sorted(trained))


def _write_saver(side: Any, folder: str) -> None:
    tf.compat.v1.train.Saver().save(side.session, _at(folder, "saver"), write_meta_graph=False)


def _read_saver(side: Any, folder: str) -> Any:
    tf.compat.v1.train.Saver().restore(side.session, _at(folder, "saver"))
    return side


def _write_meta_graph(side: Any, folder: str) -> None:
    _ends(side)
    tf.compat.v1.train.Saver().save(side.session, _at(folder, "saver"))


def _read_meta_graph(side: Any, folder: str) -> Found:
    saver = tf.compat.v1.train.import_meta_graph(_at(folder, "saver.meta"))
    saver.restore(side.session, _at(folder, "saver"))
    return _graph_found(side)


def _write_v1_saved_model(side: Any, folder: str) -> None:
    tf.compat.v1.saved_model.simple_save(side.session, _at(folder, "model"), *_ends(side))


def _read_v1_saved_model(side: Any, folder: str) -> Found:
    tf.compat.v1.saved_model.load(side.session, ["serve"], _at(folder, "model"))
    return _graph_found(side)


BOTH, TF2, V1 = ("tf2", "v1"), ("tf2",), ("v1",)

FORMATS = {
    "weights.h5": Format("keras", BOTH, False, _save_weights("w.weights.h5"), _load_weights("w.weights.h5")),
    "h5-weights": Format("keras", BOTH, False, _save_weights("w.h5"), _load_weights("w.h5")),
    "tf-weights": Format("keras", BOTH, False, _save_weights("w"), _load_weights("w")),
    "tf-weights-alone": Format("keras", BOTH, False, _save_weights("w"), _load_weights("w"), False),
    "model-checkpoint": Format("keras", BOTH, False, _write_checkpoint(_network), _read_checkpoint(_network), False),
    "checkpoint": Format(
        "keras", BOTH, False, _write_checkpoint(_network_and_optimizer), _read_checkpoint(_network_and_optimizer)
    ),
    "keras": Format("keras", BOTH, True, _save("model.keras"), _load("model.keras")),
    "h5": Format("keras", BOTH, True, _save("model.h5"), _load("model.h5")),
    "saved-model": Format("keras", BOTH, True, _save("model"), _load("model")),
    "tf-saved-model": Format(
        "keras",
        TF2,
        True,
        lambda side, folder: tf.saved_model.save(side.network, _at(folder, "model")),
        _read_signature,
    ),
    "export": Format(
        "keras", TF2, True, lambda side, folder: side.network.export(_at(folder, "model")), _read_signature
    ),
    "variables-checkpoint": Format(
        "functional",
        TF2,
        False,
        _write_checkpoint(_variables_and_optimizer),
        _read_checkpoint(_variables_and_optimizer),
    ),
    "module-saved-model": Format("functional", TF2, True, _write_module, _read_module),
    "saver": Format("functional", V1, False, _write_saver, _read_saver),
    "meta-graph": Format("functional", V1, True, _write_meta_graph, _read_meta_graph),
    "v1-saved-model": Format("functional", V1, True, _write_v1_saved_model, _read_v1_saved_model),
}
