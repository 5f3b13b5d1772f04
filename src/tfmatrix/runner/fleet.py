"""A fleet: the missing trials of a plan on the workers of a Dask cluster, which schedules, repeats and restarts.

What a worker does with a batch is what the local runner does; what it says of it is data, checked like a probe's. The
class of a machine is a resource of Dask's: each worker has that of its own, and each batch asks for that of the plan.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import tarfile
import time
from collections import defaultdict, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tfmatrix.config import Config
from tfmatrix.environments.machine import machine_id
from tfmatrix.errors import UserError
from tfmatrix.models.project import project_files
from tfmatrix.records import (
    CRASHED,
    PROBE_DIED,
    Environment,
    ExpectedTrial,
    ModelFile,
    Read,
    Write,
)
from tfmatrix.runner import on_worker, wire
from tfmatrix.runner.answers import trial_of
from tfmatrix.runner.events import Event, Finished, Ready, Refused
from tfmatrix.runner.observing import Files, by_process, files_of

try:
    import dask
    from distributed import Client, Future, WorkerPlugin, wait
    from distributed import TimeoutError as LateError
except ImportError as error:  # an extra
    raise UserError(
        "--on needs Dask, which is not installed here; install it with pip install 'tfmatrix[fleet]'."
    ) from error

PATIENCE = 60.0
"""Seconds that a scheduler, a first worker, and another one once all are lost, are waited for."""

LOOK = 5.0
"""Seconds between two looks at whether there is a worker at all."""

MOST_TRIALS = 48
"""Of one batch: a minute or two of one process, so that a worker that dies takes little with it."""

TRIES = 3
"""Orders that bring no answer for a trial before it counts as crashed: with others, alone, and with nothing beside it.

Each of them Dask gives to several workers, `distributed.scheduler.allowed-failures`, where one dies; and it blames what
waits for a worker as much as what runs on it.
"""

WITH_PORT = frozenset({"tcp", "tls", "ws", "wss"})
SCHEMES = WITH_PORT | {"inproc"}
"""What an address may begin with; a cluster within one process has no port."""

DATA = ["msgpack"]
"""The only one of Dask's serializers in which a result can be nothing but data."""


class ClassOfMachine(WorkerPlugin):
    """Gives each worker the class of its machine as a resource, as much of it as it has threads."""

    name = "tfmatrix-machine"

    async def setup(self, worker: Any) -> None:
        """Say what this machine is; called on every worker, those that come later and those that restart included."""
        await worker.set_resources(**{resource(on_worker.machine_class()): worker.state.nthreads})


def resource(machine: str) -> str:
    """Return what a machine class is called among Dask's resources."""
    return f"tfmatrix-{machine[:16]}"


def observe(missing: Iterable[ExpectedTrial], config: Config) -> Generator[Event, None, None]:
    """Yield what happens until every missing trial is over or its environment is refused by every worker.

    Raises ``UserError`` where no scheduler answers, or no worker is a machine of the plan's class.
    """
    trials = tuple(missing)
    if any(isinstance(one.work, Write | Read) for one in trials):
        raise UserError("an exchange hands files from trial to trial, so it runs on this machine; leave out --on.")
    with _connected(config.on) as client:
        _require_machine(client, machine_id(config.machine), config.on)
        yield from _Fleet(client, trials, config).events()


def threads(config: Config) -> tuple[int, int]:
    """Return how many workers there are of the plan's machine class, and how many trials they run at once.

    Raises ``UserError`` where no scheduler answers, or no worker is a machine of that class.
    """
    machine = machine_id(config.machine)
    with _connected(config.on) as client:
        classes = _require_machine(client, machine, config.on)
        told = client.scheduler_info(n_workers=-1)["workers"]
    ours = [told[address]["nthreads"] for address, one in classes.items() if one == machine and address in told]
    return len(ours), sum(ours)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Yield a client of a scheduler, to whom results come as data: nothing of a worker's is unpickled for them."""
    _require_address(address)
    try:
        client = Client(address, timeout=PATIENCE, serializers=DATA, deserializers=DATA, set_as_default=False)
    except (LateError, OSError, ValueError, TypeError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"no Dask scheduler answers at {address}: {told}; start one with `dask scheduler`.") from None
    with client:
        client.register_plugin(ClassOfMachine())
        yield client


