"""How long a report takes from a store of many trials, and how that grows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from tfmatrix.config import Config
from tfmatrix.questions.chosen import environment_of, named_environments
from tfmatrix.questions.matrix import report
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.questions.matrix.reread import NAME
from tfmatrix.records import JITTER, OBSERVED, SEEDS, Cell, Fingerprint, Model, Tensor, Trial
from tfmatrix.runner.answers import trial_of
from tfmatrix.store.fingerprints import tensor_digest, trace_digest
from tfmatrix.store.store import Store

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

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

REPEATS = 10
"""Turns, in each of which one report of the large store is made beside as many of the small one as have its trials."""


def rows() -> list[tuple[str, float, str, str]]:
    """Return what was measured as rows of name, number, unit and aim."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_filled(Path(folder) / str(trials), trials) for trials in (SMALL, LARGE))
        equal = LARGE // SMALL
        turns = [_turn(small, large, equal) for _ in range(REPEATS)]
        written = list(_written(large))
    times, peaks, others = zip(*turns, strict=True)
    return [
        (f"report of {LARGE} trials: time", median(times), "s", "under 20"),
        (f"report of {LARGE} trials: peak memory", max(peaks), "MiB", "under 1024"),
        (f"report of {LARGE} trials: time, against {equal} of {SMALL}", sum(times) / sum(others), "x", "at most 1"),
        *written,
    ]


def _written(filled: Path) -> Iterator[tuple[str, float, str, str]]:
    """Yield how large each file of a report of many trials is, and how long a browser takes to have opened it."""
    with _prepared(filled, LARGE) as process:
        _said(process)
        _begin(process)
        _said(process)
        assert isinstance(process.args, list)
        folder = Path(process.args[-1]) / "reports"
    for ending in ("md", "html", "json"):
        path = folder / f"{NAME}.{ending}"
        yield f"report of {LARGE} trials: {ending}", path.stat().st_size / 1e6, "MB", ""
    if browser := next(filter(None, map(shutil.which, BROWSERS)), None):
        command = [browser, "--headless", "--no-sandbox", "--dump-dom", (folder / f"{NAME}.html").as_uri()]
        begun = time.perf_counter()
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        seconds = time.perf_counter() - begun
        assert 'id="map"' in shown
        yield f"report of {LARGE} trials: opened in a browser that is started", seconds, "s", "under 10"


def _turn(small: Path, large: Path, equal: int) -> tuple[float, float, float]:
    """Return the seconds and the MiB of a first report of the large store, and the seconds of so many of the small one.

    Each is made in a process of its own, the small ones one after the other while the large one is made: a processor's
    speed changes within seconds, and what is compared has to be timed in the same ones. What every report costs once,
    a few hundredths of a small one, is in each; tests/test_growth.py counts the work without it.
    """
    with ExitStack() as stack:
        beside, *others = (
            stack.enter_context(_prepared(*each)) for each in ((large, LARGE), *[(small, SMALL)] * equal)
        )
        for process in (beside, *others):
            _said(process)
        os.sync()  # writing a copy is no part of the report
        _begin(beside)
        seconds = 0.0
        for process in others:
            _begin(process)
            seconds += _said(process)[0]
            process.wait()
        time_, peak = _said(beside)
    return time_, peak, seconds


@contextmanager
def _prepared(filled: Path, trials: int) -> Iterator[subprocess.Popen[str]]:
    """Have a process that makes the first report of a copy of a store when it is told to begin."""
    # The copies stay until the end: many files that were removed just now make the next ones slow to make.
    copy = shutil.copytree(filled, tempfile.mkdtemp(dir=filled.parent), dirs_exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.report", str(trials), copy]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def _begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.close()


def _said(process: subprocess.Popen[str]) -> list[float]:
    """Return the numbers of the next line that a process writes; raises ``RuntimeError`` where it has ended instead."""
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait()}")
    return [float(word) for word in line.split()]


def _filled(folder: Path, trials: int) -> Path:
    """Return the folder, with a store of so many trials in it."""
    plan = _plan(folder, trials)
    with Store(plan.config.under_root(plan.config.store)) as store:
        _fill(store, plan)
    return folder


def _plan(root: Path, trials: int) -> Plan:
    """Return a plan in the shape of the default matrix, with as many models as make about so many trials."""
    config = Config(root=root)
    environments, baseline = named_environments(config, config.baseline), environment_of(config, config.baseline)
    per_model = len(config.modes) * (len(environments) * (config.trials + 1) + config.jitters)
    models = tuple(Model(str(root / f"m{number}.py"), f"{number:064}") for number in range(trials // per_model))
    root.mkdir(exist_ok=True)
    for model in models:
        Path(model.path).write_text("def variables(): ...\n", encoding="utf-8")  # which says its kind
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
    """Make the plan of a folder's store of so many trials, write an empty line, and wait for the end of the input.

    Then write the report, and print the seconds that it took and this process's peak in MiB.
    """
    trials, folder = sys.argv[1:]
    plan = _plan(Path(folder), int(trials))
    assert plan.trials  # a run has made its plan when it comes to the report
    sys.stdout.write("\n")
    sys.stdout.flush()
    sys.stdin.read()
    start = time.perf_counter()
    with Store(plan.config.under_root(plan.config.store)) as store:
        report.write_report(plan, store)
    seconds = time.perf_counter() - start  # closing included, when what was measured goes from the log into the store
    # Linux's own figure: that of `getrusage` is the parent's where that one was larger when it started this process.
    (peak,) = (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    sys.stdout.write(f"{seconds} {int(peak) / 1024}\n")


if __name__ == "__main__":
    main()
