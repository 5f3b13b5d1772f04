"""Which step of a model is recorded op by op: one from canonical weights, slots, inputs and draws, run eagerly.

So what the first ops are given has the same bits in every release, and so has what any later one is given up to the
first that makes other bits.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Mapping

import numpy as np
import tensorflow as tf

from .. import draws
from ..builders import batch_of, compiled, given, watch
from ..context import Setting
from ..fed import Fed
from ..functional import Functional
from ..injected import load_slots, load_weights
from ..injected_step import Step, ready
from ..loading import mapping, rows_of
from ..outcomes import Unsupported
from ..recorder import Recorder
from ..watch.log import Log
from .log import ALL, OpLog
from .places import INITIALIZER


def require_eager(setting: Setting) -> None:
    """Have functions run eagerly; raise Unsupported in a mode that means to run something else."""
    if not setting.engine.eager:
        raise Unsupported("ops are seen one by one where they are executed eagerly, and this mode builds a graph")
    if setting.mode.engine_options.get("jit_compile"):
        raise Unsupported("ops are seen one by one where they are executed eagerly, and XLA compiles all of them")
    tf.config.run_functions_eagerly(True)


def see_script(recorder: Recorder) -> OpLog:
    """Record every op of a script from here on, its functions run eagerly; return the log, which is to be finished."""
    tf.config.run_functions_eagerly(True)
    log = OpLog(recorder)
    log.install()
    log.begin()
    return log


def functional(model: ModuleType, setting: Setting) -> None:
    """Record a step of a model of functions, and what makes its initial values."""
    require_eager(setting)
    log = OpLog(setting.recorder)
    log.install()
    drawn = draws.watch(_let_go)
    rows = rows_of(model, model.data(np.random.RandomState(setting.seed)))
    program = Functional(model, setting.engine, setting)
    engine = program.engine
    initial: Mapping[str, Any] = log.record_as(INITIALIZER, lambda: mapping(model, "variables", model.variables()))
    log.label(initial, _layer_of)
    engine.create(lambda: initial)
    log.own(engine.variables, _layer_of)
    program.make_optimizer()
    log.own_slots(program.slots(), engine.variables)
    drawn.feed = Fed()
    batch = {name: tf.constant(array[: model.BATCH]) for name, array in rows.items()}
    program.train_step(batch)  # makes what is made late
    load_weights(program, setting)
    load_slots(program, setting)
    log.record(ALL, lambda: program.train_step(batch))
    log.finish()


def keras(model: ModuleType, setting: Setting) -> None:
    """Record a step of a Keras model by `fit`, and what its initializers do."""
    require_eager(setting)
    setting.engine.enter_keras()
    log = OpLog(setting.recorder)
    log.install()
    watcher = watch(Log(setting.recorder), setting)
    fed = given(model, setting)
    if fed.is_composite:
        raise Unsupported("ragged and sparse data have no canonical values")
    batch = fed.batch(batch_of(model))
    watcher.draws.feed = Fed()

    def make() -> Step:
        network = compiled(model, setting)
        network.run_eagerly = True
        weights = getattr(model, "FIT", {}).get("class_weight")
        return ready(network, batch, weights, setting, watcher)

    with watcher.unseen():
        step: Step = log.record((INITIALIZER,), make)
        variables = watcher.variables
        trained = {variables.name(one): one for one in variables.trained.values()}
        log.own(trained, _layer_of)
        log.own_slots(variables.slots(watcher.optimizers), trained)
        original = step.network.train_step
        step.network.train_step = lambda *arguments: log.record(ALL, lambda: original(*arguments))
        step.network.train_function = None  # which newer releases have made of the original
        step.train()
    log.finish()


def _let_go(stage: str, tensors: Mapping[str, Any]) -> None:
    """Take what was drawn, and do nothing: the op that drew it is recorded."""


def _layer_of(name: str) -> str:
    """Return the layer of a variable by its name: ``conv`` of ``conv/kernel``; one that stands alone is its own."""
    return name.rpartition("/")[0] or name
