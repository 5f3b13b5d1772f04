"""Faults of a fleet of real workers: nothing is lost, nothing is counted twice, and what is asked of whom is told."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster, Scheduler, SchedulerPlugin, Worker, get_worker

from building import make_project
from tfmatrix.errors import UserError
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.questions.matrix.summary import summarise
from tfmatrix.records import CRASHED, PROBE_DIED
from tfmatrix.report.document import to_text
from tfmatrix.runner import fleet, on_worker, wire
from tfmatrix.runner.events import Event, Finished, Refused
from tfmatrix.runner.observing import observe
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store

from .clusters import (
    Clusters,
    FakePlan,
    all_trials,
    ask_as_client,
    events_of,
    finished,
    nothing,
    serve_as_scheduler,
    serve_as_worker,
)

Program = BaseProcess
Programs = Callable[..., Program]

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:distributed"),
]


def _without_tfmatrix() -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == "tfmatrix"]:
        sys.modules[name] = None  # type: ignore[assignment]  # by which Python knows that there is none


def _with_an_older_tfmatrix() -> None:
    del on_worker.introduce


def _with_another_tfmatrix() -> None:
    on_worker.program = lambda: "f" * 64  # type: ignore[assignment]  # nothing is kept of it


def _with_another_python() -> None:
    on_worker.python = lambda: "3.99"


def _of_another_class() -> None:
    on_worker.machine_class = lambda: "f" * 64


def _with_a_full_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


MISFITS = {
    "without tfmatrix, or with an older one": (_without_tfmatrix, _with_an_older_tfmatrix),
    "with another tfmatrix": (_with_another_tfmatrix,),
    "with Python 3.99": (_with_another_python,),
    "of another machine class": (_of_another_class,),
}
"""By what is said of them, what workers do first that can't run trials."""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Programs]:
    """Return a function that has a process serve a fleet, by a function and what it is given; it is killed at the end.

    The processes are forks of one that has imported Dask, since that takes longer than most of what they do.
    """
    forks = get_context("forkserver")
    forks.set_forkserver_preload(["distributed", "tfmatrix.runner.on_worker"])
    started = []

    def start(serve: Callable[..., None], *given: object) -> Program:
        one = forks.Process(target=serve, args=(tmp_path, *given), daemon=True)
        one.start()
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()
        one.join()


@pytest.fixture
def worker(program: Programs, worker_folder: Path) -> Programs:
    """Return a function of a cluster that starts a worker which nobody starts again, and waits until it is there."""

    def start(cluster: LocalCluster, first: Callable[[], None] = nothing, folder: Path = worker_folder) -> Program:
        there = len(scheduler_of(cluster).workers)
        one = program(serve_as_worker, cluster.scheduler_address, folder, first)
        cluster.wait_for_workers(there + 1)
        return one

    return start


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have batches be of two trials, so that there are several, and looks be frequent."""
    monkeypatch.setattr(fleet, "MOST_TRIALS", 2)
    monkeypatch.setattr(fleet, "LOOK", 0.5)


def send(program: Program, number: signal.Signals) -> None:
    """Send a signal to a program."""
    assert program.pid
    os.kill(program.pid, number)


def scheduler_of(cluster: LocalCluster) -> Scheduler:
    """Return the scheduler of a cluster, which is in this process."""
    assert isinstance(cluster.scheduler, Scheduler)
    return cluster.scheduler


def of_processes(cluster: Clusters) -> LocalCluster:
    """Return a cluster whose scheduler is in this process, for workers that are programs."""
    return cluster(0, protocol="tcp://")


def once(action: Callable[[], object]) -> Callable[[Event], None]:
    """Return a watcher that acts when the first trial is over."""
    left = [action]

    def watch(event: Event) -> None:
        if isinstance(event, Finished) and left:
            left.pop()()

    return watch


def introduced(plan: Plan, address: str, count: int) -> None:
    """Wait until so many workers have said that they can run a plan's trials."""
    while fleet.threads(replace(plan.config, on=address))[0] < count:
        pass


def watched(plan: Plan, address: str, watch: Callable[[Event], None]) -> list[Event]:
    """Return what happens when a plan's trials are run by a fleet; each event is watched when it comes."""
    found = []
    for event in fleet.observe(all_trials(plan), replace(plan.config, on=address)):
        found.append(event)
        watch(event)
    return found


