"""A simulated fleet: the real client, scheduler and store, with workers that wait as long as a batch takes and answer.

Client, scheduler and all of the workers are a process each, so that what each of them costs is told apart; a worker
is Dask's own, but shares its process with all others and runs no probe. Its answers are as long as real ones are, and a
fifth of them has bits of its own, as in the default matrix. By hand:

    python -m benchmarks.simulated MEASURED.json WORKERS TRIALS [PACE [SECONDS]]

prints what such a fleet costs. PACE 0 has every worker answer at once. The fleet is looked at for so many seconds from
its first answer on, or until no trial is left.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import mean, median
from typing import Any

import dask
import psutil
from distributed import Scheduler, Worker

from tfmatrix.config import Config
from tfmatrix.environments.making import to_json
from tfmatrix.keys import HASH_SEEDS, Scope, cell_covers, expect, scope_of
from tfmatrix.questions.chosen import named_environments
from tfmatrix.records import (
    OBSERVED,
    TRIAL,
    Cell,
    ExpectedTrial,
    Fingerprint,
    InstalledEnvironment,
    Model,
    Package,
    Tensor,
    Train,
    Trial,
)
from tfmatrix.runner import on_worker, wire
from tfmatrix.runner.answers import to_answer, trial_of
from tfmatrix.runner.events import Event, Finished, Launched
from tfmatrix.runner.rounds import Known, rounds
from tfmatrix.store.fingerprints import tensor_digest, trace_digest
from tfmatrix.store.store import Store

SIZES = (10, 100, 1000)
"""Workers."""

TRIALS = 1_000_000
LOOKED = 180.0
"""Seconds for which a fleet is looked at, a few batches of each worker; a million trials take hours."""

MODELS = 40
IDLE = 10.0
"""Seconds for which a fleet is looked at that has nothing to do."""

CONNECTIONS = 4
"""That a worker keeps open to others, from which it has what all of them are handed: all are files of one process."""

QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "5 minutes",
    "distributed.admin.tick.interval": "1 minute",
    "distributed.worker.memory.monitor-interval": "1 minute",
}
"""What Dask's workers do besides, several times a second: a thousand of them in one process would do nothing else."""


@dataclass(frozen=True)
class Measured:
    """What real trials are like."""

    seconds: tuple[float, ...]
    """Of trials."""
    imports: tuple[float, ...]
    """Seconds in which a process imports TensorFlow."""
    answers: tuple[tuple[int, int], ...]
    """Of trials: stages, and bytes of all tensors."""


def measured(finished: Iterable[Finished], imports: Iterable[float]) -> Measured:
    """Return what some trials were like."""
    seen = list(finished)
    return Measured(
        seconds=tuple(one.trial.seconds for one in seen),
        imports=tuple(imports),
        answers=tuple((len(one.trace), sum(len(t.data) for t in one.tensors.values())) for one in seen if one.trace),
    )


@dataclass(frozen=True)
class Load:
    """What a fleet cost."""

    workers: int
    trials: int
    """That were asked for."""
    finished: int
    """That were answered while the fleet was looked at."""
    seconds: float
    """For which it was looked at, from its first answer on."""
    started: float
    """Seconds from the client's start to the first answer: the trials are looked up, put in order and packed."""
    work: float
    """Seconds for which workers were at work, all together."""
    idle_scheduler: float
    """Seconds of a processor that a scheduler takes in a second when there is nothing to do."""
    scheduler: float
    """Seconds of a processor."""
    client: float
    host: float
    """Of the process that has all workers: it is the instrument's own."""
    adding: float
    """Of the client's: writing trials into the store."""
    scheduler_mib: float
    client_mib: float
    """The largest that it ever had."""
    planned_mib: float
    """What it had before the first trial was asked for, with every trial in it."""
    store_mb: float

    @property
    def working(self) -> float:
        """Return which share of the time workers are at work."""
        return self.work / self.workers / self.seconds


def rows(real: Measured) -> Iterator[tuple[str, float, str, str]]:
    """Yield what was measured as rows of name, number, unit and aim."""
    batch = median(real.imports) + 48 * mean(real.seconds)
    yield "simulated fleet: a batch of 48 trials takes", batch, "s", ""
    for workers in SIZES:
        load = simulate(real, workers, TRIALS)
        what = f"simulated fleet of {workers} workers, {load.trials} trials, {load.seconds:.0f} s of them"
        yield f"{what}: trials answered and stored", load.finished / load.seconds, "a second", ""
        yield f"{what}: time that workers work", load.working * 100, "%", ""
        yield f"{what}: scheduler", load.scheduler / load.seconds, "processors", ""
        yield f"{what}: client", load.client / load.seconds, "processors", ""
        yield f"{what}: all workers, in their one process", load.host / load.seconds, "processors", ""
        yield f"{what}: a trial written to the store", load.adding / load.finished * 1e3, "ms", ""
        yield f"{what}: client's peak memory", load.client_mib, "MiB", ""
        yield f"{what}: until the first answer", load.started, "s", ""


