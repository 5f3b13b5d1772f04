"""A small exchange in which every verdict comes up, as stored records: each format stands for one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from building import MACHINE_OF_TESTS, add, installed, make_project, trial
from questions.matrix.stored import EVIL
from tfmatrix.environments import making
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.questions.exchange.plan import ARTEFACT, ExchangePlan, Written, make_exchange_plan
from tfmatrix.records import Tensor, Trial
from tfmatrix.store.facts import INSTALLED, MACHINE, REFUSAL
from tfmatrix.store.store import Store

VERSIONS = ["2.15.1", "2.16.2", "2.21.0", "2.20.0"]
LATE = {"2.20.0", "2.21.0"}
GONE = "2.21.0"
"""The release whose environment cannot be had."""

OUTPUT = np.array([0.25, 0.5, 1.0], np.float32)


def make_plan(folder: Path) -> ExchangePlan:
    """Return the plan: four releases, one Keras model and one functional one, two modes."""
    models = {"net": "def build(): pass\n", "graph": "def variables(): pass\n"}
    config = make_project(folder, models, versions=VERSIONS, modes=["tf2", "v1"])
    return make_exchange_plan(config.overridden(models=list(models)))


def store_of(plan: ExchangePlan, path: Path) -> Store:
    """Return an open store that holds the exchange."""
    store = Store(path)
    for environment in plan.environments:
        key = plan.scope.environment_key(environment)
        if environment.name == GONE:
            store.note(REFUSAL, key, f"no wheel {EVIL}")
        else:
            store.note(INSTALLED, key, making.to_json(installed(environment, plan.config)))
    store.note(MACHINE, machine_id(this_machine()), asdict(MACHINE_OF_TESTS))
    for written in plan.written:
        became = _writer(written)
        if became is not None:
            add(store, written.writer, became)
            store.note(ARTEFACT, written.writer.key, "ab" * 32)
    for written, environment, reader in list(plan.pairs(store.trial, store)):
        if reader and environment.name != GONE:
            add(store, reader, _reader(written, environment.name, reader))
    return store


def _held(strange: bool) -> dict[str, Any]:
    held = {"weights/w": [1.0, 2.0], "weights/b": [3.0], "slots/w/m": [4.0, 5.0], "slots/iterations": [8.0]}
    stages = {f"native {name}": values for name, values in held.items()}
    if strange:
        stages |= {f"native strange/{name}": [-v for v in values] for name, values in held.items()}
    return {**stages, "native predict/output": OUTPUT, "native warnings": strings()}


def strings(*sentences: str) -> Tensor:
    """Return sentences as the probe records them."""
    encoded = [sentence.encode() for sentence in sentences]
    return Tensor("string", (len(encoded),), b"".join(len(e).to_bytes(8, "little") + e for e in encoded))


def _writer(written: Written) -> Mapping[str, Any] | Trial | None:
    expected, name = written.writer, written.form.name
    if expected.cell.environment.name == GONE:
        return None
    late = expected.cell.environment.name in LATE
    if name == "saved-model" and late:
        return trial(
            expected, "failed", kind="ValueError", message="write: Invalid filepath extension: artefact/model."
        )
    if expected.cell.mode == "v1" and written.form.kind == "keras" and late:
        return trial(expected, "unsupported", kind="Unsupported", message="Keras 3 has no sessions")
    return _held(strange=False)


def _reader(written: Written, reader: str, expected: Any) -> Mapping[str, Any] | Trial:
    """Return what a release has of what another wrote; within one release and in one mode all is well."""
    held = _held(strange=True)
    if expected.cell.mode == "v1" and written.form.kind == "keras" and reader in LATE:
        return trial(expected, "unsupported", kind="Unsupported", message="Keras 3 has no sessions")
    if expected.cell.mode == "v1" or (reader not in LATE and written.form.name != "export"):
        return held
    changes: dict[str, dict[str, Any] | Trial] = {
        "weights.h5": {"native slots/w/m": [-4.0, -5.0], "native warnings": strings(f"/a/b/c.py: {EVIL}", "again")},
        "tf-weights": trial(expected, "failed", kind="ValueError", message=f"read: {EVIL}"),
        "tf-weights-alone": trial(expected, "crashed", kind="SIGSEGV", message="net.py: killed by SIGSEGV"),
        "model-checkpoint": {"native weights/w": [-1.0, -2.0], "native predict/output": OUTPUT * 2},
        "checkpoint": {"native weights/b": [3.5]},
        "keras": {"native predict/output": OUTPUT * 2},
        "h5": trial(expected, "timed-out", message="net.py: no answer within 20 s"),
        "export": {"native predict/output": np.nextafter(OUTPUT, np.float32(2))},
    }
    change = changes.get(written.form.name, {})
    return change if isinstance(change, Trial) else {**held, **change}
