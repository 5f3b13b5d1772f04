"""The default matrix on environments that are made: beside the plain way, beside its floor, and once all is stored."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from tfmatrix import config
from tfmatrix.questions.matrix import report
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import OBSERVED, UNSUPPORTED, Environment, ExpectedTrial
from tfmatrix.runner import making
from tfmatrix.runner.events import Event, Finished, Launched
from tfmatrix.runner.observing import processes_at_once, request_of
from tfmatrix.runner.probe import Probe
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store

ROOT = Path(__file__).parents[1]

PLAIN = 60
"""Trials that are run the plain way, drawn from the whole matrix; from these its time for all of them is scaled up."""


@dataclass
class _Seen:
    """What the events of a run told."""

    imports: dict[Environment, list[float]] = field(default_factory=dict)
    compute: float = 0.0
    """Seconds of all trials together, each from its start to its end."""

    def watch(self, event: Event) -> None:
        """Take in an event; with a trial that failed the figures would be worth nothing."""
        match event:
            case Launched(environment, seconds, _):
                self.imports.setdefault(environment, []).append(seconds)
            case Finished(expected=expected, trial=trial):
                assert trial.outcome in {OBSERVED, UNSUPPORTED}, f"{expected.id}: {trial.message}"
                self.compute += trial.seconds

    def floor(self, cores: int) -> float:
        """Return the least seconds: an import for each environment (of one launch), and the trials, over cores."""
        return (sum(map(median, self.imports.values())) + self.compute) / cores


def rows() -> list[tuple[str, float, str, str]]:
    """Return what was measured as rows of name, number, unit and aim; an environment that is missing is made first."""
    with tempfile.TemporaryDirectory() as folder:
        plan = _project(Path(folder))
        trials = [expected for ones in plan.trials.values() for expected in ones]
        seen = _Seen()
        with Store(plan.config.under_root(plan.config.store)) as store:
            start = time.perf_counter()
            rounds(plan, store, seen.watch)
            report.write_report(plan, store)
            whole = time.perf_counter() - start
        again = median(_seconds_of_a_run(plan.config.root) for _ in range(3))
        growth = _growth(plan)
        jobs = processes_at_once(plan.config)
        sampled = random.Random(0).sample(trials, PLAIN)
        plain = _seconds_of_the_plain_way(plan, sampled, jobs) * len(trials) / PLAIN
    return [
        (
            f"default matrix, {len(trials)} trials: time the plain way ({PLAIN} of them)",
            plain / whole,
            "x",
            "at least 5",
        ),
        ("default matrix: time against its floor", whole / seen.floor(jobs), "x", "at most 1.25"),
        ("default matrix, all of it stored: time", again, "s", "under 3"),
        ("a trial whose bits are all known: growth of the store", growth, "bytes", "under 4096"),
    ]


def _project(folder: Path) -> Plan:
    """Make a project like this one in an empty folder, with its environments and an empty store; return its plan."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in ("reference_models", ".nox"):
        (folder / name).symlink_to(ROOT / name)
    plan = make_plan(config.load(folder))
    for environment in plan.environments:
        if making.find(environment, plan.config) is None:
            making.Maker(plan.config).make(environment)
    return plan


def _seconds_of_a_run(folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "tfmatrix", "run", "-q"], cwd=folder, check=True)
    return time.perf_counter() - start


def _seconds_of_the_plain_way(plan: Plan, trials: Sequence[ExpectedTrial], jobs: int) -> float:
    """Run trials in a process each, as many at once as the matrix has, and return the seconds that it took."""
    found = {environment: making.find(environment, plan.config) for environment in plan.environments}

    def observe(expected: ExpectedTrial) -> None:
        installed = found[expected.cell.environment]
        assert installed
        probe = Probe(installed.interpreter, installed.environment, expected.cell.launch, expected.hash_seed)
        probe.describe()
        header, _ = probe.ask(request_of(expected, plan.config, fresh=True))
        probe.close()
        assert header["outcome"] in {OBSERVED, UNSUPPORTED}, header

    start = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(observe, trials))
    return time.perf_counter() - start


def _growth(plan: Plan) -> float:
    """Return the bytes by which a store grows with a trial whose trace it has: each one again under another key."""
    with Store(plan.config.under_root(plan.config.store)) as store:
        before, added = _size(store), 0
        for expected in (expected for ones in plan.trials.values() for expected in ones):
            trial = store.trial(expected.key)
            if trial and trial.trace:
                store.add(replace(trial, key=f"again {trial.key}"), store.trace(trial.trace), {})
                added += 1
        return (_size(store) - before) / added


def _size(store: Store) -> int:
    pages, size = (store.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(size)
