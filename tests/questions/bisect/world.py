"""A world without TensorFlow, in which each build of a line gives what a table says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from building import add, installed, lock_of, make_project, trial
from tfmatrix.environments import catalogue, offered
from tfmatrix.environments.offered import Uploaded
from tfmatrix.questions.bisect.plan import BisectPlan, Choices, make_bisect_plan
from tfmatrix.records import Environment, ExpectedTrial, InstalledEnvironment, Package, Trial
from tfmatrix.runner.events import Finished, Refused
from tfmatrix.runner.rounds import Known
from tfmatrix.store.facts import note_installed, note_machine, note_refusal
from tfmatrix.store.store import Store

CELL = "mlp/tf2"

RELEASES = catalogue.RELEASES
"""The line where nothing finer is asked for."""

Gives = Mapping[str, Any]
"""By the name of a build: a number, or a word for what becomes of its trials."""

SEVENTH = "2.14.1"


def changing(*at: str, names: Sequence[str] = RELEASES) -> dict[str, Any]:
    """Return what builds give where the results change at some of them, each time to new ones."""
    given, value = {}, 1.0
    for name in names:
        value += name in at
        given[name] = value
    return given


@dataclass
class World:
    """A project, and what each of its builds gives."""

    folder: Path
    gives: Gives
    models: Sequence[str] = ("mlp",)
    settings: dict[str, Any] = field(default_factory=dict)
    packages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What else a build's lock has."""
    tried: list[str] = field(default_factory=list)
    """The builds that were run, in order."""
    trials: list[str] = field(default_factory=list)
    rounds: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write the project, with a lock for each build."""
        self.config = make_project(self.folder, self.models, **{"jitters": 1, **self.settings})
        for name, given in self.gives.items():
            if given != "unlocked":
                self.write_lock(name)

    def write_lock(self, name: str) -> None:
        """Write the lock of a build."""
        environment = catalogue.parse_environment(name, distribution="tensorflow-cpu", python="3.10")
        lines = [f"{one.name}=={one.version} --hash=sha256:{'0' * 64}\n" for one in self._packages(environment)]
        lock_of(self.folder, environment).write_text("# kind: today\n" + "".join(lines), encoding="utf-8")

    def plan(self, between: str, *cells: str, axis: str = "tensorflow", **choices: Any) -> BisectPlan:
        """Return the plan of a bisect."""
        return make_bisect_plan(self.config, between, cells or (CELL,), axis, Choices(**choices))

    def run(self, plan: BisectPlan, store: Store, *, fresh: bool = False) -> Known:
        """Observe what is wanted, round after round; return what is known then."""
        known = Known(store, fresh=fresh)
        note_machine(store, plan.scope.machine)
        while missing := known.missing(plan.wanted(known)):
            self.rounds.append(list(dict.fromkeys(one.cell.environment.name for one in missing)))
            for expected in missing:
                self.observe(expected, plan, store, known)
        return known

    def observe(self, expected: ExpectedTrial, plan: BisectPlan, store: Store, known: Known) -> None:
        """Have a trial become what its build gives, or its environment be refused."""
        environment = expected.cell.environment
        key = plan.scope.environment_key(environment)
        if environment.name not in self.tried:
            self.tried.append(environment.name)
        if self.gives[environment.name] == "refused":
            note_refusal(store, key, "no such wheel")
            known.learn(Refused(environment, "no such wheel"))
            return
        self.trials.append(expected.id)
        note_installed(store, key, self._installed(environment))
        came = became(expected, self.gives[environment.name])
        add(store, expected, came)
        known.learn(Finished(expected, trial(expected, "failed"), (), {}))

    def _installed(self, environment: Environment) -> InstalledEnvironment:
        return replace(installed(environment, self.config), packages=tuple(self._packages(environment)))

    def _packages(self, environment: Environment) -> Iterator[Package]:
        own = {environment.distribution: environment.tensorflow, "numpy": "1.26.4", "keras": "3.9.0"}
        own |= {one.name: one.version for one in environment.further} | {**self.packages.get(environment.name, {})}
        yield from sorted(catalogue.as_installed(Package(*pair)) for pair in own.items())


def became(expected: ExpectedTrial, given: Any) -> Mapping[str, Any] | Trial:
    """Return what becomes of a trial: a number is what the gradient has, natively and injected."""
    if given == "unstable":
        given = float(expected.number)
    if given == "sometimes":
        given = "failed" if expected.number == 1 else 1.0
    if isinstance(given, str):
        return trial(expected, given, kind="ValueError", message=f"it {given} here")
    if isinstance(given, Mapping):
        return given
    if expected.role == "jitter":
        given *= 1 + 2.0**-22
    return stages(given)


def stages(value: float, init: float = 1.0) -> dict[str, Any]:
    """Return a small trace."""
    return {
        "native init/w": [init] * 4,
        "native gradient@1/w": [value] * 4,
        "native weights@1/w": [3.0 + value] * 4,
        "injected gradient/w": [value] * 4,
    }


def offer(monkeypatch: pytest.MonkeyPatch, **packages: Mapping[str, tuple[str, ...] | Uploaded]) -> list[str]:
    """Have the index offer versions of packages, with Pythons or more; return the list of what it is asked for."""
    asked: list[str] = []

    def versions_of(package: str, root: Path) -> dict[str, Uploaded]:
        del root
        asked.append(package)
        found = packages.get(package.replace("-", "_"), {})
        return {version: Uploaded(one) if isinstance(one, tuple) else one for version, one in found.items()}

    monkeypatch.setattr(offered, "versions_of", versions_of)
    return asked