@pytest.mark.parametrize("limit", ["5 minutes", "10s"], ids=["slow", "lost"])
def test_a_worker_that_is_silent_for_long_and_then_is_there_again_counts_nothing_twice(
    fake_plan: FakePlan, cluster: Clusters, worker: Programs, limit: str
) -> None:
    """Neither where the scheduler waits for it, nor where it has given its batch to another one."""
    plan = fake_plan(["a", "b"], versions=["2.15.1"])
    here = finished(list(observe(all_trials(plan), plan.config)))
    with dask.config.set({"distributed.scheduler.worker-ttl": limit}):
        started = of_processes(cluster)
    programs: dict[str, Program] = {}
    for _ in range(2):
        one = worker(started)
        (address,) = scheduler_of(started).workers.keys() - programs.keys()
        programs[address] = one
    silent: list[Program] = []
    woken = threading.Event()

    def wake() -> None:
        send(silent[0], signal.SIGCONT)
        woken.set()

    class Wake(SchedulerPlugin):
        def remove_worker(self, *told: Any, **more: Any) -> None:
            del told, more
            wake()

    def silence(event: Event) -> None:
        """Silence whichever has something to do, once a trial is over."""
        busy = [address for address, state in scheduler_of(started).workers.items() if state.processing]
        if silent or not busy or not isinstance(event, Finished):
            return
        silent.append(programs[busy[0]])
        send(silent[0], signal.SIGSTOP)
        if limit == "10s":
            scheduler_of(started).add_plugin(Wake())
        else:
            threading.Timer(3.0, wake).start()

    introduced(plan, started.scheduler_address, 2)
    found = watched(plan, started.scheduler_address, silence)
    assert woken.is_set()
    assert finished(found) == here


@pytest.fixture
def silenced(program: Programs, worker_folder: Path) -> tuple[str, Program]:
    """Return the address of a scheduler with two workers, and its program, which is to be silent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    scheduler = program(serve_as_scheduler, address)
    for _ in range(2):
        program(serve_as_worker, address, worker_folder, nothing)
    return address, scheduler


def test_a_scheduler_that_is_silent_for_a_while_loses_nothing(
    fake_plan: FakePlan, silenced: tuple[str, Program]
) -> None:
    """Not as long as is waited for: the run goes on."""
    plan = fake_plan(["a", "b", "c"], versions=["2.15.1"])
    here = finished(list(observe(all_trials(plan), plan.config)))
    address, scheduler = silenced

    def silence() -> None:
        send(scheduler, signal.SIGSTOP)
        threading.Timer(4.0, lambda: send(scheduler, signal.SIGCONT)).start()

    assert finished(watched(plan, address, once(silence))) == here


def test_a_scheduler_that_is_silent_for_long_is_a_sentence_and_the_next_run_goes_on(
    fake_plan: FakePlan, silenced: tuple[str, Program], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was finished is kept, and no trial is run twice."""
    plan = fake_plan(["a", "b", "c"], versions=["2.15.1"])
    here: list[Event] = []
    with Store(tmp_path / "here.sqlite") as store:
        rounds(plan, store, here.append)
    address, scheduler = silenced
    plan = replace(plan, config=replace(plan.config, on=address))
    seen: list[Event] = []

    def silence() -> None:
        send(scheduler, signal.SIGSTOP)
        monkeypatch.setattr(fleet, "PATIENCE", 2.0)

    silencing = once(silence)

    def watch(event: Event) -> None:
        seen.append(event)
        silencing(event)

    with Store(tmp_path / "store.sqlite") as store:
        with pytest.raises(UserError, match=r"^the Dask scheduler at .* is gone; what was finished is kept: "):
            rounds(plan, store, watch)
        send(scheduler, signal.SIGCONT)
        monkeypatch.setattr(fleet, "PATIENCE", 60.0)
        rounds(plan, store, watch)
    assert finished(seen) == finished(here)


class Line:
    """A line between client and scheduler that can be cut: while it is, nobody gets through."""

    def __init__(self, scheduler: str) -> None:
        host, _, port = scheduler.removeprefix("tcp://").rpartition(":")
        self._to = (host, int(port))
        self._open: list[socket.socket] = []
        self._cut = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # it was closed
            while True:
                near, _ = self._server.accept()
                if self._cut:
                    near.close()
                    continue
                far = socket.create_connection(self._to)
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    @staticmethod
    def _copy(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := one.recv(1 << 16):
                other.sendall(part)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self, seconds: float) -> None:
        """Break what is connected, and let nobody connect for a while."""
        self._cut = True
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        threading.Timer(seconds, self._mend).start()

    def _mend(self) -> None:
        self._cut = False

    def close(self) -> None:
        """End it."""
        self._server.close()
        for one in self._open:
            one.close()


