"""Having environments made: nox makes one, or there is a reason why there is none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from building import install, installed, plan_of
from tfmatrix.environments import catalogue, locks
from tfmatrix.environments import making as environments
from tfmatrix.errors import Unavailable
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import Environment
from tfmatrix.runner import making
from tfmatrix.runner.events import Locking

OWN = making.SESSIONS


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of which no environment is made."""
    return plan_of(tmp_path, versions=["2.15.1"])


def test_an_environment_that_is_made_is_found_and_one_that_is_not_is_none(plan: Plan) -> None:
    """An environment is found by its stamp, and not where there is none."""
    assert making.find(plan.baseline, plan.config) is None
    install(plan.baseline, plan.config)
    assert making.find(plan.baseline, plan.config) == installed(plan.baseline, plan.config)


def test_a_project_needs_no_noxfile_and_none_of_its_own_is_run(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environments are made by tfmatrix's own sessions, in the project's folder, whatever noxfile the project has."""
    monkeypatch.setattr(making, "SESSIONS", OWN)
    (tmp_path / "noxfile.py").write_text("raise SystemExit('the project has sessions of its own')", encoding="utf-8")
    (tmp_path / "locks").mkdir(exist_ok=True)
    (tmp_path / "locks" / f"{locks.stem(plan.baseline)}.txt").write_text("# kind: today\n", encoding="utf-8")
    with pytest.raises(Unavailable, match=r"the lock file tensorflow-cpu-2\.15\.1-py310\.txt holds no package"):
        making.Maker(plan.config).make(plan.baseline)


def test_what_the_session_makes_is_returned(plan: Plan, nox: Callable[[str], None], tmp_path: Path) -> None:
    """Nox is told which environment is wanted, and the one that it made is returned."""
    install(plan.baseline, plan.config)
    folder = environments.folder_of(plan.baseline, tmp_path / ".nox")
    folder.rename(tmp_path / "aside")
    tell = "pathlib.Path('told').write_text(json.dumps({k: v for k, v in os.environ.items() if 'TFMATRIX' in k}))"
    nox(f"pathlib.Path('aside').rename({str(folder)!r}); {tell}")
    assert making.Maker(plan.config).make(plan.baseline) == installed(plan.baseline, plan.config)
    assert json.loads((tmp_path / "told").read_text(encoding="utf-8")) == {
        "TFMATRIX_ROOT": str(tmp_path),
        "TFMATRIX_VERSIONS": "2.15.1",
        "TFMATRIX_PYTHON": "3.10",
        "TFMATRIX_DISTRIBUTION": "tensorflow-cpu",
    }


def test_a_nightly_build_is_named_under_the_projects_distribution(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own is no choice: the session gives it to whatever is named after a day."""
    told: dict[str, str] = {}

    def run(_: making.Maker, __: Sequence[str], variables: dict[str, str]) -> tuple[int, str]:
        told.update(variables)
        return 1, ""

    monkeypatch.setattr(making.Maker, "_run", run)
    nightly = replace(plan.baseline, tensorflow="2.22.0.dev20260905", distribution="tf-nightly-cpu")
    with pytest.raises(Unavailable):
        making.Maker(plan.config).make(nightly)
    distribution = told["TFMATRIX_DISTRIBUTION"]
    assert catalogue.parse_environment(nightly.name, distribution=distribution, python="3.10") == nightly
    assert locks.command(nightly).endswith(" --distribution tensorflow-cpu")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("session.error('2.15.1 is unavailable: no Python 3.10; install it.')", r"^no Python 3\.10; install it\.$"),
        ("raise RuntimeError('boom')", "^nox failed: "),
        ("pass", "^nox failed: "),
    ],
    ids=["says why", "fails", "makes nothing"],
)
def test_a_session_that_makes_nothing_is_a_reason(
    plan: Plan, nox: Callable[[str], None], body: str, reason: str
) -> None:
    """A session that gives up, fails, or ends well without an environment leaves it unavailable, with one line."""
    nox(body)
    with pytest.raises(Unavailable, match=reason) as refused:
        making.Maker(plan.config).make(plan.baseline)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_what_has_no_lock_is_locked_and_what_cannot_be_is_left_without(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a run each environment without a lock is told of and locked; of one that can't be nothing is said yet."""
    tried = []

    def make(environment: Environment, folders: Sequence[Path]) -> Path:
        tried.append((environment, folders))
        raise Unavailable("no versions go together")

    monkeypatch.setattr(locks, "find_or_make_lock", make)
    without = replace(plan.baseline, requirements=("pandas",))
    assert list(making.lock_missing([plan.baseline, without], plan.config)) == [Locking(without)]
    assert tried == [(without, [plan.config.root / "locks"])]


HANGS = """subprocess = __import__('subprocess'); import sys
    child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'], start_new_session=True)
    with open('fifo', 'w') as told: told.write(f'{os.getpid()} {child.pid}')
    child.wait()"""
"""A session that starts a process of a group of its own, tells both, and waits."""

HOST = """
import sys
from pathlib import Path
from tfmatrix import config
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.runner import making
making.SESSIONS = Path.cwd() / "noxfile.py"
plan = make_plan(config.load(Path.cwd()))
making.Maker(plan.config).make(plan.baseline)
"""


@pytest.fixture
def hanging(nox: Callable[[str], None], tmp_path: Path) -> Callable[[], list[psutil.Process]]:
    """Return a function that waits for a session that hangs, and returns the processes of it."""
    nox(HANGS)
    os.mkfifo(tmp_path / "fifo")

    def wait() -> list[psutil.Process]:
        pids = (tmp_path / "fifo").read_text(encoding="utf-8").split()  # blocks until the session is there
        return [psutil.Process(int(pid)) for pid in pids]

    return wait


def assert_gone(processes: list[psutil.Process]) -> None:
    """Wait until processes are gone, and fail where one lives on."""
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert not alive


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_what_is_being_made_ends_with_the_process_that_asked_for_it(
    plan: Plan, hanging: Callable[[], list[psutil.Process]], tmp_path: Path, sent: signal.Signals
) -> None:
    """Killed in any way, a host leaves neither nox nor anything that nox started."""
    host = subprocess.Popen([sys.executable, "-c", HOST], cwd=tmp_path, stderr=subprocess.DEVNULL)
    processes = hanging()
    host.send_signal(sent)
    host.wait(20)
    assert_gone(processes)


@pytest.mark.parametrize("victim", ["the supervisor", "nox"])
def test_what_is_left_of_a_killed_making_is_ended(
    plan: Plan, hanging: Callable[[], list[psutil.Process]], victim: str
) -> None:
    """Where the supervisor or nox is killed, the environment is unavailable and the session's own process is gone."""
    refused: list[Unavailable] = []

    def make() -> None:
        try:
            making.Maker(plan.config).make(plan.baseline)
        except Unavailable as error:
            refused.append(error)

    maker = threading.Thread(target=make)
    maker.start()
    session, child = hanging()
    supervisor = session.parent()
    assert supervisor
    assert "tfmatrix.runner.supervisor" in supervisor.cmdline()
    (supervisor if victim == "the supervisor" else session).kill()
    maker.join(20)
    assert refused
    assert_gone([session] if victim == "the supervisor" else [session, child])
    if victim == "the supervisor":
        child.kill()  # in a group of its own, with nobody left who knew of it


def test_stopping_ends_what_is_being_made(plan: Plan, hanging: Callable[[], list[psutil.Process]]) -> None:
    """Stopped from another thread, making ends at once, leaves no process, and nothing more is made."""
    maker = making.Maker(plan.config)

    def stop() -> None:
        processes.extend(hanging())
        maker.stop()

    processes: list[psutil.Process] = []
    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(Unavailable):
        maker.make(plan.baseline)
    stopper.join()
    assert_gone(processes)
    with pytest.raises(Unavailable, match="the run was stopped"):
        maker.make(plan.baseline)


def test_an_environment_that_takes_too_long_is_unavailable(plan: Plan, nox: Callable[[str], None]) -> None:
    """Beyond its limit making is ended with all that it started, and the reason names the setting."""
    nox("__import__('signal').pause()")
    with pytest.raises(Unavailable, match=r"making it took more than 1 s; run again, or raise environment_timeout\."):
        making.Maker(replace(plan.config, environment_timeout=1)).make(plan.baseline)
    assert not [process for process in psutil.Process().children(recursive=True) if "nox" in process.cmdline()]
