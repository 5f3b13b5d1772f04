"""Projects with a store that is filled already, or with environments that are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from building import CANDIDATE, fill, install, make_project, ones, trial
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import ExpectedTrial
from tfmatrix.store.store import Store


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Tell = Callable[..., Said]


def stored(folder: Path, answer: Callable[[ExpectedTrial], Any], **choices: Any) -> Plan:
    """Make a project whose store holds what an answer says of each trial."""
    plan = make_plan(make_project(folder, **choices))
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        fill(store, plan, answer)
    return plan


def made(folder: Path, models: list[str] | Mapping[str, str], **choices: Any) -> Plan:
    """Make a project whose environments are made."""
    plan = make_plan(make_project(folder, models, **choices))
    for environment in plan.environments:
        install(environment, plan.config)
    return plan


def changed(expected: ExpectedTrial) -> Any:
    """Answer with other weights in the candidate."""
    return ones(weights=[9.0] * 4) if expected.cell.environment.name == CANDIDATE else ones()


def ending(outcome: str) -> Callable[[ExpectedTrial], Any]:
    """Return an answer in which the candidate's trials ended so."""

    def answer(expected: ExpectedTrial) -> Any:
        if expected.cell.environment.name != CANDIDATE:
            return ones()
        return None if outcome == "missing" else trial(expected, outcome, message="m")

    return answer