def simulate(real: Measured, workers: int, trials: int, pace: float = 1.0, looked: float = LOOKED) -> Load:
    """Return what a fleet of so many workers cost that was asked for so many trials, and looked at for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16 * workers + 1024)), hard))
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "measured.json"
        told.write_text(json.dumps(asdict(real)), encoding="utf-8")
        started: list[subprocess.Popen[str]] = []
        try:
            scheduler = _started(started, "scheduler")
            address = _said(scheduler)["address"]
            host = _started(started, "workers", str(told), str(address), str(workers), str(pace), folder)
            _said(host)
            busy = _Processor(scheduler)
            time.sleep(IDLE)
            idle = busy.seconds() / IDLE
            client = _started(started, "client", str(address), str(trials), str(looked), folder)
            before = _said(client)  # of its first answer
            of = {name: _Processor(one) for name, one in (("scheduler", scheduler), ("host", host), ("client", client))}
            _ask(host)
            worked = _said(host)["work"]
            found = _said(client)
            _ask(host)
            work = _said(host)["work"] - worked
            spent = {name: one.seconds() for name, one in of.items()}
            memory = psutil.Process(scheduler.pid).memory_info().rss / 2**20
        finally:
            for one in reversed(started):
                one.kill()
                one.wait()
    costs: dict[str, Any] = {**before, **found, **spent}
    return Load(workers=workers, trials=trials, work=work, idle_scheduler=idle, scheduler_mib=memory, **costs)


class _Processor:
    """How long a process has had a processor since it was first asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._of = psutil.Process(process.pid)
        self._before = self._taken()

    def _taken(self) -> float:
        times = self._of.cpu_times()
        return float(times.user + times.system)

    def seconds(self) -> float:
        """Return the seconds since then."""
        return self._taken() - self._before


def _started(started: list[subprocess.Popen[str]], *words: str) -> subprocess.Popen[str]:
    """Start one of the processes of `main`."""
    command = [sys.executable, "-m", "benchmarks.simulated", *words]
    one = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    started.append(one)
    return one


