"""An atlas of three releases, and models of which somebody recorded what they use, without any TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from building import MACHINE_OF_TESTS, add, install, make_project, tensor
from questions.atlas.world import Ran
from questions.atlas.world import reported as atlas_report
from questions.explain.recording import op, text_tensor
from tfmatrix.questions.atlas.known import Atlas
from tfmatrix.questions.static.plan import StaticPlan, make_static_plan
from tfmatrix.questions.static.summary import Report, summarise
from tfmatrix.records import Trial
from tfmatrix.report.records import machine_of
from tfmatrix.store.store import Store

SINCE, BETWEEN, UNTIL = "2.12.1", "2.15.1", "2.16.2"
"""The releases that the atlas has; a project's baseline is the one in the middle."""

HALF = {"T": ["type", "float16", False]}
FULL = {"T": ["type", "float32", False]}
"""The types of an op, as a probe describes its attributes."""

Recorded = Mapping[str, Sequence[Mapping[str, Any]] | Trial]
"""By a model, its ops, or what became of the trial that should have recorded them."""


def ran(**values: float) -> Ran:
    """Return a trial of the atlas in which products, exponentials and others made some values."""
    stages = {
        "MatMul[float16]/odd/0": ("half", "float16"),
        "MatMul[float16]/odd/gradient/a": ("gradient", "float16"),
        "MatMul[float32]/odd/0": ("full", "float32"),
        "Exp[float32]/odd/0": ("exp", "float32"),
        "Exp[float32]/special/0": ("special", "float32"),
        "Exp[float32]/compiled/0": ("compiled", "float32"),
        "Same[float32]/odd/0": ("same", "float32"),
        "keras.layers.Dense/forward/0": ("dense", "float32"),
    }
    made = {stage: tensor([values.get(name, 1.0), 0.5], dtype) for stage, (name, dtype) in stages.items()}
    if "dense" not in values:
        return Ran({stage: one for stage, one in made.items() if "." not in stage}, left_out=LEFT_OUT)
    return Ran(made, left_out=LEFT_OUT | WORDED, says={f"{name}/arguments": {"rate": "0.5"} for name in WORDED})


LEFT_OUT = {"ApplyAdam": "a handle", "Foo": "stateful"}

WORDED = {"keras.layers.Worded": "takes a model"}
"""A class that is not run: only its arguments are known."""


def atlas_of(folder: Path, **last: float) -> Atlas:
    """Return an atlas in which the last release makes some other values."""
    place = folder / "atlas"
    place.mkdir(exist_ok=True)
    classes = {"dense": 1.0} if "dense" in last else {}
    report = atlas_report(place, {SINCE: ran(**classes), BETWEEN: ran(**classes), UNTIL: ran(**last)})
    return Atlas(msgspec.structs.replace(report, machine=machine_of(MACHINE_OF_TESTS)))


def plan_of(
    folder: Path, atlas: Atlas, *models: str, since: str = SINCE, until: str = UNTIL, **choices: Any
) -> StaticPlan:
    """Return the plan of a new project with some models."""
    settings = {"versions": [SINCE, BETWEEN], "baseline": BETWEEN, **choices}
    return make_static_plan(make_project(folder, models, **settings), atlas, since=since, until=until)


def record(plan: StaticPlan, store: Store, ran: Recorded, *, at: int = 0, classes: Sequence[str] = ()) -> None:
    """Store what models use, as recorded in the environment at a place among those that may do it."""
    for cell, trials in plan.asked:
        became = ran.get(cell.model.name)
        if isinstance(became, Trial):
            one = trials[at]
            store.add(replace(became, key=one.key, id=one.id, covers=one.covers), (), {})
        elif became is not None:
            add(store, trials[at], {"ops described": text_tensor({"ops": list(became), "classes": list(classes)})})


def make(plan: StaticPlan, version: str) -> None:
    """Have an environment be made."""
    install(next(one for one in plan.recorders if one.name == version), plan.config)


def answered(folder: Path, *ops: Mapping[str, Any], classes: Sequence[str] = (), **last: float) -> Report:
    """Return the report of one model that uses some ops, by an atlas whose last release has some other values."""
    plan = plan_of(folder, atlas_of(folder, **last), "mlp")
    with Store(folder / "store.sqlite") as store:
        record(plan, store, {"mlp": ops}, classes=classes)
        return summarise(plan, store)


def half(**fields: Any) -> dict[str, Any]:
    """Return a product of float16 matrices."""
    return op("MatMul", attributes=HALF, **fields)


def full(kind: str = "MatMul", phase: str = "forward", **fields: Any) -> dict[str, Any]:
    """Return an op of float32."""
    return op(kind, phase, attributes=FULL, **fields)
