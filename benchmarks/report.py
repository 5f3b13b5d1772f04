"""How long a report takes from a store of many trials, and how that grows: run as ``python -m benchmarks.report N``."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfmatrix import matrix
from tfmatrix.config import Config
from tfmatrix.environments import catalogue
from tfmatrix.fingerprints import tensor_digest, trace_digest
from tfmatrix.plan import Plan
from tfmatrix.records import OBSERVED, Fingerprint, Model, Tensor, Trial
from tfmatrix.runner.answers import trial_of
from tfmatrix.store import Store

SMALL, LARGE = 10_000, 100_000
"""Trials of the two stores; of ten trials, two have a trace of their own and eight share one of these."""
STAGES = (
    *(f"{stage}@{step}/w" for step in range(3) for stage in ("batch", "forward", "gradient", "update", "weights")),
    "predict/y",
)


def rows() -> list[tuple[str, float, str, str]]:
    """Return what was measured as rows of name, number, unit and aim, each store in a process of its own."""
    (small, _), (large, peak) = _measured(SMALL), _measured(LARGE)
    return [
        (f"report of {LARGE} trials: time", large, "s", "under 20"),
        (f"report of {LARGE} trials: peak memory", peak, "MiB", "under 1024"),
        (
            f"report of {LARGE} trials: time a trial, against {SMALL}",
            large / small * SMALL / LARGE,
            "x",
            "at most 1",
        ),
    ]


def _measured(trials: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.report", str(trials)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, mebibytes = map(float, told.split())
    return seconds, mebibytes


def _plan(root: Path, trials: int) -> Plan:
    """Return a plan of about so many trials: every release, one mode, as many models as it takes."""
    environments = tuple(
        catalogue.parse_environment(name, distribution="tensorflow-cpu", python="3.10") for name in catalogue.RELEASES
    )
    config = Config(root=root, modes=("tf2",), jitters=0)
    per_model = len(environments) * (config.trials + 1)
    models = tuple(Model(f"/m{number}.py", f"{number:064}") for number in range(trials // per_model))
    return Plan(config, environments, environments[-1], models)


def _fill(store: Store, plan: Plan) -> None:
    """Add every trial: of each five models in a row, one has another trace in each release and four the same."""
    for cell, expected_trials in plan.trials.items():
        own = plan.models.index(cell.model) % 5 == 0
        trace, tensors = _trace(cell.model.name + (cell.environment.name if own else ""))
        for expected in expected_trials:
            trial: Trial = trial_of(expected, OBSERVED, trace=trace_digest(trace))
            store.add(trial, trace, tensors)


def _trace(name: str) -> tuple[tuple[Fingerprint, ...], dict[str, Tensor]]:
    """Return a trace that depends on a name, and its tensors."""
    made = dict(_tensors(name))
    digests = {stage: tensor_digest(tensor) for stage, tensor in made.items()}
    trace = tuple(Fingerprint("native", stage, digest) for stage, digest in digests.items())
    return trace, {digests[stage]: tensor for stage, tensor in made.items()}


def _tensors(name: str) -> Iterator[tuple[str, Tensor]]:
    rng = np.random.default_rng(list(name.encode("utf-8")))
    for stage in STAGES:
        yield stage, Tensor("float32", (16,), rng.standard_normal(16, np.float32).tobytes())


def main() -> None:
    """Fill a store, write the report, and print its seconds and this process's peak in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        plan = _plan(Path(folder), int(sys.argv[1]))
        with Store(plan.config.under_root(plan.config.store)) as store:
            _fill(store, plan)
            start = time.perf_counter()
            matrix.write_report(plan, store)
            seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{seconds} {peak}\n")


if __name__ == "__main__":
    main()
