"""What tests build: projects and their plans, tensors and traces, trials, and small stores that hold them."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from tfmatrix import config
from tfmatrix.cli.upkeep import LIVE
from tfmatrix.environments import contents, locks, making
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import (
    OBSERVED,
    SEEDS,
    Environment,
    ExpectedTrial,
    Fingerprint,
    InstalledEnvironment,
    Machine,
    Package,
    Tensor,
    Trial,
)
from tfmatrix.runner.rounds import Asker, Known
from tfmatrix.store import upkeep
from tfmatrix.store.facts import INSTALLED, MACHINE
from tfmatrix.store.fingerprints import tensor_digest, trace_digest
from tfmatrix.store.store import Store

BASELINE, CANDIDATE = "2.15.1", "2.16.2"

SMALL: dict[str, Any] = {
    "versions": [BASELINE, CANDIDATE],
    "baseline": BASELINE,
    "modes": ["tf2"],
    "trials": 2,
    "jitters": 1,
    "jobs": 2,
    "timeout": 20,
}
"""The settings of a project of tests: two environments, one mode, and no more trials than each role needs."""

MACHINE_OF_TESTS = Machine(
    cpu="Test CPU",
    revision="cpu family 6, model 85, stepping 7",
    flags=("avx", "avx2", "fma", "sse"),
    architecture="x86_64",
    libc="glibc 2.36",
    gpus=(),
    kernel="6.1.0",
    cores=4,
    memory_gib=16.0,
)

Stages = Mapping[str, Any]
"""A trace to be: tier and full stage name, ``native gradient@1/w``, to values."""


def make_project(
    folder: Path, models: Iterable[str] | Mapping[str, str] = ("mlp",), more: str = "", **choices: Any
) -> config.Config:
    """Write a project, with a lock for each version, and return its configuration; ``more`` is further TOML."""
    settings = {**SMALL, **choices}
    table = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
    (folder / "pyproject.toml").write_text(f"[tool.tfmatrix]\n{table}\n{more}\n", encoding="utf-8")
    sources = models if isinstance(models, Mapping) else {name: f"# {name}\n" for name in models}
    for name, source in sources.items():
        path = folder / "reference_models" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
    (folder / "locks").mkdir(exist_ok=True)
    for version in settings["versions"]:
        if "+" not in version and version != config.ALL:
            lock_of(folder, Environment(version)).write_text(f"# kind: today\n# {version}\n", encoding="utf-8")
    return config.load(folder)


def lock_of(folder: Path, environment: Environment) -> Path:
    """Return the path of an environment's lock in a project."""
    return folder / "locks" / f"{locks.stem(environment)}.txt"


def plan_of(folder: Path, models: Iterable[str] | Mapping[str, str] = ("mlp",), more: str = "", **choices: Any) -> Plan:
    """Return the plan of a new project."""
    return make_plan(make_project(folder, models, more, **choices))


def tensor(values: Any, dtype: str = "float32") -> Tensor:
    """Return values as a tensor of one of NumPy's dtypes."""
    array = np.asarray(values, dtype)
    return Tensor(array.dtype.name, array.shape, array.tobytes())


def traced(stages: Stages) -> tuple[tuple[Fingerprint, ...], dict[str, Tensor]]:
    """Return the trace of some stages, and their tensors by digest."""
    trace, tensors = [], {}
    for name, values in stages.items():
        tier, _, stage = name.partition(" ")
        found = values if isinstance(values, Tensor) else tensor(values)
        digest = tensor_digest(found)
        tensors[digest] = found
        trace.append(Fingerprint(tier, stage, digest))
    return tuple(trace), tensors


def trial(
    expected: ExpectedTrial, outcome: str = OBSERVED, trace: Iterable[Fingerprint] = (), **evidence: Any
) -> Trial:
    """Return a trial that was expected."""
    digest = trace_digest(trace) if outcome == OBSERVED else None
    return Trial(expected.key, outcome, expected.id, expected.covers, digest, **evidence)


