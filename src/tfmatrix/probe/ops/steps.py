"""Which step of a model is recorded op by op: one from canonical weights, slots, inputs and draws.

Functions are run eagerly for it, and what a session runs is split into its ops. So what the first ops are given has the
same bits in every release, and so has what any later one is given up to the first that makes other bits.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable, Mapping

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops

from .. import draws
from ..builders import batch_of, compiled, given, watch
from ..context import Setting
from ..exchange import phase
from ..fed import Fed
from ..functional import Functional
from ..injected import load_slots, load_weights
from ..injected_step import Step, ready
from ..loading import mapping, rows_of
from ..model_files import inputs_of, source_of
from ..outcomes import Unsupported
from ..readers import READERS
from ..recorder import Recorder
from ..watch.log import Log
from ..watch.patching import replace_everywhere
from .building import layer_of
from .handed import Made, made
from .log import ALL, OpLog
from .places import INITIALIZER


def see_ops(setting: Setting) -> OpLog:
    """Return a log that sees every op from here on; raise Unsupported in a mode that means to run something else."""
    if setting.mode.engine_options.get("jit_compile"):
        raise Unsupported("ops are seen one by one where each is executed by itself, and XLA compiles all of them")
    return _see(setting.recorder, made(setting.feeding, setting.fed))


def see_script(recorder: Recorder, instead: Mapping[int, Made]) -> OpLog:
    """Record every op of a script from here on; return the log, which is to be finished."""
    log = _see(recorder, instead)
    log.begin()
    return log


def _see(recorder: Recorder, instead: Mapping[int, Made]) -> OpLog:
    if tf.executing_eagerly():
        tf.config.run_functions_eagerly(True)
        replace_everywhere({ops.disable_eager_execution: _disabling(ops.disable_eager_execution)})
    log = OpLog(recorder, instead)
    log.install()
    return log


def _disabling(original: Callable[[], None]) -> Callable[[], None]:
    """Return what a script calls that wants graphs: in these Keras takes functions that run eagerly for a fault."""

    def disable() -> None:
        original()
        tf.config.run_functions_eagerly(False)

    return disable


def functional(model: ModuleType, setting: Setting) -> None:
    """Record a step of a model of functions, and what makes its initial values."""
    log = see_ops(setting)
    drawn = draws.watch(_let_go)
    rows = rows_of(model, model.data(np.random.RandomState(setting.seed)))
    program = Functional(model, setting.engine, setting)
    engine = program.engine
    initial: Mapping[str, Any] = log.record_as(INITIALIZER, lambda: mapping(model, "variables", model.variables()))
    log.label(initial, layer_of)
    log.record((INITIALIZER,), lambda: engine.create(lambda: initial))
    log.placing.own(engine.variables, layer_of)
    program.make_optimizer()
    drawn.feed = Fed()
    step = engine.compile(program.train_step)
    batch = {name: array[: model.BATCH] for name, array in rows.items()}
    step(batch=batch)  # makes what is made late
    log.placing.own_slots(program.slots(), engine.variables)
    load_weights(program, setting)
    load_slots(program, setting)
    log.record(ALL, lambda: step(batch=batch))
    log.finish()


def keras(model: ModuleType, setting: Setting) -> None:
    """Record a step of a Keras model by `fit`, and what its initializers do."""
    log = see_ops(setting)
    setting.engine.enter_keras()
    watcher = watch(Log(setting.recorder), setting)
    fed = given(model, setting)
    if fed.is_composite:
        raise Unsupported("ragged and sparse data have no canonical values")
    batch = fed.batch(batch_of(model))
    watcher.draws.feed = Fed()

    def make() -> Step:
        network = compiled(model, setting)
        if setting.engine.eager:
            network.run_eagerly = True
        weights = getattr(model, "FIT", {}).get("class_weight")
        return ready(network, batch, weights, setting, watcher)

    with watcher.unseen():
        step: Step = log.record((INITIALIZER,), make)
        variables = watcher.variables
        trained = {variables.name(one): one for one in variables.trained.values()}
        log.placing.own(trained, layer_of)
        log.placing.own_slots(variables.slots(watcher.optimizers), trained)
        if setting.engine.eager:
            _train(step, log)
        else:
            log.record(ALL, step.train)
    log.finish()


def _train(step: Step, log: OpLog) -> None:
    """Train a step, and record what is executed in it, without what `fit` does around it."""
    original = step.network.train_step
    step.network.train_step = lambda *arguments: log.record(ALL, lambda: original(*arguments))
    step.network.train_function = None  # which newer releases have made of the original
    step.train()


def file(model: Any, setting: Setting) -> None:
    """Record one prediction of a saved model: eagerly where Keras has made it, else of its graph."""
    log = see_ops(setting)
    source, form = source_of(model, setting)
    with phase("read"):
        read = READERS[form](source)
    with phase("use"):
        fed = inputs_of(model, read.inputs())
        log.record(ALL, lambda: read.execute(fed))
    log.finish()


def _let_go(stage: str, tensors: Mapping[str, Any]) -> None:
    """Take what was drawn, and do nothing: the op that drew it is recorded."""
