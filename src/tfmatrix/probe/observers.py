"""What is observed of a model of functions, of a dataset and of random operations, and in which tier."""

from __future__ import annotations

from types import ModuleType
from typing import Dict

import numpy as np

from .context import Setting
from .functional import Functional, run_native
from .injected import run_injected, wider
from .loading import mapping
from .recorder import INJECTED, NATIVE

DRAWN = "draw/"
"""Columns of a dataset under these names hold random numbers, and belong to that stage and not to ``batch``."""


def functional(model: ModuleType, setting: Setting) -> None:
    """Train natively; then every deterministic stage from canonical inputs."""
    rows = setting.rows(model)
    program = Functional(model, setting.engine, setting)
    outputs = run_native(program, setting.jittered("data", rows), setting)
    batch = {n: a[: model.BATCH] for n, a in rows.items()}
    with setting.injecting():
        if setting.equivalent:
            program, batch, outputs = program.wider(), wider(batch), wider(outputs)
        run_injected(program, batch, outputs, setting)


def functional_weights(model: ModuleType, setting: Setting) -> Dict[str, np.ndarray]:
    """Draw the initial values of the variables."""
    return dict(setting.engine.evaluate(model.variables))


def pipeline(model: ModuleType, setting: Setting) -> None:
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


def streams(model: ModuleType, setting: Setting) -> None:
    """Record what random operations draw: from the seeds natively, from explicit states in the injected tier."""
    for tier, function in ((NATIVE, "draws"), (INJECTED, "stateless")):
        if hasattr(model, function):
            make = getattr(model, function)
            drawn = setting.engine.evaluate(lambda make=make, name=function: mapping(model, name, make()))
            setting.recorder.record_all(tier, "draw", drawn)
