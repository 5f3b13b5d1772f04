"""Worlds without TensorFlow: what becomes of every trial of an results, told by a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from building import install, installed, make_project, ones, traced, trial
from tfmatrix.config import Config
from tfmatrix.questions.recipes.known import known
from tfmatrix.questions.recipes.plan import RecipesPlan, make_recipes_plan
from tfmatrix.questions.recipes.results import Results
from tfmatrix.records import CRASHED, FROM_OUTSIDE, OBSERVED, Environment, ExpectedTrial, Script
from tfmatrix.runner.events import Event, Finished, Launched, Ready, Refused
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store

World = Callable[[ExpectedTrial], Any]
"""Returns a number, which stands for the bits, the outcome of a trial that was not observed, or what killed it."""

SEEDED_BY_PYTHON = ("2.8", "2.9")
"""Releases in which the usual first snippet reproduces."""


def facts(expected: ExpectedTrial) -> Any:
    """Answer as TensorFlow does, in short: what a recipe reaches, and in which release."""
    recipe, name = expected.cell.model.path.strip("/").removesuffix(".py"), expected.start.name
    process = float(sum(map(ord, name)))  # another one in every process
    old = expected.cell.environment.name.startswith(SEEDED_BY_PYTHON)
    if recipe == "v1-snippet-as-written":
        return "failed"
    if recipe in {"none", "v1-none", "tensorflow-seed", "layer-seeds", "dataset-shuffle", "v1-seed-after-model"}:
        return process
    if recipe in {"numpy-tensorflow-seeds", "numpy-tensorflow-determinism"} and not old:
        return process
    if expected.cell.model.variant == "parallel-map" and "determinism" not in recipe:
        return process
    doings = expected.work.doings if isinstance(expected.work, Script) else ()
    twice = "run-twice" in doings and expected.cell.mode == "v1"
    if twice and recipe not in {"v1-fresh-graph-seed", "v1-op-seeds"}:
        return 2.0
    return 3.0 if expected.role == "xla-on" else 1.0


def results_of(plan: RecipesPlan, store: Store) -> Results:
    """Return what is known once everything that a plan wants was run."""
    rounds(plan, store, lambda _: None)
    return known(plan, store)


def inhabit(
    monkeypatch: pytest.MonkeyPatch, world: World, refused: Iterable[str] = (), asked: list[str] | None = None
) -> None:
    """Let trials be answered by a world; environments that are refused have none."""

    def observe(missing: list[ExpectedTrial], config: Config) -> Iterator[Event]:
        environments = dict.fromkeys(expected.cell.environment for expected in missing)
        for environment in environments:
            if environment.name in refused:
                yield Refused(environment, "there is no wheel.")
            else:
                yield Ready(environment, installed(environment, config))
        for expected in missing:
            if expected.cell.environment.name in refused:
                continue
            if asked is not None:
                asked.append(expected.id)
            yield Launched(expected.cell.environment, 0.0, can_fork=True, start=expected.start, saw=saw(expected))
            became = world(expected)
            if became in FROM_OUTSIDE:
                yield Finished(expected, trial(expected, CRASHED, kind=became), (), {})
            elif isinstance(became, str):
                yield Finished(expected, trial(expected, became, message="r.py, line 6: AttributeError: no"), (), {})
            else:
                trace, tensors = traced(ones(init=[became] * 40))
                yield Finished(expected, trial(expected, OBSERVED, trace), trace, tensors)

    monkeypatch.setattr("tfmatrix.runner.rounds.observe", observe)


def saw(expected: ExpectedTrial) -> dict[str, object]:
    """Return what a process of a world reports: everything that it was asked for, and fixed addresses never."""
    start = expected.start
    return {
        "imports": [*start.imports, expected.cell.environment.name],
        "hash": dict(start.variables).get("PYTHONHASHSEED", "0"),
        "here": start.here,
        "home": start.home,
        "locale": dict(start.variables).get("LC_ALL", ""),
        "zone": dict(start.variables).get("TZ", ""),
        "processors": start.processors,
        "fixed_addresses": False,
        "variables": [list(one) for one in start.variables],
        "variables_size": sum(len(value) for _, value in start.variables),
    }


def project(folder: Path, versions: Iterable[str] = ("2.9.3", "2.15.1"), **choices: Any) -> RecipesPlan:
    """Return a plan of a new project whose environments are made."""
    settings = make_project(folder, (), **{"versions": list(versions), "modes": ["tf2", "v1"], "trials": 3, **choices})
    for version in versions:
        install(Environment(version), settings)
    return make_recipes_plan(settings)
