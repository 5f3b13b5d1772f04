"""How long a report takes from a store of many trials, and how that grows."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from tfmatrix import matrix
from tfmatrix.config import Config
from tfmatrix.fingerprints import tensor_digest, trace_digest
from tfmatrix.plan import Plan, environments_of
from tfmatrix.records import JITTER, OBSERVED, SEEDS, Cell, Fingerprint, Model, Tensor, Trial
from tfmatrix.runner.answers import trial_of
from tfmatrix.store import Store

SMALL, LARGE = 10_000, 100_000
"""Trials of the two stores, a fifth as many distinct traces, as those of the real default matrix have."""
STEPS = [f"{stage}@{step}/w" for step in range(3) for stage in ("forward", "gradient", "update", "weights")]
STAGES = (
    ("native", "data/x"),
    ("native", "init/w"),
    *(("native", stage) for stage in (*STEPS, "predict/y")),
    *(("injected", stage) for stage in ("forward@0/w", "gradient@0/w")),
)
ELEMENTS = 64

REPEATS = 6
"""Turns: as many first reports of the small store as have the trials of the large one together, and one of that.

A processor's speed changes within minutes, so what is compared is timed in the same ones. The small ones follow each
other in one process: one that takes a second finds a rested processor, and is faster than the same work in a row.
"""


def rows() -> list[tuple[str, float, str, str]]:
    """Return what was measured as rows of name, number, unit and aim."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_filled(Path(folder) / str(trials), trials) for trials in (SMALL, LARGE))
        equal = LARGE // SMALL
        times, others, peaks = [], [], []
        for _ in range(REPEATS):
            others.append(_first_reports(small, SMALL, equal)[0])
            seconds, peak = _first_reports(large, LARGE, 1)
            times.append(seconds)
            peaks.append(peak)
    return [
        (f"report of {LARGE} trials: time", median(times), "s", "under 20"),
        (f"report of {LARGE} trials: peak memory", max(peaks), "MiB", "under 1024"),
        (f"report of {LARGE} trials: time, against {equal} of {SMALL}", sum(times) / sum(others), "x", "at most 1"),
    ]


def _filled(folder: Path, trials: int) -> Path:
    """Return the folder, with a store of so many trials in it."""
    plan = _plan(folder, trials)
    with Store(plan.config.under_root(plan.config.store)) as store:
        _fill(store, plan)
    return folder


def _first_reports(filled: Path, trials: int, count: int) -> tuple[float, float]:
    """Return the seconds and the MiB that first reports of so many copies of a store take, in one new process."""
    # The copies stay until the end: many files that were removed just now make the next ones slow to make.
    made = [tempfile.mkdtemp(dir=filled.parent) for _ in range(count)]
    copies = [shutil.copytree(filled, folder, dirs_exist_ok=True) for folder in made]
    os.sync()  # writing a copy is no part of the report
    command = [sys.executable, "-m", "benchmarks.report", str(trials), *copies]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, mebibytes = map(float, told.split())
    return seconds, mebibytes


def _plan(root: Path, trials: int) -> Plan:
    """Return a plan in the shape of the default matrix, with as many models as make about so many trials."""
    config = Config(root=root)
    environments, baseline = environments_of(config)
    per_model = len(config.modes) * (len(environments) * (config.trials + 1) + config.jitters)
    models = tuple(Model(f"/m{number}.py", f"{number:064}") for number in range(trials // per_model))
    return Plan(config, environments, baseline, models)


def _fill(store: Store, plan: Plan) -> None:
    """Add every trial.

    Of each five models two round otherwise in the oldest and in the newest release, three where their inputs are moved,
    and two never.
    """
    outermost = plan.environments[0], plan.environments[-1]
    numbers = {model: number % 5 for number, model in enumerate(plan.models)}
    for cell, expected_trials in plan.trials.items():
        number = numbers[cell.model]
        released = cell.environment.name if number < 2 and cell.environment in outermost else ""
        for expected in expected_trials:
            rounding = expected.name if number < 3 and expected.role == JITTER else released
            made = _seeds(cell) if expected.role == SEEDS else _trained(cell, rounding)
            digests = {name: tensor_digest(tensor) for name, tensor in made.items()}
            trace = tuple(Fingerprint(*name, digest) for name, digest in digests.items())
            trial: Trial = trial_of(expected, OBSERVED, trace=trace_digest(trace))
            store.add(trial, trace, {digests[name]: tensor for name, tensor in made.items()})


def _trained(cell: Cell, rounding: str) -> dict[tuple[str, str], Tensor]:
    """Return the tensors of a trial of a cell, all but data and initial weights rounded by chance of a name."""
    modes = [cell.mode if tier == "native" else "" for tier, _ in STAGES]  # what is injected is the same in both
    numbers = np.stack([_numbers(f"{cell.model.name} {at}", mode, ELEMENTS) for at, mode in enumerate(modes)])
    if rounding:
        chance = _numbers(cell.model.name + rounding, cell.mode, numbers[2:].size).reshape(numbers[2:].shape)
        numbers[2:] *= np.float32(1) + chance * np.finfo(np.float32).eps
    return {name: Tensor("float32", (ELEMENTS,), row.tobytes()) for name, row in zip(STAGES, numbers, strict=True)}


def _seeds(cell: Cell) -> dict[tuple[str, str], Tensor]:
    """Return the initial weights of a cell under 32 other seeds."""
    drawn = _numbers(f"{cell.model.name} seeds", cell.mode, 32 * ELEMENTS)
    return {("seeds", "init/w"): Tensor("float32", (32, ELEMENTS), drawn.tobytes())}


def _numbers(model: str, mode: str, count: int) -> NDArray[np.float32]:
    """Return numbers drawn under the seed of a name."""
    return np.random.default_rng(list(f"{model} {mode}".encode())).standard_normal(count, np.float32)


def main() -> None:
    """Write reports of folders' stores of so many trials, and print their seconds and this process's peak in MiB."""
    trials, *folders = sys.argv[1:]
    plans = [_plan(Path(folder), int(trials)) for folder in folders]
    assert all(plan.trials for plan in plans)  # a run has made its plan when it comes to the report
    start = time.perf_counter()
    for plan in plans:
        with Store(plan.config.under_root(plan.config.store)) as store:
            matrix.write_report(plan, store)
    seconds = time.perf_counter() - start  # closing included, when what was measured goes from the log into the store
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{seconds} {peak}\n")


if __name__ == "__main__":
    main()