def _require_address(address: str) -> None:
    """Raise ``UserError`` for what is no address: with one a client fails so that its process does not end."""
    try:
        parts = urlsplit(address)
        known = parts.scheme in SCHEMES and parts.netloc and (parts.scheme not in WITH_PORT or parts.port is not None)
    except ValueError:  # a port that is no number
        known = False
    if not known:
        raise UserError(f"{address!r} is no address of a Dask scheduler; write it with its port: tcp://host:8786.")


def _require_machine(client: Client, machine: str, address: str) -> Mapping[str, str]:
    """Return the machine class of each worker, one of which has to be that of the plan."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except LateError:
        raise UserError(
            f"no worker has come to {address} in {PATIENCE:g} s; start some with `dask worker {address}`."
        ) from None
    classes: dict[str, str] = client.run(on_worker.machine_class)
    if machine not in classes.values():
        raise UserError(
            f"none of the {len(classes)} workers at {address} is a machine of this one's class, and results of two "
            "classes are never compared; start one on such a machine, or run this command on one of theirs."
        )
    return classes


class _Fleet:
    """The batches of one run, and what becomes of each."""

    def __init__(self, client: Client, trials: Sequence[ExpectedTrial], config: Config) -> None:
        self._client, self._config = client, config
        self._resources = {resource(machine_id(config.machine)): 1}
        self._waiting = deque(batches(trials))
        self._suspects = deque[list[ExpectedTrial]]()
        """Trials that were lost alone too: each is run once more, when nothing else is."""
        self._asked: dict[Future[bytes], list[ExpectedTrial]] = {}
        self._lost: dict[str, int] = defaultdict(int)
        """By a trial's key, how often what ran it was lost, or gave no answer."""
        self._refusing: dict[Environment, dict[str, str]] = defaultdict(dict)
        """By environment, the workers that can't have it, and why."""
        self._ready = set[Environment]()
        self._refused = set[Environment]()
        self._room, self._counted = 0, -math.inf
        """How many batches workers have room for, and when that was counted, by `time.monotonic`."""
        self._files = files_of(trials, config)
        project = packed(config, trials, self._files)
        self._digest = hashlib.sha256(project).hexdigest()
        # A task, and not data: what a worker loses with it, another one is given by the scheduler.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "10 GB"}):
            self._project = client.submit(bytes, project, key=f"tfmatrix-project-{self._digest}")

    def events(self) -> Iterator[Event]:
        """Ask for every batch, and yield what happens until none is left."""
        try:
            while True:
                for batch in self._next():
                    self._ask(batch)
                if not self._asked:
                    return
                for future in self._over():
                    yield from self._take(future, self._asked.pop(future))
        finally:
            if self._client.status == "running":  # one that lost its scheduler can't say anything any more
                self._client.cancel(list(self._asked))

    def _over(self) -> Iterable[Future[bytes]]:
        """Wait until one batch or more are over, and return their futures."""
        seen = time.monotonic()
        while not (over := self._looked()):
            now = time.monotonic()
            seen = now if any(self._workers().values()) else seen
            if now - seen > PATIENCE:
                raise UserError(
                    f"all workers at {self._config.on} are gone; what was finished is kept: start some, and run again "
                    "to go on."
                )
        return over

    def _looked(self) -> Iterable[Future[bytes]]:
        """Return the futures of the batches that are over, none where none is for a while."""
        try:
            with self._client.as_current():
                over: Iterable[Future[bytes]] = wait(list(self._asked), LOOK, FIRST_COMPLETED).done
        except LateError:
            return ()
        return over

    def _next(self) -> Iterator[list[ExpectedTrial]]:
        """Yield the batches that can be run now, no more than workers have room for."""
        capacity = self._capacity()
        while self._waiting and len(self._asked) < capacity:
            batch = self._waiting.popleft()
            if batch[0].cell.environment not in self._refused:
                yield batch
        if self._suspects and not self._asked:
            yield self._suspects.popleft()

    def _ask(self, batch: list[ExpectedTrial]) -> None:
        """Have a batch be run by a worker of the class, one that can have its environment as far as is known."""
        refusing = self._refusing[batch[0].cell.environment]
        paths = {path for one in batch if (path := getattr(one.work, "handed", ""))}
        told = json.dumps([[[one.key, self._lost[one.key]] for one in batch], sorted(refusing)])
        handed = {path: Path(path).read_bytes() for path in paths}
        future = self._client.submit(
            on_worker.run,
            on_worker.Order(self._digest, batch, self._config, self._files, handed),
            self._project,
            key=f"tfmatrix-{hashlib.sha256(told.encode()).hexdigest()}",
            resources=self._resources,
            workers=[one for one in self._workers() if one not in refusing] if refusing else None,
        )
        self._asked[future] = batch

    def _workers(self) -> dict[str, int]:
        """Return the addresses of all workers of the class, and how many batches each can run at once."""
        told = self._client.scheduler_info(n_workers=-1).get("workers")
        if told is None or self._client.status != "running":
            raise UserError(
                f"the Dask scheduler at {self._config.on} is gone; what was finished is kept: run again to go on."
            )
        (wanted,) = self._resources
        return {address: worker["resources"].get(wanted, 0) for address, worker in told.items()}

    def _capacity(self) -> int:
        """Return how many batches are run at once; one waits for a worker where there is none just now.

        Counted once in a while: it is asked after every batch, and a thousand workers are megabytes to tell of.
        """
        now = time.monotonic()
        if now - self._counted > LOOK:
            self._room, self._counted = max(1, round(sum(self._workers().values()))), now
        return self._room

    def _take(self, future: Future[bytes], batch: list[ExpectedTrial]) -> Iterator[Event]:
        """Yield what became of a batch, and have what is left of it wait to be asked again."""
        try:
            answer = wire.from_bytes(future.result())
            events = list(wire.events(answer, batch, self._config.root))
        except Exception as error:  # whatever a worker died of, or did wrong
            yield from self._take_lost(batch, f"{type(error).__name__}: {error}")
            return
        left = {one.key: one for one in batch}
        for event in events:
            if isinstance(event, Finished):
                del left[event.expected.key]
            if isinstance(event, Ready):
                if event.environment in self._ready:
                    continue
                self._ready.add(event.environment)
            yield event
        refusals = [said for said in answer.said if isinstance(said, wire.SaidRefused)]
        for refusal in refusals:
            yield from self._take_refusal(batch[0].cell.environment, answer.worker, refusal.reason)
        if len(left) == len(batch) and not refusals:
            yield from self._take_lost(batch, "it answered for none of its trials")
        elif left:
            self._waiting.append(list(left.values()))

    def _take_refusal(self, environment: Environment, worker: str, reason: str) -> Iterator[Event]:
        """Note that a worker can't have an environment; where no other is left, that is its refusal."""
        self._refusing[environment][worker] = reason
        if environment not in self._refused and set(self._workers()) <= set(self._refusing[environment]):
            self._refused.add(environment)
            yield Refused(environment, reason)

    def _take_lost(self, batch: list[ExpectedTrial], reason: str) -> Iterator[Event]:
        """Have each trial of a batch be run alone: one of them may end whatever runs it, and the others go on."""
        self._workers()  # which says so where there is no scheduler any more
        for one in batch:
            self._lost[one.key] += 1
            if self._lost[one.key] < TRIES:
                (self._waiting if self._lost[one.key] < TRIES - 1 else self._suspects).append([one])
                continue
            told = f"no worker gave an answer for it, neither with others nor alone: {reason}"
            yield Finished(one, trial_of(one, CRASHED, kind=PROBE_DIED, message=told), (), {})


