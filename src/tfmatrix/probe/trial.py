"""One trial: enter the mode, load the model, run its stages, and return what was recorded.

For tests only, a request may carry ``plant``: the path of a Python file, and ``fault``: a name in that file's table
``PLANTS``, whose function is called with the model and the setting once the variant is chosen and before anything runs.
So a test can hide a difference and see whether it is found. Where ``plant`` is absent or empty nothing happens.
"""

from __future__ import annotations

import gc
import random
from types import ModuleType
from typing import Any, Callable, Dict, List, Mapping

import numpy as np
import tensorflow as tf

from .context import Setting
from .exchange import observe_exchange
from .file_access import admit
from .functional import Functional, run_native
from .injected import run_injected
from .keras_fit import enter_keras, named_variables, run_fit, values
from .loading import choose_variant, kind_of, load, mapping
from .outcomes import Unsupported
from .recorder import INJECTED, NATIVE, SEEDS, Recorder

OTHER_SEEDS = range(1001, 1033)
"""The seeds that initial weights are drawn under for the two-sample test of a redraw."""

SEED_DRAWS = 256
"""Numbers that are recorded of what a generator would draw next: enough for a two-sample test to tell by."""

DRAWN = "draw/"
"""Columns of a dataset under these names hold random numbers, and belong to that stage and not to ``batch``."""


def observe(request: Mapping[str, Any], scratch: str) -> Recorder:
    """Run the trial that a request describes in this process, and return its recorder."""
    gc.freeze()  # what is there by now stays: collecting it again and again costs more than the trial
    setting = Setting(request, scratch)
    admit(request["path"], request.get("beside", {}))
    model = load(request["path"], request.get("source", ""))
    choose_variant(model, request["variant"])
    kind = kind_of(model)
    if request.get("plant"):
        load(request["plant"]).PLANTS[request["fault"]](model, setting)
    if request["purpose"] == "seeds":
        _observe_seeds(kind, model, setting)
    elif request["purpose"] in ("write", "read"):
        observe_exchange(kind, model, setting, request)
    else:
        _record_seed(setting.recorder)
        KINDS[kind](model, setting)
    return setting.recorder


def _record_seed(recorder: Recorder) -> None:
    """Record what the generators would draw next, without drawing: from copies of their states."""
    python = random.Random()
    python.setstate(random.getstate())
    recorder.record(NATIVE, "seed/python", np.array([python.random() for _ in range(SEED_DRAWS)]))
    numpy = np.random.RandomState()
    numpy.set_state(np.random.get_state())
    recorder.record(NATIVE, "seed/numpy", numpy.random_sample(SEED_DRAWS))
    if tf.executing_eagerly():
        from tensorflow.python.eager.context import global_seed  # no public name tells it

        seed = global_seed()
    else:
        seed = tf.compat.v1.get_default_graph().seed
    recorder.record(NATIVE, "seed/tensorflow", np.array(seed, np.int64))


def _observe_functional(model: ModuleType, setting: Setting) -> None:
    rows = setting.rows(model)
    program = Functional(model, setting.engine, setting)
    outputs = run_native(program, setting.jittered("data", rows), setting)
    run_injected(program, {n: a[: model.BATCH] for n, a in rows.items()}, outputs, setting)


def _observe_pipeline(model: ModuleType, setting: Setting) -> None:
    """Record the elements of a dataset in order, what it drew, and the order in which it visits the rows."""
    rows = setting.jittered("data", setting.rows(model))
    for tier, draws in ((NATIVE, True), (INJECTED, False)):
        elements = setting.engine.elements(model.pipeline, rows, draws)
        columns = list(elements[0]) if elements else []
        for name in columns:
            if name.startswith(DRAWN):
                setting.recorder.record(tier, name, np.concatenate([element[name] for element in elements]))
        if tier == NATIVE and "row" in columns:
            order = np.concatenate([np.ravel(element["row"]) for element in elements])
            setting.recorder.record(tier, "shuffle@0", order)
        for number, element in enumerate(elements):
            fed = {name: value for name, value in element.items() if not name.startswith(DRAWN)}
            setting.recorder.record_all(tier, "batch@{}".format(number), fed)


def _observe_streams(model: ModuleType, setting: Setting) -> None:
    """Record what random operations draw: from the seeds natively, from explicit states in the injected tier."""
    for tier, function in ((NATIVE, "draws"), (INJECTED, "stateless")):
        if hasattr(model, function):
            make = getattr(model, function)
            drawn = setting.engine.evaluate(lambda make=make, name=function: mapping(model, name, make()))
            setting.recorder.record_all(tier, "draw", drawn)


def _observe_seeds(kind: str, model: ModuleType, setting: Setting) -> None:
    """Record the initial weights under several other seeds, stacked along a first axis."""
    if kind not in ("functional", "keras"):
        raise Unsupported("this model has no initial weights to draw again")
    drawn: List[Dict[str, np.ndarray]] = []
    for seed in OTHER_SEEDS:
        setting.restart(seed)
        if kind == "keras":
            enter_keras(setting)
            drawn.append(values(named_variables(model.build())))
        else:
            drawn.append(setting.engine.evaluate(model.variables))
    stacked = {name: np.stack([weights[name] for weights in drawn]) for name in drawn[0]}
    setting.recorder.record_all(SEEDS, "init", stacked)


KINDS: Dict[str, Callable[[ModuleType, Setting], None]] = {
    "functional": _observe_functional,
    "keras": run_fit,
    "pipeline": _observe_pipeline,
    "streams": _observe_streams,
}