def _ask(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def _said(process: subprocess.Popen[str]) -> Mapping[str, Any]:
    """Return what a process says next; raises ``RuntimeError`` where it has ended instead."""
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait()}")
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def _say(**told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _plan(folder: Path, count: int, address: str) -> tuple[Config, Scope, list[ExpectedTrial]]:
    """Return so many trials of forty models in two modes and all releases."""
    config = Config(root=folder, versions=("all",), on=address)
    environments = named_environments(config)
    scope = scope_of(config, environments)
    (folder / config.models_folder).mkdir(parents=True)
    models = [Model(f"{config.models_folder}/m{number}.py", f"{number:064}") for number in range(MODELS)]
    for model in models:
        (folder / model.path).write_text("def variables(): ...\n", encoding="utf-8")
    cells = [
        Cell(e, config.launches[0], mode, model) for e in environments for mode in config.modes for model in models
    ]
    shared = {cell: cell_covers(scope, cell) for cell in cells}
    trials = [
        expect(
            scope, cell, Train(), role=TRIAL, number=1 + at // len(cells), hash_seed=HASH_SEEDS[0], shared=shared[cell]
        )
        for at, cell in enumerate(islice(cycle(cells), count))
    ]
    return config, scope, trials


@dataclass
class _Asked:
    """A question that wants some trials, and nothing more for what comes of them."""

    config: Config
    scope: Scope
    trials: Sequence[ExpectedTrial]

    def wanted(self, known: Known) -> Iterable[ExpectedTrial]:
        """Return all of them."""
        del known
        return self.trials

    def note(self, event: Event, store: Store) -> None:
        """Note nothing."""


class _Timed(Store):
    """A store that knows how long the processor was at writing trials."""

    adding = 0.0

    def add(self, trial: Trial, trace: tuple[Fingerprint, ...], tensors: Mapping[str, Tensor]) -> None:
        """Add a trial as a store does."""
        begun = time.thread_time()
        super().add(trial, trace, tensors)
        self.adding += time.thread_time() - begun


class _Enough(Exception):
    """The fleet was looked at for long enough."""


def _client(address: str, count: int, looked: float, folder: Path) -> None:
    """Run so many trials as `tfmatrix run --on` does, for so many seconds from the first answer on."""
    config, scope, trials = _plan(folder / "project", count, address)
    planned = psutil.Process().memory_info().rss / 2**20
    path = folder / "store.sqlite"
    begun = time.perf_counter()
    first, finished, adding = 0.0, 0, 0.0

    def watch(event: Event) -> None:
        nonlocal first, finished, adding
        assert not isinstance(event, Finished) or event.trial.outcome == OBSERVED, event
        if isinstance(event, Launched) and not first:
            first, adding = time.perf_counter(), store.adding
            _say(started=first - begun, planned_mib=planned)
        finished += isinstance(event, Finished)
        if first and time.perf_counter() - first > looked:
            raise _Enough

    store = _Timed(path)
    with store, suppress(_Enough):
        rounds(_Asked(config, scope, trials), store, watch)
        assert finished == count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, written = time.perf_counter() - first, path.stat().st_size / 1e6
    _say(finished=finished, seconds=seconds, adding=store.adding - adding, client_mib=peak, store_mb=written)
    sys.stdin.read()  # so that what it took can be asked


class _Acting:
    """What simulated workers say of their batches, and how long they take."""

    def __init__(self, real: Measured, pace: float) -> None:
        self._real, self._pace = real, pace
        self._random = random.Random(0)
        self._templates = [_template(*self._random.choice(real.answers), at) for at in range(200)]
        self._over, self._running = 0.0, dict[int, float]()

    def work(self) -> float:
        """Return for how many seconds workers were at work until now, all together."""
        now = time.monotonic()
        return self._over + sum(now - begun for begun in self._running.values())

    async def run(self, order: on_worker.Order, project: bytes) -> bytes:
        """Wait as long as a batch takes, and answer: in the place of `on_worker.run`."""
        del project
        chosen = self._random.choices(self._real.seconds, k=len(order.trials))
        seconds = (self._random.choice(self._real.imports) + sum(chosen)) * self._pace
        me, begun = id(order), time.monotonic()
        self._running[me] = begun
        await asyncio.sleep(seconds)
        del self._running[me]
        self._over += seconds
        installed = _installed(order.trials[0])
        said: list[wire.Said] = [wire.SaidReady(to_json(installed)), wire.SaidLaunched(1.0, can_fork=True, saw={})]
        told = (self._told(at, one, took) for at, (one, took) in enumerate(zip(order.trials, chosen, strict=True)))
        return wire.to_bytes("tcp://simulated", [*said, *told])

    def _told(self, at: int, expected: ExpectedTrial, seconds: float) -> wire.SaidFinished:
        trace, tensors = self._random.choice(self._templates)
        if self._random.random() < 0.2:
            own = Tensor("float32", (64,), self._random.randbytes(256))
            digest = tensor_digest(own)
            trace, tensors = (*trace, Fingerprint("native", "own/x", digest)), {**tensors, digest: own}
        trial = trial_of(expected, OBSERVED, trace=trace_digest(trace), seconds=seconds)
        return wire.SaidFinished(at, *to_answer(trial, trace, tensors))


def _template(stages: int, size: int, at: int) -> tuple[tuple[Fingerprint, ...], dict[str, Tensor]]:
    """Return a trace of so many stages with tensors of so many bytes."""
    elements = max(1, size // stages // 4)
    source = random.Random(at)
    made = [Tensor("float32", (elements,), source.randbytes(elements * 4)) for _ in range(stages)]
    names = [f"gradient@{number}/layer/kernel" for number in range(stages)]
    digests = list(map(tensor_digest, made))
    trace = tuple(Fingerprint("native", name, digest) for name, digest in zip(names, digests, strict=True))
    return trace, dict(zip(digests, made, strict=True))


def _installed(expected: ExpectedTrial) -> InstalledEnvironment:
    packages = tuple(Package(f"package-{number}", "1.0") for number in range(42))
    environment, lock = expected.cell.environment, dict(expected.covers)["lock"]
    return InstalledEnvironment(environment, "/of/a/worker/bin/python", "3.10.0", lock, "today", packages)


async def _workers(address: str, count: int, acting: _Acting, folder: str) -> None:
    """Have so many workers until the input ends, and say at each line of it for how long they were at work."""
    on_worker.run = acting.run  # type: ignore[assignment]  # it waits in the place of working
    with dask.config.set(QUIET):
        made = []
        for _ in range(count):  # one after another: together they wait for each other until they give up
            one = Worker(
                address,
                nthreads=1,
                memory_limit=0,
                dashboard=False,
                local_directory=folder,
                connection_limit=CONNECTIONS,
            )
            made.append(await one)
        _say()
        while await asyncio.to_thread(sys.stdin.readline):
            _say(work=acting.work())


def main() -> None:
    """Be one of the processes, or simulate a fleet and print what it cost."""
    logging.getLogger("distributed").setLevel(logging.ERROR)
    match sys.argv[1:]:
        case ["scheduler"]:
            asyncio.run(_scheduler())
        case ["workers", told, address, count, pace, folder]:
            asyncio.run(_workers(address, int(count), _Acting(_read(told), float(pace)), folder))
        case ["client", address, count, looked, folder]:
            _client(address, int(count), float(looked), Path(folder))
        case [told, workers, trials, *pace]:
            load = simulate(_read(told), int(workers), int(trials), *map(float, pace))
            for name, value in asdict(load).items():
                sys.stdout.write(f"{name:<16} {value:.2f}\n")
            sys.stdout.write(f"{'working':<16} {load.working:.3f}\n")


def _read(path: str) -> Measured:
    told = json.loads(Path(path).read_text(encoding="utf-8"))
    return Measured(tuple(told["seconds"]), tuple(told["imports"]), tuple(map(tuple, told["answers"])))


async def _scheduler() -> None:
    async with Scheduler(dashboard=False, host="127.0.0.1", port=0) as scheduler:
        _say(address=scheduler.address)
        await scheduler.finished()


if __name__ == "__main__":
    main()