def batches(trials: Iterable[ExpectedTrial]) -> list[list[ExpectedTrial]]:
    """Return trials in batches, each of one process and not too long for it to be lost."""
    return [group[at : at + MOST_TRIALS] for group in by_process(trials) for at in range(0, len(group), MOST_TRIALS)]


def packed(config: Config, trials: Iterable[ExpectedTrial], files: Files) -> bytes:
    """Return a tar archive of what trials need of a project: equal bytes where its files are equal.

    ``files`` are what lies in the working folder of each model. A link is the file that it leads to.
    """
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.PAX_FORMAT, dereference=True) as archive:
        for name in sorted({*_names(config, trials), *chain.from_iterable(files.values())}):
            archive.add(config.root / name, name, recursive=False, filter=_without_owner)
    return held.getvalue()


def _names(config: Config, trials: Iterable[ExpectedTrial]) -> Sequence[str]:
    """Return the project's own files, and those that its models and requirements name, from its root."""
    models = dict.fromkeys(one.cell.model for one in trials)
    declared = ["pyproject.toml", "locks", str(config.models_folder)]
    for model in models:
        defined = model.defined
        declared += [model.path] if not defined else [*defined.files]
        if isinstance(defined, ModelFile):
            declared += [path for path in (defined.path, defined.inputs) if path]
    apart = [config.under_root(config.store).parent, config.under_root(config.reports)]
    return project_files(config.root, [path for path in declared if (config.root / path).exists()], apart)


def _without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return an entry of which nothing but name, bytes and mode counts."""
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
    return entry
