"""A fleet: workers of a Dask cluster make of trials what the local runner makes of them, whatever befalls them."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import dask
import psutil
import pytest
from distributed import LocalCluster, get_worker
from distributed.security import Security

from building import make_project
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.errors import UserError
from tfmatrix.forecast import foretell
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.questions.matrix.summary import summarise
from tfmatrix.records import CRASHED, PROBE_DIED, FromStart, Write
from tfmatrix.report.document import to_text
from tfmatrix.runner import fleet, making, on_worker, wire
from tfmatrix.runner.events import Event, Finished, Launched, Ready, Refused
from tfmatrix.runner.observing import observe
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store

from .clusters import PRELOAD, Clusters, FakePlan, all_trials, events_of, finished

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:distributed"),
]


def test_a_fleet_makes_of_trials_what_this_machine_makes(fake_plan: FakePlan, cluster: Clusters) -> None:
    """Traces, tensors and failures are the same, and each environment is told of once."""
    plan = fake_plan(["a", "fails", "has_stages", "lies"], modes=["tf2", "v1"])
    here = finished(list(observe(all_trials(plan), plan.config)))
    happened = events_of(cluster(), plan)
    there = finished(happened)
    assert there == here
    assert len(here) == len(all_trials(plan))
    assert Counter(e.environment for e in happened if isinstance(e, Ready)) == dict.fromkeys(plan.environments, 1)


def test_nothing_to_run_asks_nobody(fake_plan: FakePlan, cluster: Clusters) -> None:
    """Nothing is told."""
    assert events_of(cluster(), fake_plan(["a"]), []) == []


@pytest.mark.parametrize("limit", ["MOST_BYTES", "MOST_SECONDS"])
def test_an_answer_that_is_large_or_takes_long_comes_in_parts(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """What is left of a batch is asked for again, and nothing twice."""
    plan = fake_plan(["a", "b"])
    monkeypatch.setattr(on_worker, limit, 0)
    found = events_of(cluster(), plan)
    assert set(finished(found)) == {one.id for one in all_trials(plan)}
    assert sum(isinstance(event, Launched) for event in found) == len(all_trials(plan))


def test_what_a_trial_is_handed_travels_with_it(fake_plan: FakePlan, cluster: Clusters, tmp_path: Path) -> None:
    """A worker has a file of its own with the same bytes."""
    plan = fake_plan(["tells"])
    handed = tmp_path / "start.bin"
    handed.write_bytes(b"start")
    first = all_trials(plan)[0]
    expected = replace(first, work=FromStart("digest", handed=str(handed)))
    seen: list[bytes] = []

    def read(trials: Any, config: Any, files: Any) -> Iterator[Event]:
        (one,) = trials
        seen.append(Path(one.work.handed).read_bytes())
        assert one.work.handed != str(handed)
        yield from observe(trials, config, files)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(on_worker, "observe", read)
        (found,) = finished(events_of(cluster(1), plan, [expected])).values()
    assert seen == [b"start"]
    assert found.expected == expected


def test_a_worker_that_dies_takes_no_trial_with_it(fake_plan: FakePlan, cluster: Clusters) -> None:
    """A model that ends whatever runs it is the end of its own trial; all others are observed."""
    plan = fake_plan(["ends_what_runs_it", "healthy", "zz"], versions=["2.15.1"])
    trials = [one for one in all_trials(plan) if one.name == "trial-1"]
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        # Each of its three orders ends a worker, and Dask need not start it again.
        found = finished(events_of(cluster(4, processes=True, preload=[PRELOAD]), plan, trials))
    crashed, *others = (one.trial for one in found.values())
    assert len(found) == 3
    for one in (crashed, *others):
        if "ends_what_runs_it" in one.id:
            assert (one.outcome, one.kind) == (CRASHED, PROBE_DIED)
            assert one.message.startswith(
                "no worker gave an answer for it, neither with others nor alone: KilledWorker: "
            )
        else:
            assert one.outcome == "observed", one


@pytest.mark.parametrize(
    ("lose", "told"),
    [(lambda one: one.scale(0), "all workers at "), (lambda one: one.close(), "the Dask scheduler at ")],
    ids=["workers", "scheduler"],
)
def test_a_fleet_that_is_lost_is_one_sentence(
    fake_plan: FakePlan,
    cluster: Clusters,
    monkeypatch: pytest.MonkeyPatch,
    lose: Callable[[LocalCluster], None],
    told: str,
) -> None:
    """Workers alone, or the scheduler with them; what was finished before was told."""
    plan = fake_plan([f"m{number}" for number in range(9)], trials=9)
    for name, value in {"LOOK": 0.2, "MOST_TRIALS": 2}.items():
        monkeypatch.setattr(fleet, name, value)
    started = cluster(1)
    events = fleet.observe(all_trials(plan), replace(plan.config, on=started.scheduler_address))
    next(one for one in events if isinstance(one, Finished))
    monkeypatch.setattr(fleet, "PATIENCE", 1.0)
    lose(started)
    with pytest.raises(UserError, match=rf"^{told}.* what was finished is kept: "):
        list(events)


@pytest.mark.parametrize("lost", ["scheduler", "client"])
def test_who_comes_back_goes_on_and_the_report_is_that_of_this_machine(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lost: str
) -> None:
    """Whether the scheduler went away or whoever asked: no trial is run twice, and every byte is the same."""
    plan = fake_plan([f"m{number}" for number in range(6)])
    for name, value in {"PATIENCE": 5.0, "LOOK": 0.2, "MOST_TRIALS": 4}.items():
        monkeypatch.setattr(fleet, name, value)

    def run(name: str, on: str, watch: Callable[[Event], None]) -> str:
        asked = replace(plan, config=replace(plan.config, on=on))
        with Store(tmp_path / name) as store:
            rounds(asked, store, watch)
            return to_text(summarise(compare_all(plan, store)))

    def watch(event: Event) -> None:
        seen.append(event)
        if lost and len([one for one in seen if isinstance(one, Finished)]) == 9:
            if lost == "client":
                raise KeyboardInterrupt
            first.close()

    seen: list[Event] = []
    here = run("here", "", lambda _: None)
    first = cluster()
    with pytest.raises(KeyboardInterrupt if lost == "client" else UserError):
        run("there", first.scheduler_address, watch)
    lost = ""
    assert run("there", cluster().scheduler_address, watch) == here
    finished(seen)  # each once


def test_workers_that_are_killed_at_any_time_lose_nothing(fake_plan: FakePlan, cluster: Clusters) -> None:
    """Another one runs what they had; the results are those of this machine."""
    plan = fake_plan([f"m{number}" for number in range(6)])
    here = finished(list(observe(all_trials(plan), plan.config)))
    started = cluster(2, processes=True, preload=[PRELOAD])
    config = replace(plan.config, on=started.scheduler_address)
    found: list[Event] = []
    killed = 0
    for event in fleet.observe(all_trials(plan), config):
        found.append(event)
        if isinstance(event, Finished) and len(found) % 5 == 0 and killed < 3:
            workers = [p for p in psutil.Process().children(recursive=True) if _is_worker(p)]
            killed += len(workers[:1])
            for worker in workers[:1]:
                worker.kill()
    assert killed
    assert finished(found) == here


def _is_worker(process: psutil.Process) -> bool:
    """Return whether a process is a Dask worker: a child of a nanny, which lives in this one."""
    try:
        return "spawn_main" in " ".join(process.cmdline()) and "resource_tracker" not in " ".join(process.cmdline())
    except psutil.Error:
        return False


@pytest.mark.parametrize("answer", [b"no answer", {"a": 1}, b""], ids=["bytes", "another type", "nothing"])
def test_an_answer_that_is_none_is_asked_for_again_and_then_a_crash(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    """Whatever a hostile worker sends; nothing of it is taken."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    monkeypatch.setattr(on_worker, "run", lambda order, project: answer)
    found = finished(events_of(cluster(), plan))
    assert set(found) == {one.id for one in all_trials(plan)}
    assert {(one.trial.outcome, one.trial.kind) for one in found.values()} == {(CRASHED, PROBE_DIED)}
    assert {one.trial.message[:65] for one in found.values()} == {
        "no worker gave an answer for it, neither with others nor alone: N"
    }


