"""Faults of a fleet of real workers: nothing is lost, nothing is counted twice, and what is asked of whom is told."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster, SchedulerPlugin, get_worker

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

from .clusters import PRELOAD, Clusters, FakePlan, all_trials, events_of, finished

Programs = Callable[..., subprocess.Popen[bytes]]

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:distributed"),
]

CLIENT = """
import sys
from dataclasses import replace
from pathlib import Path
from tfmatrix import config
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.runner import fleet
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store

fleet.MOST_TRIALS = 2
folder, address, store = sys.argv[1:]
plan = make_plan(config.load(Path(folder)))
with Store(Path(store)) as opened:
    rounds(
        replace(plan, config=replace(plan.config, on=address)),
        opened,
        lambda event: print(type(event).__name__, flush=True),
    )
"""
"""A client that tells what happens, a line for each event."""

MISFITS = {
    "without tfmatrix, or with an older one": (
        "import sys; sys.modules['tfmatrix'] = None",
        "from tfmatrix.runner import on_worker; del on_worker.introduce",
    ),
    "with another tfmatrix": ("from tfmatrix.runner import on_worker; on_worker.program = lambda: 'f' * 64",),
    "with Python 3.99": ("from tfmatrix.runner import on_worker; on_worker.python = lambda: '3.99'",),
    "of another machine class": ("from tfmatrix.runner import on_worker; on_worker.machine_class = lambda: 'f' * 64",),
}
"""By what is said of them, what workers run first that can't run trials."""


@pytest.fixture
def program() -> Iterator[Programs]:
    """Return a function that starts a scheduler or a worker of Dask's, a program that is killed at the end."""
    started = []

    def start(*words: str, preload: Sequence[str] = (PRELOAD,), **variables: str) -> subprocess.Popen[bytes]:
        loaded = [word for text in preload for word in ("--preload", text)]
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard", *loaded]
        none = subprocess.DEVNULL
        one = subprocess.Popen(command, env={**os.environ, **variables}, stdout=none, stderr=none)
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()
        one.wait()


@pytest.fixture
def worker(program: Programs) -> Callable[..., subprocess.Popen[bytes]]:
    """Return a function of a cluster that starts a worker which nobody starts again, and waits until it is there."""

    def start(cluster: LocalCluster, **choices: Any) -> subprocess.Popen[bytes]:
        there = len(cluster.scheduler.workers)
        one = program("worker", cluster.scheduler_address, "--no-nanny", "--nthreads", "1", **choices)
        cluster.wait_for_workers(there + 1)
        return one

    return start


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have batches be of two trials, so that there are several, and looks be frequent."""
    monkeypatch.setattr(fleet, "MOST_TRIALS", 2)
    monkeypatch.setattr(fleet, "LOOK", 0.5)


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


def watched(plan: Plan, address: str, watch: Callable[[Event], None]) -> list[Event]:
    """Return what happens when a plan's trials are run by a fleet; each event is watched when it comes."""
    found = []
    for event in fleet.observe(all_trials(plan), replace(plan.config, on=address)):
        found.append(event)
        watch(event)
    return found


@pytest.mark.parametrize("limit", ["5 minutes", "1s"], ids=["slow", "lost"])
def test_a_worker_that_is_silent_for_long_and_then_is_there_again_counts_nothing_twice(
    fake_plan: FakePlan, cluster: Clusters, worker: Programs, limit: str
) -> None:
    """Neither where the scheduler waits for it, nor where it has given its batch to another one."""
    plan = fake_plan(["a", "b"], versions=["2.15.1"])
    here = finished(list(observe(all_trials(plan), plan.config)))
    with dask.config.set({"distributed.scheduler.worker-ttl": limit}):  # of which Dask takes five seconds at least
        started = of_processes(cluster)
    silent, _ = worker(started), worker(started)
    woken = threading.Event()

    def wake() -> None:
        silent.send_signal(signal.SIGCONT)
        woken.set()

    class Wake(SchedulerPlugin):
        def remove_worker(self, *told: Any, **more: Any) -> None:
            del told, more
            wake()

    late = threading.Timer(3.0, wake)
    if limit == "1s":
        started.scheduler.add_plugin(Wake())
    else:
        late.start()
    found = watched(plan, started.scheduler_address, once(lambda: silent.send_signal(signal.SIGSTOP)))
    assert woken.is_set()
    assert finished(found) == here