def test_a_network_that_drops_is_waited_for_and_no_trial_is_blamed(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for is asked for again, as though it had not been."""
    plan = fake_plan(["a", "b", "c"], versions=["2.15.1"])
    here = finished(list(observe(all_trials(plan), plan.config)))
    monkeypatch.setattr(fleet, "TRIES", 1)  # whatever is blamed is a crash
    started = cluster(2, protocol="tcp://")
    line = Line(started.scheduler_address)
    try:
        found = watched(plan, line.address, once(lambda: line.cut(2.0)))
    finally:
        line.close()
    assert finished(found) == here


@pytest.mark.parametrize("reason", MISFITS)
def test_a_worker_that_cannot_run_trials_is_left_alone(
    fake_plan: FakePlan, cluster: Clusters, worker: Programs, reason: str
) -> None:
    """Where it is the only one, that is a sentence with the reason; where another one is there, that runs them all."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    started = of_processes(cluster)
    for first in MISFITS[reason]:
        worker(started, first)
    count = len(MISFITS[reason])
    told = rf"^none of the {count} workers at .* can run these trials \({reason}: {count}\); start one on a machine of "
    with pytest.raises(UserError, match=told):
        events_of(started, plan)
    worker(started)
    found = events_of(started, plan)
    assert not [event for event in found if isinstance(event, Refused)]
    assert {one.trial.outcome for one in finished(found).values()} == {"observed"}
    assert len(scheduler_of(started).workers) == count + 1  # those that were left alone are still there, for others


def test_a_worker_that_is_silent_from_the_start_holds_up_no_other(
    fake_plan: FakePlan, cluster: Clusters, worker: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone it is a sentence; where another one is there, that runs the trials."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    started = of_processes(cluster)
    send(worker(started), signal.SIGSTOP)
    monkeypatch.setattr(fleet, "PATIENCE", 2.0)
    with pytest.raises(UserError, match=r"\(silent or busy for 2 s: 1\); start one"):
        events_of(started, plan)
    monkeypatch.setattr(fleet, "PATIENCE", 60.0)
    worker(started)
    assert {one.trial.outcome for one in finished(events_of(started, plan)).values()} == {"observed"}


def test_a_disk_that_is_full_leaves_the_work_to_another_worker(
    fake_plan: FakePlan, cluster: Clusters, worker: Programs, tmp_path: Path
) -> None:
    """What no file may be longer than is not enough for the project; where no other is left, that is the reason."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    (tmp_path / "large.txt").write_text("x" * 10_000)
    started = of_processes(cluster)
    folder = tmp_path / "of the full one"
    folder.mkdir()
    worker(started, _with_a_full_disk, folder)
    (refused,) = (event for event in events_of(started, plan) if isinstance(event, Refused))
    assert refused.reason == "the worker failed: OSError: [Errno 27] File too large."
    worker(started)
    found = events_of(started, plan)
    assert not [event for event in found if isinstance(event, Refused)]
    assert {one.trial.outcome for one in finished(found).values()} == {"observed"}


def test_a_client_that_is_killed_comes_back_and_only_what_is_missing_is_run(
    fake_plan: FakePlan, cluster: Clusters, program: Programs, tmp_path: Path
) -> None:
    """Its store has what was finished; the report is that of a run on this machine, byte for byte."""
    plan = fake_plan([f"m{number}" for number in range(4)])

    def run(name: str, on: str) -> tuple[str, list[Event]]:
        seen: list[Event] = []
        with Store(tmp_path / name) as store:
            rounds(replace(plan, config=replace(plan.config, on=on)), store, seen.append)
            return to_text(summarise(compare_all(plan, store))), seen

    here, all_of_them = run("here", "")
    started = cluster(2, protocol="tcp://")
    telling, told = get_context("forkserver").Pipe(duplex=False)
    client = program(ask_as_client, started.scheduler_address, "there", told)
    while telling.recv() < 7:
        pass
    client.kill()
    client.join()
    with Store(tmp_path / "there") as store:
        kept = store.settled()
    assert 7 <= len(kept) < len(finished(all_of_them))
    there, rest = run("there", started.scheduler_address)
    assert there == here
    run_again = {one.expected.key for one in finished(rest).values()}
    assert run_again == {one.expected.key for one in finished(all_of_them).values()} - set(kept)


def _place(worker: Worker, asked: list[str]) -> int:
    """Return the place of a worker among those that were asked, by when each was first."""
    if worker.address not in asked:
        asked.append(worker.address)
    return asked.index(worker.address)


def test_who_waits_for_workers_that_are_gone_is_given_to_others(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One refuses, the only other one is lost with what it had, and a third comes: it has another address."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    said, over = on_worker.said, threading.Event()
    started = cluster(2)
    asked: list[str] = []

    def act(order: on_worker.Order, project: bytes, is_wanted: Any) -> Any:
        worker = get_worker()
        place = _place(worker, asked)
        if place == 0:
            return iter([wire.refused("no Python 3.10 here.")])
        if place == 1:
            worker.loop.add_callback(worker.close, executor_wait=False)
            started.scale(3)  # type: ignore[no-untyped-call]  # Dask's function has no types
            over.wait()
        return said(order, project, is_wanted)

    monkeypatch.setattr(on_worker, "said", act)
    try:
        found = events_of(started, plan)
    finally:
        over.set()
    assert len(asked) == 3
    assert not [event for event in found if isinstance(event, Refused)]
    assert {one.trial.outcome for one in finished(found).values()} == {"observed"}


@pytest.mark.parametrize("comes", [True, False], ids=["a third comes", "no third comes"])
def test_a_refusal_while_the_only_other_worker_starts_again_is_not_the_last_word(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch, comes: bool
) -> None:
    """One dies; then the other refuses, and is the only one that is there: it has the last word after a while."""
    monkeypatch.setattr(fleet, "LOOK", 0.5)
    if not comes:
        monkeypatch.setattr(fleet, "PATIENCE", 3.0)
    plan = fake_plan(["a"], versions=["2.15.1"])
    said, over, refused = on_worker.said, threading.Event(), threading.Event()
    started = cluster(2)
    asked: list[str] = []
    third = threading.Timer(1.0, started.scale, [3])

    def act(order: on_worker.Order, project: bytes, is_wanted: Any) -> Any:
        worker = get_worker()
        place = _place(worker, asked)
        if place == 0:
            worker.loop.add_callback(worker.close, executor_wait=False)
            over.wait()
        if place == 1:
            while asked[0] in started.scheduler.workers:  # type: ignore[union-attr]  # it has a scheduler
                time.sleep(0.05)
            if comes and not refused.is_set():
                third.start()
            refused.set()
            return iter([wire.refused("no Python 3.10 here.")])
        return said(order, project, is_wanted)

    monkeypatch.setattr(on_worker, "said", act)
    try:
        found = events_of(started, plan)
    finally:
        over.set()
        third.cancel()
    reasons = [event.reason for event in found if isinstance(event, Refused)]
    assert reasons == ([] if comes else ["no Python 3.10 here."])
    assert {one.trial.outcome for one in finished(found).values()} == ({"observed"} if comes else set())


class Bomb:
    """What leaves a file behind where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self._mark,))


