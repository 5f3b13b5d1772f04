"""Observing: the missing trials of a plan, by several probes at once, while further environments are made."""

from __future__ import annotations

import math
import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from packaging.version import Version

from tfmatrix.config import Config
from tfmatrix.environments.catalogue import package_of
from tfmatrix.environments.devices import GPU
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.errors import InternalError, Unavailable
from tfmatrix.keys import probe_source
from tfmatrix.models.builders import constants_of
from tfmatrix.models.commands import script_of
from tfmatrix.models.files import is_watched
from tfmatrix.models.project import project_files
from tfmatrix.records import (
    CRASHED,
    PROBE_DIED,
    WITNESS,
    Builder,
    Check,
    Command,
    Defined,
    Effects,
    Environment,
    ExpectedTrial,
    Feed,
    FromStart,
    InstalledEnvironment,
    Model,
    ModelFile,
    Ops,
    Plain,
    Read,
    Replay,
    Reread,
    Rewrite,
    Script,
    Seeds,
    SingleOps,
    Start,
    Train,
    Work,
    Write,
)
from tfmatrix.runner import making
from tfmatrix.runner.answers import to_trial, trial_of
from tfmatrix.runner.events import Event, Finished, Launched, Making, Ready, Refused
from tfmatrix.runner.probe import Placed, Probe, ProbeDied
from tfmatrix.runner.temporary import remove_left

MEMORY_EACH = 2.0
"""GiB for each process: TensorFlow with a reference model takes 0.4 to 0.7 of it, and a user's own model more."""

MEMORY_SHARE = 0.9
"""Of the machine's memory, what one trial may take where the configuration sets no limit: before all else is killed."""

LOOK = 1.0
"""Seconds that a GPU is waited for between two looks at whether the run goes on."""

FIRST_OTHER_SEED = 1001
"""The first of the seeds that initial weights are drawn under to test a redraw."""

Files = Mapping[Defined, tuple[str, ...]]
"""What lies in the working folder of each model that a table defines."""

_NO_FILES: Files = {}


def observe(
    missing: Iterable[ExpectedTrial], config: Config, files: Files | None = None
) -> Generator[Event, None, None]:
    """Yield what happens until every missing trial is over or its environment is refused.

    ``files`` are what lies in the working folder of each model, where that is not told by the project as it is here.
    Closing the iterator early ends every process that it started.
    """
    if machine_id(config.machine) != machine_id(this_machine()):
        raise InternalError("what was planned for another machine cannot be run here")
    trials = tuple(missing)
    remove_left()
    run = _Run(config, files_of(trials, config) if files is None else files)
    by_environment = _grouped(trials, lambda expected: expected.cell.environment)
    try:
        yield from run.events(by_environment)
    finally:
        run.stop()


