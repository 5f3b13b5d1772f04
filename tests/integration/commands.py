"""Commands as a user has them: a project with their tables, run by the runner, stored, and looked at cell by cell."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tfmatrix import config
from tfmatrix.compare.cells import state_of
from tfmatrix.compare.results import CellState
from tfmatrix.compare.stages import parse
from tfmatrix.compare.tensors import Tensors
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import PLAIN, TRIAL, Trial
from tfmatrix.runner.events import Finished, Refused
from tfmatrix.runner.observing import observe
from tfmatrix.store.fingerprints import to_array
from tfmatrix.store.opening import open_store

from .project import PATIENCE, ROOT

Command = Mapping[str, Any]
"""A table `[tool.tfmatrix.models.NAME]`."""


@dataclass(frozen=True)
class Observed:
    """One cell: what its trial and its plain trial say together, and each of them."""

    state: CellState
    trial: Trial
    plain: Trial
    arrays: Mapping[str, NDArray[Any]]
    """What the trial recorded, by full stage name, in the order in which that happened."""
    plain_arrays: Mapping[str, NDArray[Any]]

    @cached_property
    def by_step(self) -> Mapping[str, Mapping[int | None, tuple[str, ...]]]:
        """The names that each kind of stage has, by step: ``{"gradient": {0: ("dense/kernel", ...)}}``."""
        found: dict[str, dict[int | None, list[str]]] = defaultdict(lambda: defaultdict(list))
        for stage in map(parse, self.arrays):
            found[stage.kind][stage.step].append(stage.variable)
        return {kind: {step: tuple(names) for step, names in steps.items()} for kind, steps in found.items()}

    def names(self, kind: str) -> list[tuple[str, ...]]:
        """Return the names of a kind of stage, step by step."""
        return list(self.by_step.get(kind, {}).values())


def make_project(folder: Path, files: Path, tables: Mapping[str, Command]) -> Path:
    """Make a project of a copy of some files, with a table for each command; the environments are this repository's."""
    shutil.copytree(files, folder, dirs_exist_ok=True)
    (folder / ".nox").symlink_to(ROOT / ".nox")
    lines = ["", "[tool.tfmatrix]", "trials = 1", "jitters = 0", f"timeout = {PATIENCE}"]
    for name, table in tables.items():
        lines += [f"[tool.tfmatrix.models.{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return folder


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def observe_project(folder: Path, versions: Sequence[str]) -> dict[tuple[str, str], Observed]:
    """Run a trial and a plain trial of each command in each release; return the cells by model and release."""
    chosen = config.load(folder).overridden(versions=list(versions), baseline=versions[0])
    plan = make_plan(chosen)
    wanted = {cell: [e for e in plan.trials[cell] if e.role in {TRIAL, PLAIN}] for cell in plan.cells}
    found = {}
    with open_store(chosen) as store:
        for event in observe([expected for trials in wanted.values() for expected in trials], chosen):
            assert not isinstance(event, Refused), event
            if isinstance(event, Finished):
                store.add(event.trial, event.trace, event.tensors)
        for cell, expected in wanted.items():
            trials = [(one, store.trial(one.key)) for one in expected]
            trial, plain = (there for _, there in trials)
            assert trial is not None
            assert plain is not None

            def arrays(of: Trial) -> dict[str, NDArray[Any]]:
                return {f.stage: to_array(store.tensor(f.digest)) for f in store.trace(of.trace)} if of.trace else {}

            state = state_of(cell, trials, "", Tensors(store), store)
            found[cell.model.name, cell.environment.name] = Observed(state, trial, plain, arrays(trial), arrays(plain))
    return found
