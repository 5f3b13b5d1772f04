"""Planting: a candidate that is the baseline with a fault in it, observed, compared and reported as any other."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from tfmatrix.config import Config
from tfmatrix.environments import making
from tfmatrix.questions.chosen import known_models
from tfmatrix.questions.matrix import report, summary
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import TRIAL, Cell, Environment, ExpectedTrial, InstalledEnvironment, Model, Package
from tfmatrix.runner.answers import to_trial
from tfmatrix.runner.observing import request_of
from tfmatrix.runner.probe import Probe
from tfmatrix.runner.rounds import Known
from tfmatrix.store.facts import INSTALLED
from tfmatrix.store.files import Folders
from tfmatrix.store.store import Store

from .faults import Fault

TESTS = Path(__file__).parents[1]
PLANTS = Path(__file__).with_name("plants.py")


class Bench:
    """A baseline in one release, observed once, and candidates that are the same release with a fault planted."""

    def __init__(self, installed: InstalledEnvironment, folder: Path, plants: Path = PLANTS, trials: int = 3) -> None:
        """Observe into a folder, each cell so many times, and plant what a file's table ``PLANTS`` has."""
        self._installed = installed
        self._plants = plants
        self._trials = trials
        self._folder = folder
        self._probes: dict[str, Probe] = {}
        root = TESTS.parent
        self._config = Config(root=root, versions=(installed.environment.name,), baseline=installed.environment.name)
        zoo = Config(root=TESTS, models_folder=Path("models"))
        models = (*known_models(self._config), *known_models(zoo))
        self._models = {model.name: model for model in models}

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for probe in self._probes.values():
            probe.close()

    def plant(self, fault: Fault) -> tuple[summary.Cell, str]:
        """Return the candidate's cell as the JSON report has it, and the Markdown report, with a fault planted."""
        with self.planted(fault) as (plan, store):
            return self._reported(plan, store)

    @contextlib.contextmanager
    def planted(self, fault: Fault) -> Iterator[tuple[Plan, Store]]:
        """Give the plan of a pair of cells and the store that has both, with a fault planted in the candidate's."""
        plan = self._plan(self._models[fault.model], fault.mode)
        cells = {cell.environment: cell for cell in plan.cells}
        with self._store(plan, cells[plan.baseline]) as store:
            self._run(plan, store, fault)
            yield plan, store

    def repeat(self, model: str, mode: str) -> tuple[summary.Cell, str]:
        """Return the candidate's cell and the report of a pair with nothing planted."""
        plan = self._plan(self._models[model], mode)
        cells = {cell.environment: cell for cell in plan.cells}
        with self._store(plan, cells[plan.baseline]) as store:
            self._run(plan, store)
            return self._reported(plan, store)

    def _run(self, plan: Plan, store: Store, fault: Fault | None = None) -> None:
        """Observe what is wanted of a pair of cells, round after round, with a fault planted in the candidate's."""
        while missing := (known := Known(store)).missing(plan.wanted(known)):
            for expected in missing:
                planted = fault and expected.cell.environment != plan.baseline and _is_hit(fault, expected)
                further = {"plant": str(self._plants), "fault": fault.name} if fault and planted else {}
                self._observe(store, expected, **further)

    def _plan(self, model: Model, mode: str) -> Plan:
        """Return a plan of one model in one mode, in the release and in itself under another name."""
        base = self._installed.environment
        planted = Environment(base.tensorflow, (Package("planted", "1"),), base.distribution, base.python)
        config = Config(root=self._config.root, modes=(mode,), reports=self._folder / "reports", trials=self._trials)
        return Plan(config, (base, planted), base, (model,))

    @contextlib.contextmanager
    def _store(self, plan: Plan, cell: Cell) -> Iterator[Store]:
        """Give a store of its own that has the baseline's trials, observed where this is the first to need them."""
        name = cell.id.replace("/", "-")
        observed = self._folder / f"{name}.sqlite"
        if not observed.exists():
            with Store(observed, Folders(self._config.root)) as store:
                for expected in plan.trials[cell]:
                    self._observe(store, expected)
        copied = shutil.copy(observed, self._folder / "planted.sqlite")
        try:
            with Store(Path(copied), Folders(self._config.root)) as store:
                for environment in plan.environments:
                    store.note(INSTALLED, plan.scope.environment_key(environment), making.to_json(self._installed))
                yield store
        finally:
            for path in self._folder.glob("planted.sqlite*"):
                path.unlink()

    def _observe(self, store: Store, expected: ExpectedTrial, **further: Any) -> None:
        probe = self._probes.get(expected.hash_seed)
        if probe is None:
            launch = expected.cell.launch
            probe = Probe(self._installed.interpreter, self._installed.environment, launch, expected.hash_seed)
            self._probes[expected.hash_seed] = probe
            probe.describe()
        header, payload = probe.ask({**request_of(expected, self._config, fresh=False), **further})
        store.add(*to_trial(expected, header, payload, self._config.root))

    def _reported(self, plan: Plan, store: Store) -> tuple[summary.Cell, str]:
        made, path = report.write_report(plan, store)
        cell = next(cell for cell in made.cells if cell.environment == plan.candidates[0].name)
        return cell, path.read_text(encoding="utf-8")


def _is_hit(fault: Fault, expected: ExpectedTrial) -> bool:
    """Return whether a fault is planted in a trial of the candidate's."""
    return not fault.trials or (expected.role == TRIAL and expected.number in fault.trials)
