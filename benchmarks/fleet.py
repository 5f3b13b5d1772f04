"""A fleet of workers on this machine beside the local runner on the same cores, and a simulated one of many workers."""

from __future__ import annotations

import os
import pickle
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from distributed import Client, LocalCluster

from benchmarks import simulated
from benchmarks.whole import ROOT
from tfmatrix import config
from tfmatrix.config import Config
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import OBSERVED, SEEDS, UNSUPPORTED, ExpectedTrial
from tfmatrix.report.text import counted
from tfmatrix.runner import fleet, making, on_worker, wire
from tfmatrix.runner.events import Event, Finished, Launched, Refused
from tfmatrix.runner.observing import observe

VERSION = "2.15.1"
MODELS = ("linear", "mlp", "keras_mlp", "convnet", "embedding", "recurrent", "keras_images", "keras_recurrent")
WORKERS = (1, 2)


@dataclass
class _Seen:
    """What a run told of its trials, and how long it took."""

    seconds: float = 0.0
    imports: list[float] = field(default_factory=list)
    finished: list[Finished] = field(default_factory=list)

    def take(self, events: Iterable[Event]) -> None:
        """Take in events until there are no more; a trial that failed would be worth nothing."""
        begun = time.perf_counter()
        for event in events:
            match event:
                case Launched(seconds=seconds):
                    self.imports.append(seconds)
                case Refused(reason=reason):
                    raise RuntimeError(reason)
                case Finished(trial=trial):
                    assert trial.outcome in {OBSERVED, UNSUPPORTED}, trial
                    self.finished.append(event)
        self.seconds = time.perf_counter() - begun


def rows() -> Iterator[tuple[str, float, str, str]]:
    """Yield what was measured as rows of name, number, unit and aim; an environment that is missing is made first."""
    with tempfile.TemporaryDirectory() as folder:
        settings, trials = _project(Path(folder))
        for count in WORKERS:
            here, there = _Seen(), _Seen()
            here.take(observe(trials, replace(settings, jobs=count)))
            with _cluster(Path(folder) / str(count), count) as address, _counted() as sent:
                there.take(fleet.observe(trials, replace(settings, on=address)))
            assert len(here.finished) == len(there.finished) == len(trials)
            what = f"fleet of {counted(count, 'worker')}, {len(trials)} trials"
            rate = here.seconds / there.seconds
            yield f"{what}: throughput against the local runner", rate, "x", "0.9 or more"
            yield f"{what}: sent to a worker for a trial", sent["asked"] / len(trials) / 1e3, "kB", ""
            yield f"{what}: sent by a worker for a trial", sent["told"] / len(trials) / 1e3, "kB", ""
        measured = simulated.measured(here.finished, here.imports)
    yield from simulated.rows(measured)


def _project(folder: Path) -> tuple[Config, list[ExpectedTrial]]:
    """Make a project with some of the reference models; return its settings and the first round of its trials."""
    (folder / "reference_models").mkdir()
    for name in MODELS:
        source = (ROOT / "reference_models" / f"{name}.py").read_bytes()
        (folder / "reference_models" / f"{name}.py").write_bytes(source)
    (folder / "pyproject.toml").write_text(f'[tool.tfmatrix]\nversions = ["{VERSION}"]\nbaseline = "{VERSION}"\n')
    (folder / ".nox").symlink_to(ROOT / ".nox")
    plan = make_plan(config.load(folder))
    if making.find(plan.baseline, plan.config) is None:
        making.Maker(plan.config).make(plan.baseline)
    return plan.config, [one for some in plan.trials.values() for one in some if one.role != SEEDS]


@contextmanager
def _cluster(folder: Path, workers: int) -> Iterator[str]:
    """Yield the address of a scheduler with some workers, each with one thread, whose environments are made."""
    folder.mkdir()
    (folder / "environments").symlink_to(ROOT / ".nox")
    with (
        mock.patch.dict(os.environ, {on_worker.FOLDER: str(folder)}),
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster,  # type: ignore[no-untyped-call]  # Dask's functions have no types
    ):
        yield cluster.scheduler_address


@contextmanager
def _counted() -> Iterator[dict[str, int]]:
    """Yield how many bytes orders and answers come to, as they travel: without Dask's own few hundred of each."""
    sent = {"asked": 0, "told": 0}
    submit, decode = Client.submit, wire.from_bytes

    def asked(client: Client, *parts: Any, **choices: Any) -> Any:
        sent["asked"] += sum(len(pickle.dumps(one)) for one in parts if isinstance(one, on_worker.Order))
        return submit(client, *parts, **choices)

    def told(answer: object) -> wire.Batch:
        assert isinstance(answer, bytes)
        sent["told"] += len(answer)
        return decode(answer)

    with mock.patch.object(Client, "submit", asked), mock.patch.object(wire, "from_bytes", told):
        yield sent


if __name__ == "__main__":
    for row in rows():
        print(*row)  # noqa: T201  # run by hand