@pytest.fixture
def silenced(program: Programs, worker_folder: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """Return the address of a scheduler with two workers, and its program, which is to be silent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    short = {f"DASK_DISTRIBUTED__COMM__TIMEOUTS__{name}": "2s" for name in ("CONNECT", "TCP")}
    scheduler = program("scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], **short)
    for _ in range(2):
        program("worker", address, "--no-nanny", "--nthreads", "1", TFMATRIX_FOLDER=str(worker_folder))
    return address, scheduler


def test_a_scheduler_that_is_silent_for_a_while_loses_nothing(
    fake_plan: FakePlan, silenced: tuple[str, subprocess.Popen[bytes]]
) -> None:
    """Longer than Dask's own limits, and not as long as is waited for: the run goes on."""
    plan = fake_plan(["a", "b", "c"], versions=["2.15.1"])
    here = finished(list(observe(all_trials(plan), plan.config)))
    address, scheduler = silenced

    def silence() -> None:
        scheduler.send_signal(signal.SIGSTOP)
        threading.Timer(4.0, lambda: scheduler.send_signal(signal.SIGCONT)).start()

    assert finished(watched(plan, address, once(silence))) == here


def test_a_scheduler_that_is_silent_for_long_is_a_sentence_and_the_next_run_goes_on(
    fake_plan: FakePlan, silenced: tuple[str, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was finished is kept, and no trial is run twice."""
    plan = fake_plan(["a", "b", "c"], versions=["2.15.1"])
    here = finished(list(observe(all_trials(plan), plan.config)))
    address, scheduler = silenced
    plan = replace(plan, config=replace(plan.config, on=address))
    seen: list[Event] = []

    def silence() -> None:
        scheduler.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(fleet, "PATIENCE", 2.0)

    silencing = once(silence)

    def watch(event: Event) -> None:
        seen.append(event)
        silencing(event)

    with Store(tmp_path / "store.sqlite") as store:
        with pytest.raises(UserError, match=r"^the Dask scheduler at .* is gone; what was finished is kept: "):
            rounds(plan, store, watch)
        scheduler.send_signal(signal.SIGCONT)
        monkeypatch.setattr(fleet, "PATIENCE", 60.0)
        rounds(plan, store, watch)
    assert finished(seen) == here


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
    for text in MISFITS[reason]:
        worker(started, preload=[text])
    count = len(MISFITS[reason])
    told = rf"^none of the {count} workers at .* can run these trials \({reason}: {count}\); start one on a machine of "
    with pytest.raises(UserError, match=told):
        events_of(started, plan)
    worker(started)
    found = events_of(started, plan)
    assert not [event for event in found if isinstance(event, Refused)]
    assert {one.trial.outcome for one in finished(found).values()} == {"observed"}


def test_a_worker_that_is_silent_from_the_start_holds_up_no_other(
    fake_plan: FakePlan, cluster: Clusters, worker: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone it is a sentence; where another one is there, that runs the trials."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    started = of_processes(cluster)
    worker(started).send_signal(signal.SIGSTOP)
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
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    started = of_processes(cluster)
    folder = tmp_path / "of the full one"
    folder.mkdir()
    worker(started, preload=[PRELOAD, full], TFMATRIX_FOLDER=str(folder))
    (refused,) = (event for event in events_of(started, plan) if isinstance(event, Refused))
    assert refused.reason == "the worker failed: OSError: [Errno 27] File too large."
    worker(started)
    found = events_of(started, plan)
    assert not [event for event in found if isinstance(event, Refused)]
    assert {one.trial.outcome for one in finished(found).values()} == {"observed"}


def test_a_client_that_is_killed_comes_back_and_only_what_is_missing_is_run(
    fake_plan: FakePlan, cluster: Clusters, tmp_path: Path
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
    words = [sys.executable, "-c", CLIENT, str(tmp_path), started.scheduler_address, str(tmp_path / "there")]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as client:
        assert client.stdout
        told = islice((line for line in client.stdout if line == b"Finished\n"), 7)
        assert len(list(told)) == 7
        client.kill()
    with Store(tmp_path / "there") as store:
        kept = store.settled()
    assert 7 <= len(kept) < len(finished(all_of_them))
    there, rest = run("there", started.scheduler_address)
    assert there == here
    run_again = {one.expected.key for one in finished(rest).values()}
    assert run_again == {one.expected.key for one in finished(all_of_them).values()} - set(kept)


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
        if worker.address not in asked:
            asked.append(worker.address)
        if worker.address == asked[0]:
            return iter([wire.refused("no Python 3.10 here.")])
        if worker.address == asked[1]:
            worker.loop.add_callback(worker.close, executor_wait=False)
            started.scale(3)
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


def test_the_source_of_tfmatrix_is_what_tells_one_from_another(tmp_path: Path) -> None:
    """Each module counts; a project's files do not."""
    before = on_worker.program()
    make_project(tmp_path, ["a"])
    on_worker.program.cache_clear()
    assert on_worker.program() == before
    assert len(before) == 64
