"""How long trials forked from one process take beside the same trials in a process each, as a script would run them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from tfmatrix import config
from tfmatrix.config import Config
from tfmatrix.plan import make_plan
from tfmatrix.records import OBSERVED, TRIAL, ExpectedTrial, InstalledEnvironment
from tfmatrix.runner import making
from tfmatrix.runner.observing import request_of
from tfmatrix.runner.probe import Probe

ROOT = Path(__file__).parents[1]
VERSION = "2.15.1"
MODELS = ["keras_mlp", "linear", "mlp"]


def rows() -> list[tuple[str, float, str]]:
    """Return what was measured as rows of name, number and unit; the environment is made first where it is missing."""
    settings = config.load(ROOT).overridden(versions=[VERSION], baseline=VERSION, models=MODELS)
    plan = make_plan(settings)
    installed = making.find(plan.baseline, settings) or making.make(plan.baseline, settings)
    trials = [expected for ones in plan.trials.values() for expected in ones if expected.role == TRIAL]
    _apart(installed, trials[:1], settings)  # the files of the environment are in memory from here on
    forked, apart = _forked(installed, trials, settings), _apart(installed, trials, settings)
    return [(f"{len(trials)} trials, a process each against forks of one: time", apart / forked, "x")]


def _forked(installed: InstalledEnvironment, trials: Sequence[ExpectedTrial], settings: Config) -> float:
    start = time.perf_counter()
    probe = _probe(installed, trials[0])
    for expected in trials:
        _observe(probe, expected, settings, fresh=False)
    probe.close()
    return time.perf_counter() - start


def _apart(installed: InstalledEnvironment, trials: Sequence[ExpectedTrial], settings: Config) -> float:
    start = time.perf_counter()
    for expected in trials:
        probe = _probe(installed, expected)
        _observe(probe, expected, settings, fresh=True)
        probe.close()
    return time.perf_counter() - start


def _probe(installed: InstalledEnvironment, expected: ExpectedTrial) -> Probe:
    probe = Probe(installed.interpreter, installed.environment, expected.cell.launch, expected.hash_seed)
    probe.describe()
    return probe


def _observe(probe: Probe, expected: ExpectedTrial, settings: Config, *, fresh: bool) -> None:
    header, _ = probe.ask(request_of(expected, settings, fresh=fresh))
    assert header["outcome"] == OBSERVED, header
