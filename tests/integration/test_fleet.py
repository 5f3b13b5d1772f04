"""A fleet of Dask workers on this machine: the report is the local run's, byte for byte, whatever befalls it."""

from __future__ import annotations

import contextlib
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client, LocalCluster

from tfmatrix.config import DEFAULT_VERSIONS
from tfmatrix.records import InstalledEnvironment
from tfmatrix.runner import on_worker

from .project import PATIENCE, ROOT, Project, plain_environment, wide

pytestmark = pytest.mark.integration

SCRIPT = '''"""A training whose initial weights are those of a seed that counts the files beside it."""

import pathlib
import sys

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(len(list(pathlib.Path().iterdir())))
network = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
network.compile("sgd", "mse")
network.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=1, verbose=0)
'''

SCRIPTS = """
[tool.tfmatrix.models.tape_loop]
command = ["python", "reference_models/scripts/tape_loop.py"]
[tool.tfmatrix.models.session_loop]
command = ["python", "reference_models/scripts/session_loop.py"]
modes = ["v1"]
"""
"""The scripts of this repository's own matrix, as its pyproject.toml has them."""


def test_the_report_of_a_fleet_is_that_of_this_machine(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model file, and a script that git does not track and that sees which files lie beside it."""
    made_environment("2.15.1")
    project = Project(tmp_path / "project", ["2.15.1"], [ROOT / "reference_models" / "linear.py"])
    (project.folder / "train.py").write_text(SCRIPT)
    (project.folder / "beside.txt").write_text("tracked")
    with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as table:
        table.write('modes = ["tf2"]\ntrials = 2\njitters = 1\nmodels.train.command = ["python", "train.py"]\n')
    for command in (["init", "-q"], ["add", "pyproject.toml", "beside.txt", "reference_models"]):
        subprocess.run(["git", *command], cwd=project.folder, check=True)
    first = project.run("run", "-q")
    assert {cell["outcome"] for cell in project.data["cells"]} == {"observed"}, first.stderr
    here = project.written()
    (project.folder / ".tfmatrix" / "store.sqlite").unlink()

    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "environments").symlink_to(ROOT / ".nox")
    monkeypatch.setenv(on_worker.FOLDER, str(tmp_path / "workers"))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:  # type: ignore[no-untyped-call]  # Dask has no types
        ran = project.run("run", "-q", "--on", cluster.scheduler_address)
    assert (ran.returncode, ran.stderr) == (first.returncode, first.stderr)  # nothing is compared with one release
    assert project.written() == here


class _Cluster:
    """A Dask scheduler and workers, programs of their own; each worker has a memory limit and an environment folder.

    What is in the environment folders are links to this repository's environments.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._folders = [folder / f"worker-{number}" for number in range(workers)]
        self._programs: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the scheduler, and every worker, and wait until they are there."""
        self._start({}, "scheduler", "--host", "127.0.0.1", "--port", str(self._port))
        for folder in self._folders:
            (folder / "environments").mkdir(parents=True, exist_ok=True)
            for made in (ROOT / ".nox").glob("tensorflow-cpu-*"):
                with contextlib.suppress(FileExistsError):
                    (folder / "environments" / made.name).symlink_to(made)
            limits = ("--nthreads", "1", "--memory-limit", "4GiB", "--local-directory", str(folder))
            self._start({on_worker.FOLDER: str(folder)}, "worker", self.address, *limits)
        with Client(self.address, timeout=PATIENCE, set_as_default=False) as client:  # type: ignore[no-untyped-call]  # Dask has no types
            client.wait_for_workers(len(self._folders), timeout=PATIENCE)

    def _start(self, own: dict[str, str], *words: str) -> None:
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        none = subprocess.DEVNULL
        self._programs.append(subprocess.Popen(command, env=plain_environment() | own, stdout=none, stderr=none))

    def kill_a_worker(self, chance: random.Random) -> bool:
        """Kill a worker that runs, the program that its nanny starts again; return whether there was one."""
        nannies = [psutil.Process(one.pid) for one in self._programs[1:] if one.poll() is None]
        running = [child for nanny in nannies for child in nanny.children() if "spawn_main" in str(child.cmdline())]
        if running:
            chance.choice(running).kill()
        return bool(running)

    def stop(self) -> None:
        """Kill the scheduler, and then what is left of the workers."""
        for one in self._programs:
            with contextlib.suppress(psutil.NoSuchProcess):
                family = psutil.Process(one.pid).children(recursive=True)
                one.kill()  # first, since a nanny starts its worker again
                for process in family:
                    process.kill()
            one.wait()
        self._programs.clear()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[_Cluster]:
    """Return a cluster of four workers, which is started when it is told to."""
    made = _Cluster(tmp_path / "cluster", workers=4)
    yield made
    made.stop()


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kills", wide(30))
def test_kills_and_a_scheduler_that_restarts_change_nothing(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment], cluster: _Cluster, kills: int
) -> None:
    """The default matrix: each report that is finished meanwhile is the local run's, byte for byte."""
    for version in DEFAULT_VERSIONS:
        made_environment(version)
    project = Project(tmp_path / "project", DEFAULT_VERSIONS, (ROOT / "reference_models").glob("*.py"))
    shutil.copytree(ROOT / "reference_models" / "scripts", project.models / "scripts")
    with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as table:
        table.write(SCRIPTS)
    begun = time.monotonic()
    first = project.run("run", "-q")
    longest = (time.monotonic() - begun) / 12  # of which four workers have to come to something between two kills
    here = project.written()
    _start_over(project)

    cluster.start()
    chance = random.Random(0)
    killed = 0
    _lose_the_scheduler(project, cluster)  # what was finished by then is not run again
    while killed < kills:
        code, told, times = _disturbed(project, cluster, chance, kills - killed, longest)
        killed += times
        assert (code, told) == (first.returncode, first.stderr)
        assert project.written() == here
        _start_over(project)


def _start_over(project: Project) -> None:
    """Remove what was run and written."""
    for name in (".tfmatrix", "reports"):
        shutil.rmtree(project.folder / name)


def _lose_the_scheduler(project: Project, cluster: _Cluster) -> None:
    """Kill the scheduler in the middle of a run, which says so in a sentence, and start it again."""
    with project.start("run", "--on", cluster.address) as running:
        assert running.stderr
        for line in running.stderr:
            if "imported" in line:  # a first batch is over
                break
        cluster.stop()
        told = running.stderr.read()
    assert running.returncode == 2, told
    assert "what was finished is kept" in told.splitlines()[-1]
    cluster.start()


def _disturbed(
    project: Project, cluster: _Cluster, chance: random.Random, most: int, longest: float
) -> tuple[int, str, int]:
    """Run, and kill a worker after every so many seconds, so many at most; return exit code, errors, and kills."""
    running = project.start("run", "-q", "--on", cluster.address)
    killed = 0
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            _, told = running.communicate(timeout=chance.uniform(0.0, longest) if killed < most else None)
            return running.returncode, told, killed
        killed += cluster.kill_a_worker(chance)