def test_an_environment_that_no_worker_can_have_is_refused_once(
    fake_plan: FakePlan, cluster: Clusters, nox: Callable[[str], None]
) -> None:
    """With the last one's reason; the trials of others are run."""
    plan = fake_plan(["a"])
    nox('session.error(f"{name} is unavailable: no wheel")')
    shutil.rmtree(making.find(plan.environments[1], plan.config).interpreter.partition("/bin/")[0])  # type: ignore[union-attr]  # it is made
    happened = events_of(cluster(), plan)
    assert [(e.environment, e.reason) for e in happened if isinstance(e, Refused)] == [
        (plan.environments[1], "no wheel.")
    ]
    assert {one.expected.cell.environment for one in finished(happened).values()} == {plan.environments[0]}


def test_a_worker_that_cannot_have_an_environment_leaves_it_to_another(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is refused as long as one can."""
    plan = fake_plan(["a", "b"])
    said, first = on_worker.said, list[str]()

    def some(order: on_worker.Order, project: bytes, is_wanted: Any) -> Any:
        address = get_worker().address
        first.append(address)
        if address == first[0]:
            return iter([wire.SaidRefused("no Python 3.10 here.")])
        return said(order, project, is_wanted)

    monkeypatch.setattr(on_worker, "said", some)
    happened = events_of(cluster(2), plan)
    assert not [e for e in happened if isinstance(e, Refused)]
    assert {one.trial.outcome for one in finished(happened).values()} == {"observed"}


def test_a_worker_without_room_refuses_and_what_it_had_finished_counts(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it failed of is said as data, and is the reason where no other worker is left."""
    plan = fake_plan(["a", "b"], versions=["2.15.1"])

    def full(trials: Any, config: Any, files: Any) -> Iterator[Event]:
        yield next(one for one in observe(trials, config, files) if isinstance(one, Finished))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(on_worker, "observe", full)
    happened = events_of(cluster(1), plan)
    (refused,) = (one for one in happened if isinstance(one, Refused))
    assert refused.reason == "the worker failed: OSError: [Errno 28] No space left on device."
    assert len(finished(happened)) == 1


def test_another_tfmatrix_on_a_worker_is_refused(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its trials would rest on another probe than they are filed under."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    monkeypatch.setattr(on_worker, "probe_source", lambda: "0" * 64)
    (refused,) = events_of(cluster(), plan)
    assert isinstance(refused, Refused)
    assert refused.reason == "the worker has another tfmatrix; install the same one there."


def test_a_plan_is_told_what_the_fleet_has(fake_plan: FakePlan, cluster: Clusters, tmp_path: Path) -> None:
    """How many workers are of this machine's class, and how many trials they run at once."""
    plan = fake_plan(["a"])
    config = replace(plan.config, on=cluster(3, threads_per_worker=2).scheduler_address)
    assert fleet.threads(config) == (3, 6)
    with Store(tmp_path / "store.sqlite") as store:
        found = foretell(replace(plan, config=config), store)
    assert (found.workers, found.processes) == (3, 6)


def test_machines_of_another_class_run_nothing(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none is of the class, that is one sentence, and nothing is run."""
    plan = fake_plan(["a"])
    monkeypatch.setattr(on_worker, "machine_class", lambda: "f" * 64)
    with pytest.raises(UserError, match=r"^none of the 2 workers at .* \(of another machine class: 2\); start one on"):
        events_of(cluster(), plan)


def test_a_worker_of_another_class_refuses_what_it_is_given_all_the_same(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes the resource for granted: the trial says itself on what machine it is to be run."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    trials = [replace(one, covers=tuple({**dict(one.covers), "machine": "f" * 64}.items())) for one in all_trials(plan)]
    (refused,) = events_of(cluster(), plan, trials)
    assert isinstance(refused, Refused)
    assert refused.reason == "the worker is a machine of another class."


def test_no_scheduler_is_one_sentence(fake_plan: FakePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that starts one."""
    plan = fake_plan(["a"])
    monkeypatch.setattr(fleet, "PATIENCE", 0.5)
    address = "tcp://127.0.0.1:9"
    with pytest.raises(UserError, match=rf"^no Dask scheduler answers at {address}: .*`dask scheduler`\.$"):
        list(fleet.observe(all_trials(plan), replace(plan.config, on=address)))


@pytest.mark.parametrize("address", ["nothing", "nonsense://x:1", "host:8786", "tcp://host", "tcp://:8786x", "tcp://"])
def test_what_is_no_address_is_one_sentence(fake_plan: FakePlan, address: str) -> None:
    """Before a client is made of it."""
    plan = fake_plan(["a"])
    with pytest.raises(UserError, match=r" is no address of a Dask scheduler; write it with its port: tcp://host:8786"):
        list(fleet.observe(all_trials(plan), replace(plan.config, on=address)))


def test_no_worker_is_one_sentence(fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that starts one."""
    plan = fake_plan(["a"])
    started = cluster(0)
    monkeypatch.setattr(fleet, "PATIENCE", 0.5)
    with pytest.raises(UserError, match=r"^no worker has come to .* in 0\.5 s; start some with `dask worker "):
        events_of(started, plan)


def test_a_worker_that_cannot_reach_the_scheduler_at_first_is_asked_again(
    fake_plan: FakePlan, cluster: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand workers that are asked at once wait for each other, and some of them for too long."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    introduce, tried = on_worker.introduce, list[None]()

    def late() -> None:
        tried.append(None)
        if len(tried) == 1:
            raise OSError("Timed out trying to connect to the scheduler after 30 s")
        introduce()

    monkeypatch.setattr(on_worker, "introduce", late)
    found = finished(events_of(cluster(1), plan))
    assert {one.trial.outcome for one in found.values()} == {"observed"}
    assert len(tried) == 2


def test_an_exchange_is_not_for_a_fleet(fake_plan: FakePlan) -> None:
    """One trial reads what another wrote, on the same disk."""
    plan = fake_plan(["a"])
    expected = replace(all_trials(plan)[0], work=Write("keras", "/somewhere"))
    with pytest.raises(UserError, match="leave out --on"):
        list(fleet.observe([expected], replace(plan.config, on="tcp://127.0.0.1:9")))


def test_whoever_stops_ends_what_runs(fake_plan: FakePlan, cluster: Clusters) -> None:
    """No process is left once the batch that runs has seen that nobody waits for it."""
    plan = fake_plan([f"m{number}" for number in range(9)], versions=["2.15.1"], trials=9)
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    started = cluster(1)
    events = fleet.observe(all_trials(plan), replace(plan.config, on=started.scheduler_address))
    next(one for one in events if isinstance(one, Finished))
    events.close()
    started.close()
    left = [
        p for p in psutil.Process().children(recursive=True) if p.pid not in before and "fake_probe" in str(p.cmdline())
    ]
    assert left == []


def test_the_connection_may_be_encrypted(fake_plan: FakePlan, cluster: Clusters) -> None:
    """By Dask's own settings, on both sides; a client without a certificate is let in nowhere."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    security = Security.temporary()  # type: ignore[no-untyped-call]  # as above
    started = cluster(1, protocol="tls://", security=security)
    tls = "distributed.comm.tls"
    settings = {
        f"{tls}.ca-file": security.tls_ca_file,
        f"{tls}.client.cert": security.tls_client_cert,
        f"{tls}.client.key": security.tls_client_key,
    }
    assert started.scheduler_address.startswith("tls://")
    with dask.config.set(settings):
        found = finished(events_of(started, plan))
    assert {one.trial.outcome for one in found.values()} == {"observed"}
    with pytest.raises(UserError, match=r"^tls://.* needs certificates; name them in Dask's configuration, in distri"):
        events_of(started, plan)


def test_the_same_files_are_the_same_archive(tmp_path: Path) -> None:
    """Whenever they were written, so that they travel once; what a run writes is not among them."""
    config = make_project(tmp_path, ["a", "b"])
    plan = make_plan(config)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "matrix.json").write_text("{}")
    first = fleet.packed(config, all_trials(plan), {})
    os.utime(tmp_path / "pyproject.toml", (1, 1))
    assert fleet.packed(config, all_trials(plan), {}) == first
    with tarfile.open(fileobj=BytesIO(first)) as archive:
        names = archive.getnames()
    assert {"pyproject.toml", "reference_models/a.py", "locks/tensorflow-cpu-2.15.1-py310.txt"} <= set(names)
    assert not [name for name in names if name.startswith((".", "reports"))]
    (tmp_path / "reference_models" / "a.py").write_text("# another\n")
    assert fleet.packed(config, all_trials(plan), {}) != first


def test_half_a_copy_is_made_anew(tmp_path: Path, worker_folder: Path) -> None:
    """A worker that died while it unpacked leaves nothing that another takes for the project."""
    config = make_project(tmp_path, ["a"])
    archive = fleet.packed(config, all_trials(make_plan(config)), {})
    partial = worker_folder / "projects" / "digest.partial" / "folder"
    partial.mkdir(parents=True)
    (partial / "left.txt").write_text("half")
    root = on_worker._unpacked("digest", archive)
    assert not (root / "folder").exists()
    assert (root / "reference_models" / "a.py").read_text() == "# a\n"
    assert (root / ".nox").resolve() == (tmp_path / ".nox").resolve()
    assert on_worker._unpacked("digest", b"") == root


def test_batches_are_of_one_process_and_not_too_long(fake_plan: FakePlan) -> None:
    """Each trial is in one."""
    plan = fake_plan([f"m{number}" for number in range(20)], trials=9)
    found = fleet.batches(all_trials(plan))
    assert sorted(one.id for batch in found for one in batch) == sorted(one.id for one in all_trials(plan))
    for batch in found:
        assert len(batch) <= fleet.MOST_TRIALS
        assert len({(one.cell.environment, one.hash_seed) for one in batch}) == 1
    assert max(map(len, found)) == fleet.MOST_TRIALS


def test_a_machine_class_is_what_results_are_filed_under() -> None:
    """So that a worker's word for its machine is the plan's."""
    assert on_worker.machine_class() == machine_id(this_machine())
