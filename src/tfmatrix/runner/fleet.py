"""A fleet: the missing trials of a plan on the workers of a Dask cluster, which schedules, repeats and restarts.

What a worker does with a batch is what the local runner does; what it says of it is data, checked like a probe's. The
class of a machine is a resource of Dask's, together with tfmatrix and Python: each worker that is seen is asked to have
its own, and each batch asks for that of whoever planned it.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import tarfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
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
    from distributed import Client, Future, Security, wait
    from distributed import TimeoutError as LateError
except ImportError as error:  # an extra
    raise UserError(
        "--on needs Dask, which is not installed here; install it with pip install 'tfmatrix[fleet]'."
    ) from error

PATIENCE = 60.0
"""Seconds that a scheduler, a first worker, and another one once all are lost, are waited for."""

LOOK = 5.0
"""Seconds between two looks at which workers there are, and for which all are waited for to say what they are."""

SOON = 0.1
"""Seconds between two looks as long as no worker has said what it is."""

MOST_TRIALS = 48
"""Trials of one batch at most: it is sent with all that its trials are handed."""

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


def observe(missing: Iterable[ExpectedTrial], config: Config) -> Generator[Event, None, None]:
    """Yield what happens until every missing trial is over or its environment is refused by every worker.

    Raises ``UserError`` where no scheduler answers, or no worker is a machine of the plan's class with this tfmatrix.
    """
    trials = tuple(missing)
    if any(isinstance(one.work, Write | Read) for one in trials):
        raise UserError("an exchange hands files from trial to trial, so it runs on this machine; leave out --on.")
    with _connected(config.on) as client:
        workers = _Workers(client, config)
        workers.require()
        yield from _Fleet(client, workers, trials, config).events()


def threads(config: Config) -> tuple[int, int]:
    """Return how many workers there are that can run a plan's trials, and how many trials they run at once.

    Raises ``UserError`` where no scheduler answers, or there is none.
    """
    with _connected(config.on) as client:
        found = _Workers(client, config).require()
    return len(found), sum(found.values())


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
    if parts.scheme == "tls" and not Security().get_connection_args("client")["ssl_context"]:
        raise UserError(f"{address} needs certificates; name them in Dask's configuration, in distributed.comm.tls.")


class _Workers:
    """The workers of a cluster; each is asked what it is when it is seen, by a task: a silent one holds up no other."""

    def __init__(self, client: Client, config: Config) -> None:
        self._client, self._address = client, config.on
        self.resource = on_worker.resource(machine_id(config.machine))
        """What a worker has that can run the plan's trials."""
        self._seen: Mapping[str, Mapping[str, Any]] = {}
        """What the scheduler told last of each, by address."""
        self._asked: dict[str, Future[None]] = {}
        """By address, what a worker was asked that had not said what it is."""

    def look(self) -> dict[str, int] | None:
        """Return the addresses of those that can run the plan's trials, and how many batches each runs at once.

        None where the scheduler doesn't answer just now; raises ``UserError`` where it was waited for long enough.
        """
        if self._client.status in {"closing", "closed"}:
            raise self.gone()
        scheduler = self._client.scheduler
        if self._client.status != "running" or scheduler is None:
            return None
        try:
            told = self._client.sync(scheduler.identity, n_workers=-1, callback_timeout=PATIENCE)
        except (LateError, OSError):
            return None
        self._seen = told["workers"]
        self._ask()
        found = {address: int(one["resources"].get(self.resource, 0)) for address, one in self._seen.items()}
        return {address: batches for address, batches in found.items() if batches}

    def _ask(self) -> None:
        """Ask those that have not said what they are, each once, and again where the connection was lost meanwhile."""
        self._asked = {address: one for address, one in self._asked.items() if address in self._seen}
        for address in self._unknown():
            if address not in self._asked or self._asked[address].cancelled():
                self._asked[address] = self._client.submit(
                    eval,
                    on_worker.INTRODUCE,
                    key=f"tfmatrix-introduce-{address}",
                    workers=[address],
                    retries=3,  # where many come at once, the scheduler may be too slow for one of them
                )

    def _unknown(self) -> list[str]:
        return [address for address, one in self._seen.items() if not _said(one["resources"])]

    def _pending(self) -> list[Future[None]]:
        """Return what is asked of those that have neither said what they are nor failed to."""
        asked = (self._asked[address] for address in self._unknown())
        return [one for one in asked if one.status != "error"]

    def require(self) -> dict[str, int]:
        """Return what `look` does once every worker has said what it is, or one of them and there was time for others.

        Raises ``UserError`` where none can run the plan's trials.
        """
        begun = time.monotonic()
        while True:
            found, waited = self.look(), time.monotonic() - begun
            pending = self._pending()
            if found and (waited > LOOK or not pending):
                return found
            if waited > PATIENCE or (self._seen and not pending and found is not None):
                raise self._none_found()
            _wait(self._client, pending, SOON)

    def _none_found(self) -> UserError:
        """Return what is said where no worker can run the plan's trials."""
        at = self._address
        if not self._seen:
            return UserError(f"no worker has come to {at} in {PATIENCE:g} s; start some with `dask worker {at}`.")
        why = Counter(map(self._misfit, self._seen))
        told = ", ".join(f"{reason}: {count}" for reason, count in sorted(why.items()))
        return UserError(
            f"none of the {len(self._seen)} workers at {at} can run these trials ({told}); start one on a machine of "
            f"this one's class, with this tfmatrix and Python {on_worker.python()}."
        )

    def _misfit(self, address: str) -> str:
        """Return why a worker can't run the plan's trials."""
        said = _said(self._seen[address]["resources"])
        if not said:
            failed = self._asked[address].status == "error"
            return "without tfmatrix, or with an older one" if failed else f"silent or busy for {PATIENCE:g} s"
        _, *ours = self.resource.split("-")
        _, *theirs = said[0].split("-")
        if theirs[0] != ours[0]:
            return "of another machine class"
        return f"with Python {theirs[2]}" if theirs[1] == ours[1] else "with another tfmatrix"

    def gone(self) -> UserError:
        """Return what is said where the scheduler does not answer any more."""
        return UserError(
            f"the Dask scheduler at {self._address} is gone; what was finished is kept: run again to go on."
        )


