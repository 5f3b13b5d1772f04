"""What is observed of a model of functions, of a dataset and of random operations, and in which tier."""

from __future__ import annotations

from types import ModuleType
from typing import Dict, Iterator, Mapping, Sequence

import numpy as np

from .context import Setting
from .functional import Functional, named, run_native
from .injected import run_injected, wider
from .loading import mapping, rows_of
from .outcomes import Unsupported
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


def functional_drawn(model: ModuleType, setting: Setting, seeds: Sequence[int]) -> Iterator[Dict[str, np.ndarray]]:
    """Yield the initial values, the order of rows and the first masks that each seed draws."""
    rows = rows_of(model, model.data(np.random.RandomState(setting.seed)))
    batch = {name: array[: model.BATCH] for name, array in rows.items()}
    for seed in seeds:
        setting.restart(seed)
        found = named("init", setting.engine.evaluate(model.variables))
        found["shuffle@0"] = np.random.permutation(len(next(iter(rows.values()))))
        if hasattr(model, "dropout"):
            masks = setting.engine.compile(lambda batch: (mapping(model, "dropout", model.dropout(batch)), []))
            found.update(named("dropout@0", masks(batch=batch)))
        yield found


def pipeline(model: ModuleType, setting: Setting) -> None:
    """Record the elements of a dataset in order, what it drew, and the order in which it visits the rows."""
    rows = setting.jittered("data", setting.rows(model))
    for tier, draws in ((NATIVE, True), (INJECTED, False)):
        elements = setting.engine.elements(model.pipeline, rows, draws)
        for stage, array in _drawn_of(elements, ordered=draws).items():
            setting.recorder.record(tier, stage, array)
        for number, element in enumerate(elements):
            fed = {name: value for name, value in element.items() if not name.startswith(DRAWN)}
            setting.recorder.record_all(tier, "batch@{}".format(number), fed)


def _drawn_of(elements: Sequence[Mapping[str, np.ndarray]], *, ordered: bool) -> Dict[str, np.ndarray]:
    """Return what a dataset drew, over all its elements, and the order in which it visits the rows."""
    columns = list(elements[0]) if elements else []
    found = {n: np.concatenate([element[n] for element in elements]) for n in columns if n.startswith(DRAWN)}
    if ordered and "row" in columns:
        found["shuffle@0"] = np.concatenate([np.ravel(element["row"]) for element in elements])
    return found


def pipeline_drawn(model: ModuleType, setting: Setting, seeds: Sequence[int]) -> Iterator[Dict[str, np.ndarray]]:
    """Yield what the dataset draws under each seed, and its order."""
    rows = rows_of(model, model.data(np.random.RandomState(setting.seed)))
    for seed in seeds:
        setting.restart(seed)
        yield _drawn_of(setting.engine.elements(model.pipeline, rows, True), ordered=True)


def streams(model: ModuleType, setting: Setting) -> None:
    """Record what random operations draw: from the seeds natively, from explicit states in the injected tier."""
    for tier, function in ((NATIVE, "draws"), (INJECTED, "stateless")):
        if hasattr(model, function):
            make = getattr(model, function)
            drawn = setting.engine.evaluate(lambda make=make, name=function: mapping(model, name, make()))
            setting.recorder.record_all(tier, "draw", drawn)


def streams_drawn(model: ModuleType, setting: Setting, seeds: Sequence[int]) -> Iterator[Dict[str, np.ndarray]]:
    """Yield what random operations draw under each seed."""
    if not hasattr(model, "draws"):
        raise Unsupported("this model draws nothing from seeds")
    for seed in seeds:
        setting.restart(seed)
        yield named("draw", setting.engine.evaluate(lambda: mapping(model, "draws", model.draws())))
