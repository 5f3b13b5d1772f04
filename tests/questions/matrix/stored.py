"""A small matrix in which every verdict comes up once, as stored records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from building import CANDIDATE, fill, ones, plan_of, trial
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import ExpectedTrial, Trial
from tfmatrix.store.store import Store

THIRD = "2.21.0"
MODELS = (
    "crashes", "differs", "fails_everywhere", "is_gone", "is_new", "is_nowhere", "loses_a_stage", "redraws", "rounds",
    "same", "wobbles",
)  # fmt: skip
EVIL = "a|b `c` *d*\n<script>alert(1)</script> \x1b[31mred\x1b[0m [x](y)"
"""What a model may raise with, to spoil a report."""

DRAWN = np.random.RandomState(1).standard_normal((8, 512)).astype(np.float32)
"""Initial weights under one seed in the first row, and under others in the rest."""


def make_plan(folder: Path, **choices: Any) -> Plan:
    """Return the plan of the matrix: two candidates and a baseline, one mode, eleven models."""
    return plan_of(folder, MODELS, **{"versions": ["2.15.1", CANDIDATE, THIRD], **choices})


def store_of(plan: Plan, path: Path) -> Store:
    """Return an open store that holds the matrix."""
    store = Store(path)
    fill(store, plan, answer)
    return store


def answer(expected: ExpectedTrial) -> Mapping[str, Any] | Trial | None:
    """Return what became of a trial, as its model's name says of the first candidate; the other is the baseline."""
    model, candidate = expected.cell.model.name, expected.cell.environment.name == CANDIDATE
    if why := absent(model, candidate=candidate):
        return trial(expected, "unsupported", kind="NotImplementedError", message=why)
    if model == "fails_everywhere":
        return trial(expected, "failed", kind="ValueError", message=EVIL, where="line 3")
    if expected.role == "seeds":
        return {"seeds init/w": DRAWN[4:] if candidate and model == "redraws" else DRAWN[1:4]}
    if expected.role == "jitter":
        return {**ones(gradient=np.array([2, 2, 2, 2.000001], np.float32)), **same_init(DRAWN[0])}
    return of_candidate(expected, model) if candidate else {**ones(), **same_init(DRAWN[0])}


def absent(model: str, *, candidate: bool) -> str:
    """Return why a model does not exist in the candidate or elsewhere; empty where it does."""
    here = {"is_nowhere": "needs a GPU", "is_gone": "went with Keras 2"}
    elsewhere = {"is_nowhere": "needs a GPU", "is_new": "came with 2.16"}
    return (here if candidate else elsewhere).get(model, "")


def same_init(values: Any) -> dict[str, Any]:
    """Return the first stage with some values."""
    return {"native init/w": values}


def of_candidate(  # noqa: PLR0911  # one return for each model of the small matrix
    expected: ExpectedTrial, model: str
) -> Mapping[str, Any] | Trial | None:
    """Return what a candidate has in its trials."""
    usual = {**ones(), **same_init(DRAWN[0])}
    if model == "crashes":
        return trial(expected, "crashed", kind="SIGSEGV", message="crashes.py: killed by SIGSEGV", output=EVIL)
    if model == "differs":
        return {**usual, **ones(gradient=[2.0, 2.0, 2.5, 2.0], weights=[3.0, 3.0, 9.0, 3.0]), **same_init(DRAWN[0])}
    if model == "loses_a_stage":
        return {name: values for name, values in usual.items() if name != "injected gradient/w"}
    if model == "redraws":
        return {**usual, **same_init(DRAWN[3])}
    if model == "rounds":
        return {**usual, **ones(gradient=np.array([2, 2, 2, 2.0000005], np.float32)), **same_init(DRAWN[0])}
    if model == "wobbles" and expected.name == "trial-2":
        return {**usual, **ones(weights=[3.0, 3.0, 3.0, 3.5]), **same_init(DRAWN[0])}
    return usual