def add(store: Store, expected: ExpectedTrial, became: Stages | Trial) -> None:
    """Add what became of an expected trial: the stages that were observed, or a trial that was not."""
    if isinstance(became, Trial):
        store.add(became, (), {})
        return
    trace, tensors = traced(became)
    store.add(trial(expected, trace=trace), trace, tensors)


def rest(store: Store, *, on: Iterable[Path], root: Path, **further: Any) -> None:
    """Have every trial of a store have read some files, as they are now."""
    names = {path: str(path.relative_to(root)) if path.is_relative_to(root) else str(path) for path in on}
    read = tuple((name, hashlib.sha256(path.read_bytes()).hexdigest()) for path, name in names.items())
    for (key,) in store.connection.execute("SELECT key FROM trials").fetchall():
        found = store.any_trial(key)
        assert found
        store.add(replace(found, read=read, **further), store.trace(found.trace) if found.trace else (), {})


def fill(store: Store, plan: Plan, answer: Callable[[ExpectedTrial], Stages | Trial | None]) -> None:
    """Add what an answer says of each expected trial (None: it is missing), environments, and a machine of tests."""
    for trials in plan.trials.values():
        for expected in trials:
            became = answer(expected)
            if became is not None:
                add(store, expected, became)
    for environment in plan.environments:
        noted = making.to_json(installed(environment, plan.config))
        store.note(INSTALLED, plan.scope.environment_key(environment), noted)
    store.note(MACHINE, machine_id(this_machine()), asdict(MACHINE_OF_TESTS))


def remove_stale(store: Store, question: Asker) -> tuple[int, int]:
    """Remove what no question has any use for, and return how many trials and tensors these were."""
    live = [is_live(question.config, store) for is_live in LIVE]
    return upkeep.remove_stale(store, question.scope.probe, lambda covers: any(one(covers) for one in live))


def missing_from(store: Store, question: Asker) -> list[ExpectedTrial]:
    """Return the trials that a question wants next, and that a store does not have."""
    known = Known(store)
    return known.missing(question.wanted(known))


def first_round(plan: Plan) -> list[ExpectedTrial]:
    """Return the trials that are wanted before anything is known: other seeds only where initial weights differ."""
    return [one for trials in plan.trials.values() for one in trials if one.role != SEEDS]


def installed(environment: Environment, settings: config.Config) -> InstalledEnvironment:
    """Return an environment as though it were made, with the Python that runs the tests."""
    folder = making.folder_of(environment, settings.root / ".nox")
    return InstalledEnvironment(
        environment=environment,
        interpreter=str(folder.absolute() / "bin" / "python"),
        python_version="3.10.13",
        lock_digest=locks.digest(lock_of(settings.root, environment)),
        lock_kind="today",
        packages=(Package("numpy", "1.26.4"), Package("tensorflow-cpu", environment.tensorflow)),
    )


def install(environment: Environment, settings: config.Config) -> None:
    """Put an environment in its place whose interpreter is the Python that runs the tests."""
    made = installed(environment, settings)
    interpreter = Path(made.interpreter)
    interpreter.parent.mkdir(parents=True)
    interpreter.symlink_to(sys.executable)
    for package in made.packages:
        described = interpreter.parents[1] / f"lib/python3.10/site-packages/{package.name}-{package.version}.dist-info"
        described.mkdir(parents=True)
        (described / "METADATA").write_text(f"Name: {package.name}\nVersion: {package.version}\n", encoding="utf-8")
    stamp = interpreter.parents[1] / making.STAMP
    contents.note(stamp.parent)
    stamp.write_text(json.dumps(making.to_json(made)), encoding="utf-8")


def ones(**changes: Any) -> dict[str, Any]:
    """Return a small healthy trace; a change is named ``weights`` for ``native weights@1/w``."""
    values = {"init": [1.0] * 40, "gradient": [2.0] * 4, "weights": [3.0] * 4, **changes}
    return {
        "native init/w": values["init"],
        "native gradient@1/w": values["gradient"],
        "native weights@1/w": values["weights"],
        "injected gradient/w": values["gradient"],
    }
