"""A world without TensorFlow, in which each model changes for one reason, and remedies do what they would do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from building import BASELINE, CANDIDATE, add, installed, lock_of, make_project, missing_from, tensor, trial
from questions.explain.recording import given, op, text_tensor
from tfmatrix.environments import catalogue
from tfmatrix.questions.explain.plan import ExplainPlan, make_explain_plan
from tfmatrix.records import ExpectedTrial, Feed, Ops, Replay, Trial
from tfmatrix.store.facts import note_installed, note_machine, note_refusal
from tfmatrix.store.fingerprints import tensor_digest
from tfmatrix.store.store import Store

MOVED = {
    BASELINE: {"keras": "2.15.0", "numpy": "1.26.4"},
    CANDIDATE: {"keras": "3.12.4", "numpy": "2.0.2"},
}
"""The packages of each release."""

LEGACY, OLD_NUMPY = f"{CANDIDATE}+tf-keras-2.16.0", f"{CANDIDATE}+numpy-1.26.4"

MODELS = ("needs_both", "of_keras", "of_numpy", "of_onednn", "of_tensorflow", "same", "went")


KERNEL = ("of_tensorflow", "in_session")
"""Models of which a kernel changed; the steps of the last are run by a session."""


def plan_of(folder: Path, models: tuple[str, ...] = MODELS, *, only: str = "", **choices: Any) -> ExplainPlan:
    """Return the plan of a project in which Keras and NumPy moved too."""
    config = make_project(folder, models, **choices)
    old, new = MOVED[BASELINE], MOVED[CANDIDATE]
    write_lock(folder, BASELINE, old)
    write_lock(folder, CANDIDATE, new)
    write_lock(folder, LEGACY, {**new, "tf-keras": "2.16.0"})
    write_lock(folder, OLD_NUMPY, {**new, "numpy": old["numpy"]})
    write_lock(folder, f"{LEGACY}+numpy-1.26.4", {**new, "tf-keras": "2.16.0", "numpy": old["numpy"]})
    return make_explain_plan(config, only=only)


def write_lock(folder: Path, name: str, packages: Mapping[str, str]) -> None:
    """Write the lock of an environment."""
    environment = catalogue.parse_environment(name, distribution="tensorflow-cpu", python="3.10")
    lines = [f"tensorflow-cpu=={environment.tensorflow}", *(f"{one}=={own}" for one, own in packages.items())]
    text = "".join(f"{line} --hash=sha256:{'0' * 64}\n" for line in lines)
    lock_of(folder, environment).write_text(f"# kind: today\n{text}", encoding="utf-8")


def became(expected: ExpectedTrial) -> Mapping[str, Any] | Trial:
    """Return what becomes of a trial, as its model's name says; each is as it always was in the baseline."""
    cell = expected.cell
    further = {one.name for one in cell.environment.further}
    thrown = {*cell.launch.settings, *(name for name, _ in cell.launch.variables)}
    new = cell.environment.tensorflow == CANDIDATE
    if isinstance(expected.work, Ops | Feed):
        return step(cell.model.name, new=new)
    if isinstance(expected.work, Replay):
        there = {"ops replayed": text_tensor({"obstacles": {}}), "ops op/0": [1, 1]}
        return {**there, "ops op/1": [1, 1.0000001] if new and cell.model.name in KERNEL else [1, 1]}
    if expected.role == "jitter":
        return stages(native=1.0000001, injected=1.0000001)
    name = cell.model.name
    ends = {"never": "unsupported", **({"went": "failed"} if new and "tf-keras" not in further else {})}
    if name in ends:
        return trial(expected, ends[name], kind="ValueError", message="no such layer")
    native = {
        "of_keras": 1 if "tf-keras" in further else 9,
        "of_numpy": 1 if "numpy" in further else 9,
        "of_tensorflow": 9,
        "of_onednn": 9,
        "needs_both": 1 if "tf-keras" in further else 9,
        "hides": 9 if cell.mode == "tf2-default" else 1,
        **dict.fromkeys(("rounds_first", "rounds_second", "in_session"), 1.0000001),
    }.get(name, 1)
    injected = {
        "needs_both": 1 if "eager-functions" in thrown else 9,
        "in_session": 1.0000001,
        "wobbles": expected.number if cell.mode == "tf2-default" else 1,
    }.get(name, 1)
    if name == "of_onednn" and "TF_ENABLE_ONEDNN_OPTS" in thrown:  # it is one of its kernels, in both releases
        return stages(native=2)
    return stages(native, injected) if new else stages()


def step(model: str, *, new: bool, first: str = "") -> Mapping[str, Any]:
    """Return the single ops of a step: a product and a sigmoid, which Keras 3 has as other ops in one model.

    ``first`` is the digest of what the first makes, where that is another one.
    """
    one = {**given(parameter="x"), "digest": tensor_digest(tensor([1, 1]))}
    kinds = ("Einsum", "Sigmoid") if model == "of_keras" and new else ("MatMul", "Sigmoid")
    ops = [
        op(
            kind,
            "backward",
            "dense",
            inputs=[one],
            outputs=[{**made(number), "digest": one["digest"] if number or not first else first}],
            session=model == "in_session",
        )
        for number, kind in enumerate(kinds)
    ]
    return {"ops described": text_tensor({"ops": ops, "classes": []}), "ops op/0": [1, 1], "ops op/1": [1, 1]}


def made(number: int) -> dict[str, Any]:
    """Return an output as a probe describes it."""
    return {"stage": f"op/{number}", "dtype": "float32", "shape": [2]}


def stages(native: float = 1, injected: float = 1) -> Mapping[str, Any]:
    """Return a small trace, in which each tier has a gradient."""
    return {"native gradient@1/w": [native] * 4, "native weights@1/w": [3] * 4, "injected gradient/w": [injected] * 4}


def run(plan: ExplainPlan, store: Store, *, refused: str = "", without_ops: str = "") -> list[list[ExpectedTrial]]:
    """Observe all that is wanted, round after round, but what an environment refuses; return the rounds.

    ``without_ops`` is why no mode has single ops.
    """
    note_machine(store, plan.scope.machine)
    for environment in plan.every_environment:
        key = plan.scope.environment_key(environment)
        if environment.name == refused:
            note_refusal(store, key, "no such package")
        else:
            note_installed(store, key, installed(environment, plan.config))
    rounds: list[list[ExpectedTrial]] = []
    while missing := [one for one in missing_from(store, plan) if one.cell.environment.name != refused]:
        for one in missing:
            lacks = without_ops and isinstance(one.work, Ops)
            add(store, one, trial(one, "unsupported", message=without_ops) if lacks else became(one))
        rounds.append(missing)
    return rounds
