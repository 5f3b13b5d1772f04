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
from typing import Any, Iterator, List, Mapping, NamedTuple, Tuple

import numpy as np

from .context import Setting
from .folders import digest_of
from .kinds import Kind, code
from .outcomes import BadModel, Changed, Refusal, Unsupported
from .recorder import NATIVE
from .saveable import inputs
from .serialization import (
    EXPORTED,
    META_GRAPH,
    MODULE,
    SAVED,
    SAVER,
    V1_SAVED,
    Way,
    checkpoint,
    network_file,
    weights_file,
)

WORK = "artefact"
"""The folder, below the trial's own, that is written into and read from: its name is the same in every message."""

ADDRESSES = re.compile(r"\b0x[0-9a-f]+\b")
"""What differs from run to run in a message."""


class Format(NamedTuple):
    """One format."""

    kind: str
    """Of the models that have it."""
    engines: Tuple[str, ...]
    """Of the modes that have it."""
    whole: bool
    """Whether it holds the model too: then the reader does not build it."""
    way: Way
    optimizer: bool = True
    """Whether a reader that builds the model makes its optimizer too, as it must to go on training."""


BOTH, EAGER, GRAPH = ("eager", "graph"), ("eager",), ("graph",)

FORMATS = {
    "weights.h5": Format("keras", BOTH, False, weights_file("w.weights.h5")),
    "h5-weights": Format("keras", BOTH, False, weights_file("w.h5")),
    "tf-weights": Format("keras", BOTH, False, weights_file("w")),
    "tf-weights-alone": Format("keras", BOTH, False, weights_file("w"), optimizer=False),
    "model-checkpoint": Format("keras", BOTH, False, checkpoint(lambda side: {"model": side.network}), optimizer=False),
    "checkpoint": Format(
        "keras",
        BOTH,
        False,
        checkpoint(lambda side: {"model": side.network, "optimizer": side.network.optimizer}),
    ),
    "keras": Format("keras", BOTH, True, network_file("model.keras")),
    "h5": Format("keras", BOTH, True, network_file("model.h5")),
    "saved-model": Format("keras", BOTH, True, network_file("model")),
    "tf-saved-model": Format("keras", EAGER, True, SAVED),
    "export": Format("keras", EAGER, True, EXPORTED),
    "variables-checkpoint": Format(
        "functional",
        EAGER,
        False,
        checkpoint(lambda side: {"variables": side.engine.variables, "optimizer": side.program.optimizer}),
    ),
    "module-saved-model": Format("functional", EAGER, True, MODULE),
    "saver": Format("functional", GRAPH, False, SAVER),
    "meta-graph": Format("functional", GRAPH, True, META_GRAPH),
    "v1-saved-model": Format("functional", GRAPH, True, V1_SAVED),
}


def observe_exchange(kind: Kind, model: ModuleType, setting: Setting, request: Mapping[str, Any]) -> None:
    """Write or read one artefact, and record what this side has."""
    form = FORMATS[request["format"]]
    if form.kind != kind.name or setting.mode.engine not in form.engines:
        raise Unsupported("the format {} is of {} models".format(request["format"], form.kind))
    side = code(kind.saveable)(model, setting)
    if request["purpose"] == "write":
        _write(form, side, setting, request)
    else:
        _read(form, side, setting, request)


def _write(form: Format, side: Any, setting: Setting, request: Mapping[str, Any]) -> None:
    side.build()
    side.train(setting.rows(side.model))
    _record(side, side.model, setting)
    os.mkdir(WORK)
    with _listening(setting), phase("write"):
        form.way.write(side, WORK)
    partial = request["artefact"] + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(WORK, partial)
    shutil.rmtree(request["artefact"], ignore_errors=True)  # of an earlier run, which this one replaces
    os.rename(partial, request["artefact"])


def _read(form: Format, side: Any, setting: Setting, request: Mapping[str, Any]) -> None:
    model = side.model
    shutil.copytree(request["artefact"], WORK)
    if digest_of(WORK) != request["digest"]:
        raise Changed(
            "{}, line 1: what was written changed during the run; run again".format(os.path.basename(request["path"]))
        )
    if not form.whole:
        side.build(optimizer=form.optimizer)
        for group, arrays in side.estrange().items():
            setting.recorder.record_all(NATIVE, "strange/" + group, arrays)
    with _listening(setting), phase("read"):
        side = form.way.read(side, WORK)
    with phase("use"):
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
def phase(name: str) -> Iterator[None]:
    """Name what was done when something raises."""
    try:
        yield
    except (Unsupported, BadModel):
        raise
    except Exception as error:
        text = ADDRESSES.sub("0x...", " ".join(str(error).split()))
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
    lines = [ADDRESSES.sub("0x...", " ".join(text.split())) for text in told]
    setting.recorder.record(NATIVE, "warnings", np.array(list(dict.fromkeys(lines)), dtype=object))


QUIET = (DeprecationWarning, PendingDeprecationWarning, ResourceWarning, ImportWarning)
"""Warnings that Python shows to nobody who has not asked for them."""