def processes_at_once(config: Config) -> int:
    """Return how many processes run trials at once: what is configured, or as many as cores and memory allow."""
    machine = config.machine
    return config.jobs or max(1, min(machine.cores, int(machine.memory_gib // MEMORY_EACH)))


def files_of(trials: Iterable[ExpectedTrial], config: Config) -> Files:
    """Return what is to lie in the working folder of what tables define and some trials run, as the project is now."""
    defined = dict.fromkeys(e.cell.model.defined for e in trials if e.cell.model.defined)
    apart = [config.under_root(config.store).parent, config.under_root(config.reports)]
    # The script itself is there before git is told of it; of a module it is not known where it lies.
    scripts = {one: script_of(one.words) if isinstance(one, Command) else "" for one in defined}
    named = {one: filter(None, (script, *one.files)) for one, script in scripts.items() if _imports(one)}
    return {one: project_files(config.root, declared, apart) for one, declared in named.items()}


def request_of(expected: ExpectedTrial, config: Config, *, fresh: bool, files: Files = _NO_FILES) -> dict[str, Any]:
    """Return what a probe is asked for a trial; ``fresh`` has it run without a fork.

    ``files`` are those of the project that each model of a table finds in its working folder.
    """
    model, defined = expected.cell.model, expected.cell.model.defined
    return {
        "path": model.path,
        "source": "" if defined else model.source,
        "project": str(config.root.absolute()),
        "variant": model.variant,
        "mode": expected.cell.mode,
        "seed": expected.seed,
        "intra_op": expected.cell.launch.intra_op,
        "inter_op": expected.cell.launch.inter_op,
        "timeout": timeout_of(expected, config),
        "memory_mib": config.memory or round(config.machine.memory_gib * 1024 * MEMORY_SHARE),
        "fresh": fresh,
        "jitter": 0,
        "settings": list(expected.cell.launch.settings),
        "device": expected.cell.launch.device,
        **(_run_by(model, defined, files.get(defined, ())) if defined else {}),
        **_asked(expected.work),
    }


def timeout_of(expected: ExpectedTrial, config: Config) -> float:
    """Return the seconds that a trial may take."""
    defined = expected.cell.model.defined
    return ((defined and defined.timeout) or config.timeout) * _runs(expected)


def _runs(expected: ExpectedTrial) -> int:
    """Return how many runs of its own time a trial has.

    Under each other seed a command is run, and a network is built and called. A layer whose effect is asked for is
    called a thousand times.
    """
    work = expected.work
    if isinstance(work, Effects):
        return 1 + len(work.layers)
    return work.count if isinstance(work, Seeds) and is_watched(expected.cell.model) else 1


def _imports(defined: Defined) -> bool:
    """Return whether what a table defines finds the project in its working folder; a saved model may need none."""
    return not isinstance(defined, ModelFile) or bool(defined.objects)


def _run_by(model: Model, defined: Defined, files: Sequence[str]) -> dict[str, Any]:
    """Return what a probe is asked besides of what a table defines; but for a command's, its process has variables."""
    if isinstance(defined, ModelFile):
        told = {"path": defined.path, "inputs": defined.inputs, "objects": defined.objects, "trust": defined.trust}
        return {"file": {**told, "parts": [list(part) for part in model.parts]}, "files": list(files)}
    if isinstance(defined, Builder):
        functions = {"build": defined.model, "data": defined.data}
        return {"builder": {**functions, "constants": constants_of(defined)}, "files": list(files)}
    return {
        "command": list(defined.words),
        "files": list(files),
        "variables": dict(defined.variables),
        "steps": defined.steps,
    }


def _asked(work: Work) -> dict[str, Any]:  # noqa: C901, PLR0911, PLR0912  # a case for each work
    """Return what a probe is asked besides, which is all that tells one work from another."""
    match work:
        case Train(jitter=jitter, equivalent=equivalent, keep=keep):
            other = {"equivalent": True} if equivalent else {}
            return {"purpose": "train", "jitter": jitter, **other, "keep": list(keep)}
        case Plain():
            return {"purpose": "plain"}
        case Check():
            return {"purpose": "check"}
        case FromStart(handed=path, keep=keep, off=off):
            return {"purpose": "start", "handed": path, "keep": list(keep), "off": [own for _, own in off]}
        case Effects(layers=layers):
            return {"purpose": "effects", "layers": list(layers), "keep": ["effects effect"]}
        case Seeds(count=count, passes=passes):
            seeds = list(range(FIRST_OTHER_SEED, FIRST_OTHER_SEED + count))
            return {"purpose": "seeds", "seeds": seeds, "passes": passes}
        case Rewrite():
            return {"purpose": "rewrite", "keep": ["native rewritten", "native given"]}
        case Reread(way=way, handed=path):
            return {"purpose": "reread", "way": way, "handed": path}
        case Ops():
            return {"purpose": "ops"}
        case Replay(handed=path, skip=skip):
            return {"purpose": "replay", "handed": path, "skip": list(skip)}
        case Feed(handed=path, fed=fed):
            return {"purpose": "ops", "feeding": path, "fed": list(fed)}
        case SingleOps():
            return {"purpose": "atlas", **asdict(work)}
        case Script():
            return {"purpose": "train", "script": asdict(work)}
        case Write(format=form, artefact=folder):
            return {"purpose": "write", "format": form, "artefact": folder, "digest": ""}
        case Read(format=form, artefact=folder, digest=digest):
            return {"purpose": "read", "format": form, "artefact": folder, "digest": digest}


def _grouped(trials: Iterable[ExpectedTrial], key: Callable[[ExpectedTrial], Any]) -> dict[Any, list[ExpectedTrial]]:
    groups: dict[Any, list[ExpectedTrial]] = {}
    for expected in trials:
        groups.setdefault(key(expected), []).append(expected)
    return groups


def by_process(trials: Iterable[ExpectedTrial]) -> list[list[ExpectedTrial]]:
    """Return some trials in groups, each of which one process of their environment runs."""
    return list(_grouped(trials, lambda one: (one.cell.environment, _process_of(one))).values())


def _process_of(expected: ExpectedTrial) -> tuple[Any, ...]:
    """Return what tells the process of a trial from those of others: a witness has one of its own.

    So has each trial of a command: a bare process costs nothing, and as many of them run at once as can.
    """
    alone = expected.key if expected.role == WITNESS or expected.start.bare else ""
    launch = replace(expected.cell.launch, name="", settings=())  # what is set in it, each trial sets by itself
    return launch, expected.hash_seed, expected.start, alone


def _stranger(
    installed: InstalledEnvironment,
    now: InstalledEnvironment | None,
    described: Mapping[str, Any],
    covers: Mapping[str, str],
) -> str:
    """Return in what a process is not what its trials cover, empty where it is.

    Somebody changed the lock, the environment or tfmatrix after the run was planned: what another package does must not
    be taken for what the lock's does. ``now`` is the environment as it stands once the process has imported TensorFlow.
    """
    if covers["probe"] != probe_source():
        return "tfmatrix itself changed during the run; run again."
    if installed.lock_digest != covers["lock"] or now != installed:
        return "its lock, or what is installed, changed during the run; run again."
    locked = {package.name: package.version for package in installed.packages}
    distribution = package_of(installed.environment.distribution)
    for module, package in (("tensorflow", distribution), ("numpy", "numpy")):
        imported = described.get(module)
        if imported and package in locked and Version(imported) != Version(locked[package]):
            folder = Path(installed.interpreter).parents[1]
            return f"{folder} has {module} {imported}, and its lock {locked[package]}; remove the folder and run again."
    return ""


class _Run:
    """The threads and probes of one run: one thread makes environments, the others observe."""

    def __init__(self, config: Config, files: Files) -> None:
        self.config = config
        self.files = files
        self._events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        self.stopped = threading.Event()
        self._maker = making.Maker(config)
        self._makers = ThreadPoolExecutor(1, "make")
        self._observers = ThreadPoolExecutor(processes_at_once(config), "observe")
        self._probes: set[Probe] = set()
        self._lock = threading.Lock()
        self._left = 0
        self._begun: dict[Environment, float] = {}
        """When the first trial of an environment began."""

    def events(self, by_environment: dict[Environment, list[ExpectedTrial]]) -> Iterator[Event]:
        """Start the work and yield its events until there is none left."""
        self._left = len(by_environment)
        if not by_environment:
            return
        # What is made already is observed while the rest is being made.
        found = {environment: making.find(environment, self.config) for environment in by_environment}
        for environment, trials in sorted(by_environment.items(), key=lambda item: -len(item[1])):
            if installed := found[environment]:
                self._events.put(Ready(environment, installed))
                self._start(installed, trials)
        for environment, trials in by_environment.items():
            if not found[environment]:
                self._watched(self._makers, self._make, environment, trials)
        while (event := self._events.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event

    def stop(self) -> None:
        """End every probe, and wait for the threads."""
        self.stopped.set()
        with self._lock:
            probes, self._probes = self._probes, set()
        for probe in probes:
            probe.kill()
        self._maker.stop()
        self._makers.shutdown(wait=True, cancel_futures=True)
        self._observers.shutdown(wait=True, cancel_futures=True)

    def _watched(self, pool: ThreadPoolExecutor, work: Callable[..., None], *arguments: Any) -> None:
        """Submit work; what it raises is our own failure and ends the run."""

        def report(future: Future[None]) -> None:
            if not future.cancelled() and (error := future.exception()):
                self._events.put(error)

        pool.submit(work, *arguments).add_done_callback(report)

    def _make(self, environment: Environment, trials: list[ExpectedTrial]) -> None:
        if self.stopped.is_set():
            return
        self._events.put(Making(environment))
        try:
            installed = self._maker.make(environment)
        except Unavailable as error:
            self._events.put(Refused(environment, str(error)))
            self._finish_environment()
            return
        self._events.put(Ready(environment, installed))
        self._start(installed, trials)

    def _start(self, installed: InstalledEnvironment, trials: Sequence[ExpectedTrial]) -> None:
        """Submit an environment's trials, a process's at a time."""
        groups = by_process(trials)
        remaining = _Countdown(len(groups), self._finish_environment)
        for group in groups:
            self._watched(self._observers, self._observe_group, installed, group, remaining)

    def _finish_environment(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._events.put(None)

    def _observe_group(
        self, installed: InstalledEnvironment, trials: list[ExpectedTrial], remaining: _Countdown
    ) -> None:
        """Observe trials in one process, or in a new one after each where it must not or cannot fork."""
        line = _Line(self, installed)
        try:
            for number, expected in enumerate(trials):
                if self._is_late(installed.environment):
                    return
                try:
                    finished = line.observe(expected)
                except ProbeDied as error:  # at its start, and more than once: the next one would die of the same
                    self._give_up(trials[number:], f"TensorFlow could not be imported: {error}")
                    return
                except Unavailable as error:
                    self._events.put(Refused(installed.environment, str(error)))
                    return
                if self.stopped.is_set():
                    return
                self._events.put(finished)
        finally:
            line.end()
            remaining.one_less()

    def _is_late(self, environment: Environment) -> bool:
        """Return whether an environment's time is up; whoever finds out first tells it, as its refusal."""
        limit, now = self.config.environment_timeout, time.monotonic()
        with self._lock:
            begun = self._begun.setdefault(environment, now)
            late = now - begun > limit
            first = late and begun > -math.inf
            if first:
                self._begun[environment] = -math.inf
        if first:
            reason = f"its trials took more than {limit:g} s; run again to go on, or raise environment_timeout."
            self._events.put(Refused(environment, reason))
        return late

    def _give_up(self, trials: Iterable[ExpectedTrial], message: str) -> None:
        for expected in () if self.stopped.is_set() else trials:
            self._events.put(Finished(expected, trial_of(expected, CRASHED, kind=PROBE_DIED, message=message), (), {}))

    def start_probe(self, installed: InstalledEnvironment, expected: ExpectedTrial) -> Probe:
        """Start a probe for a trial and those after it, and wait for its import.

        Raises ``ProbeDied``, and ``Unavailable`` where what was imported is not what the environment's lock says.
        """
        launch, start = expected.cell.launch, expected.start
        folder = self.config.under_root(self.config.store).parent / "recipes"
        placed = Placed(start, folder) if start != Start() else None
        probe = Probe(installed.interpreter, installed.environment, launch, expected.hash_seed, placed)
        with self._lock:
            self._probes.add(probe)  # before it imports TensorFlow, so that stopping does not wait for that
            if self.stopped.is_set():
                probe.kill()
        try:
            described = probe.describe()
        except ProbeDied:
            self.end_probe(probe)
            raise
        now = making.find(installed.environment, self.config)
        if stranger := _stranger(installed, now, described, dict(expected.covers)):
            self.end_probe(probe)
            raise Unavailable(stranger)
        seconds, saw = described["import_seconds"], described.get("saw", {})
        self._events.put(Launched(installed.environment, seconds, probe.can_fork, start, saw))
        return probe

    @contextmanager
    def device_of(self, expected: ExpectedTrial) -> Iterator[None]:
        """Have the device that a trial's launch asks for: of those that ask for a GPU one runs at a time on a machine.

        In other runs too, which a worker of a fleet has several of.
        """
        if expected.cell.launch.device != GPU:
            yield
            return
        lock = FileLock(Path(tempfile.gettempdir()) / f"tfmatrix-gpu-{os.getuid()}.lock")
        try:
            while not (lock.is_locked or self.stopped.is_set()):  # a probe is killed then, and is asked in vain
                with suppress(Timeout):
                    lock.acquire(LOOK)
            yield
        finally:
            lock.release()

    def end_probe(self, probe: Probe) -> None:
        """End a probe."""
        with self._lock:
            self._probes.discard(probe)
        probe.close()


class _Line:
    """Trials of one process, one after another; where that ends, another goes on."""

    def __init__(self, run: _Run, installed: InstalledEnvironment) -> None:
        self._run = run
        self._installed = installed
        self._probe: Probe | None = None

    def observe(self, expected: ExpectedTrial) -> Finished:
        """Return what became of a trial; one that was killed from outside, as far as can be told, is run once more.

        Raises ``ProbeDied`` where no process could be started twice.
        """
        try:
            first = self._attempt(expected)
        except ProbeDied:
            if self._run.stopped.is_set():
                raise
        else:
            if not first.trial.from_outside or self._run.stopped.is_set():
                return first
        return self._attempt(expected)

    def end(self) -> None:
        """End the process, where there is one."""
        if self._probe:
            self._run.end_probe(self._probe)
            self._probe = None

    def _attempt(self, expected: ExpectedTrial) -> Finished:
        self._probe = self._probe or self._run.start_probe(self._installed, expected)
        fresh = expected.role == WITNESS or not self._probe.can_fork
        try:
            request = request_of(expected, self._run.config, fresh=fresh, files=self._run.files)
            with self._run.device_of(expected):
                header, payload = self._probe.ask(request)
            return Finished(expected, *to_trial(expected, header, payload, self._run.config.root))
        except ProbeDied as error:
            died = trial_of(expected, CRASHED, kind=PROBE_DIED, message=f"the probe died: {error}")
            return Finished(expected, died, (), {})
        finally:
            if fresh or not self._probe.alive:
                self.end()


class _Countdown:
    """Calls a function when it has been told so many times that one is over."""

    def __init__(self, count: int, at_zero: Callable[[], None]) -> None:
        self._count = count
        self._at_zero = at_zero
        self._lock = threading.Lock()

    def one_less(self) -> None:
        """Count one down."""
        with self._lock:
            self._count -= 1
            if self._count == 0:
                self._at_zero()