def test_what_a_worker_answers_is_never_unpickled(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An object is no answer: it is asked for again, and then its trial has crashed."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    mark = tmp_path / "unpickled"
    monkeypatch.setattr(on_worker, "run", lambda order, project: Bomb(mark))
    found = finished(events_of(cluster(1, protocol="tcp://"), plan, all_trials(plan)[:1]))
    assert {(one.trial.outcome, one.trial.kind) for one in found.values()} == {(CRASHED, PROBE_DIED)}
    assert not mark.exists()


def test_a_refusal_under_an_address_that_no_worker_has_is_no_answer(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever says so would be asked for ever."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    monkeypatch.setattr(on_worker, "run", lambda order, project: wire.to_bytes("tcp://me:1", [wire.refused("no.")]))
    found = finished(events_of(cluster(1), plan, all_trials(plan)[:1]))
    assert {(one.trial.outcome, one.trial.kind) for one in found.values()} == {(CRASHED, PROBE_DIED)}


def test_the_source_of_tfmatrix_is_what_tells_one_from_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each module counts; a project's files do not."""
    before = on_worker.program()
    make_project(tmp_path, ["a"])
    on_worker.program.cache_clear()
    assert on_worker.program() == before
    assert len(before) == 64
    copied = shutil.copytree(Path(on_worker.__file__).parents[1], tmp_path / "another")
    monkeypatch.setattr(on_worker, "__file__", str(copied / "runner" / "on_worker.py"))
    on_worker.program.cache_clear()
    assert on_worker.program() == before
    with (copied / "compare" / "verdicts.py").open("a", encoding="utf-8") as module:
        module.write("# another\n")
    on_worker.program.cache_clear()
    assert on_worker.program() != before
    monkeypatch.undo()
    on_worker.program.cache_clear()