def _said(resources: Mapping[str, float]) -> list[str]:
    """Return those of a worker's resources that say what it is."""
    return [name for name in resources if name.startswith("tfmatrix-")]


def _wait(client: Client, futures: Sequence[Future[Any]], seconds: float) -> None:
    """Wait until one of some futures is over, for so many seconds at most."""
    if not futures:
        time.sleep(seconds)
        return
    with suppress(LateError, CancelledError), client.as_current():
        wait(futures, seconds, FIRST_COMPLETED)


class _Asked(NamedTuple):
    """A batch that was asked for."""

    batch: list[ExpectedTrial]
    among: frozenset[str]
    """The addresses of the workers that could run it when it was asked for."""


class _Fleet:
    """The batches of one run, and what becomes of each."""

    def __init__(self, client: Client, workers: _Workers, trials: Sequence[ExpectedTrial], config: Config) -> None:
        self._client, self._workers, self._config = client, workers, config
        self._waiting = deque(batches(trials))
        self._suspects = deque[list[ExpectedTrial]]()
        """Trials that were lost alone too: each is run once more, when nothing else is."""
        self._asked: dict[Future[bytes], _Asked] = {}
        self._lost: dict[str, int] = defaultdict(int)
        """By a trial's key, how often what ran it was lost, or gave no answer."""
        self._refusing: dict[Environment, dict[str, str]] = defaultdict(dict)
        """By environment, the workers that can't have it, and why."""
        self._last_there: dict[str, float] = {}
        """By address, when a worker was seen last, by `time.monotonic`."""
        self._ready = set[Environment]()
        self._refused = set[Environment]()
        self._able, self._room, self._counted = frozenset[str](), 0, -math.inf
        """Which workers there were, how many batches they had room for, and when that was, by `time.monotonic`."""
        self._files = files_of(trials, config)
        self._project = packed(config, trials, self._files)
        self._digest = hashlib.sha256(self._project).hexdigest()
        self._sent: Future[bytes] | None = None

    def events(self) -> Iterator[Event]:
        """Ask for every batch, and yield what happens until none is left."""
        try:
            while True:
                for batch in self._next():
                    self._ask(batch)
                if not (self._asked or self._waiting or self._suspects):
                    return
                for future in self._over():
                    yield from self._take(future, self._asked.pop(future).batch)
                yield from self._refuse()
        finally:
            if self._client.status == "running":  # one that lost its scheduler can't say anything any more
                self._client.cancel(list(self._asked))

    def _over(self) -> Sequence[Future[bytes]]:
        """Wait until one batch or more are over, and return their futures; none after a while where none was asked for.

        One is over too that was cancelled: where the connection was lost, or no worker is left that may run it.
        """
        seen = time.monotonic()
        while not (over := self._looked()):
            workers, now = self._look(), time.monotonic()
            if workers:
                seen = now
                self._free(workers)
                if not self._asked:
                    break
            elif now - seen > PATIENCE:
                raise self._workers.gone() if workers is None else self._all_gone()
        return over

    def _all_gone(self) -> UserError:
        at = self._config.on
        return UserError(
            f"all workers at {at} are gone; what was finished is kept: start some, and run again to go on."
        )

    def _looked(self) -> Sequence[Future[bytes]]:
        """Return the futures of the batches that are over, none where none is for a while."""
        _wait(self._client, list(self._asked), LOOK)
        return [future for future in self._asked if future.done()]

    def _free(self, workers: Mapping[str, int]) -> None:
        """Cancel each batch whose workers are all gone, so that it is asked for again.

        Dask does not do so itself. A worker that restarts has another address, and says what it is after it has come;
        but a task that waits for a resource is looked at only when a worker comes, and not when one gets the resource.
        """
        stranded = [future for future, one in self._asked.items() if one.among.isdisjoint(workers)]
        if stranded:
            self._client.cancel(stranded)

    def _next(self) -> Iterator[list[ExpectedTrial]]:
        """Yield the batches that can be run now, no more than workers have room for.

        A batch that every worker refuses waits: one that is gone may come back, under another address.
        """
        for waiting, room in ((self._waiting, self._capacity()), (self._suspects, 1)):
            for _ in range(len(waiting)):
                if len(self._asked) >= room:
                    break
                batch = waiting.popleft()
                environment = batch[0].cell.environment
                if environment in self._refused:
                    continue
                if self._able and self._able <= self._refusing[environment].keys():
                    waiting.append(batch)
                else:
                    yield batch

    def _ask(self, batch: list[ExpectedTrial]) -> None:
        """Have a batch be run by a worker of the class, one that can have its environment as far as is known."""
        refusing = self._refusing[batch[0].cell.environment]
        among = self._able.difference(refusing)
        paths = {path for one in batch if (path := getattr(one.work, "handed", ""))}
        told = json.dumps([[[one.key, self._lost[one.key]] for one in batch], sorted(refusing)])
        handed = {path: Path(path).read_bytes() for path in paths}
        future = self._client.submit(
            on_worker.run,
            on_worker.Order(self._digest, batch, self._config, self._files, handed),
            self._send(),
            key=f"tfmatrix-{hashlib.sha256(told.encode()).hexdigest()}",
            resources={self._workers.resource: 1},
            workers=sorted(among) if refusing and among else None,
        )
        self._asked[future] = _Asked(batch, among)

    def _send(self) -> Future[bytes]:
        """Return the project as the cluster has it; it is sent anew where the connection was lost since."""
        if self._sent is None or self._sent.cancelled():
            # A task, and not data: what a worker loses with it, another one is given by the scheduler.
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "10 GB"}):
                self._sent = self._client.submit(bytes, self._project, key=f"tfmatrix-project-{self._digest}")
        return self._sent

    def _capacity(self) -> int:
        """Return how many batches are run at once; one waits for a worker where there is none just now.

        Counted once in a while: it is asked after every batch, and a thousand workers are megabytes to tell of.
        """
        if time.monotonic() - self._counted > LOOK:
            self._look()
        return max(1, self._room)

    def _look(self) -> Mapping[str, int] | None:
        """Return what `_Workers.look` does, and note it."""
        workers = self._workers.look()
        if workers is not None:
            self._able, self._room, self._counted = frozenset(workers), sum(workers.values()), time.monotonic()
            self._last_there.update(dict.fromkeys(workers, self._counted))
        return workers

    def _take(self, future: Future[bytes], batch: list[ExpectedTrial]) -> Iterator[Event]:
        """Yield what became of a batch, and have what is left of it wait to be asked again."""
        try:
            answer = wire.from_bytes(future.result())
            events = list(wire.events(answer, batch, self._config.root))
        except Exception as error:  # whatever a worker died of, or did wrong
            if future.cancelled():  # by the loss of a connection, or of workers: no trial is to blame
                self._waiting.append(batch)
            else:
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
            self._take_refusal(batch[0].cell.environment, answer.worker, refusal.reason)
        if len(left) == len(batch) and answer.worker not in self._refusing[batch[0].cell.environment]:
            yield from self._take_lost(batch, "it answered for none of its trials")
        elif left:
            self._waiting.append(list(left.values()))

    def _take_refusal(self, environment: Environment, worker: str, reason: str) -> None:
        """Note that a worker can't have an environment.

        What is said under an address that no worker has is no refusal.
        """
        workers = self._look()
        if workers is None or worker in workers:
            self._refusing[environment][worker] = reason

    def _refuse(self) -> Iterator[Event]:
        """Refuse each environment that every worker of the last minute has refused.

        A worker that died is started again by its nanny; to be refused meanwhile would be by chance.
        """
        now = time.monotonic()
        there = {address for address, seen in self._last_there.items() if now - seen < PATIENCE}
        for environment, reasons in self._refusing.items():
            if environment not in self._refused and there and there <= reasons.keys():
                self._refused.add(environment)
                yield Refused(environment, next(reversed(reasons.values())))

    def _take_lost(self, batch: list[ExpectedTrial], reason: str) -> Iterator[Event]:
        """Have each trial of a batch be run alone: one of them may end whatever runs it, and the others go on."""
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
