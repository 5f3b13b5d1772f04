"""Killing a run at a random point of any of its processes, and seeing that nothing is lost, torn or left over."""

from __future__ import annotations

import contextlib
import difflib
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from integration.project import ROOT, Project

MODELS = ("linear", "random_states")
VERSIONS = ("2.9.3", "2.15.1")
PATIENCE = 300.0
"""Seconds after which a run that was killed and has not ended counts as hanging."""


class Soak:
    """A project whose runs are killed; every report that a run finishes has to be the undisturbed one, byte by byte."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._project = Project(folder, VERSIONS, [ROOT / "reference_models" / f"{name}.py" for name in MODELS])
        self._random = random.Random(seed)
        self._require(self._project.run("run"), "undisturbed")
        self._undisturbed = self._project.written()
        self._start_over()
        start = time.monotonic()
        self._require(self._project.run("run"), "undisturbed, with its environments made")
        self._latest = time.monotonic() - start
        """Seconds after its start until which a run is killed: as long as it takes undisturbed."""
        self._start_over()
        self.kills = 0
        self.reports = 0

    def go_on(self, kills: int) -> None:
        """Kill so many times more, and let the run that is under way then come to its end."""
        until = self.kills + kills
        while self.kills < until:
            if self._disturb():
                self._compare()
        self._require(self._project.run("run", "-q"), "the last run")
        self._compare()

    def _disturb(self) -> bool:
        """Start a run and kill one of its processes; return whether the run finished all the same."""
        running = self._project.start("run", "-q", stderr=subprocess.DEVNULL)
        host = psutil.Process(running.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return running.wait(self._random.uniform(0.1, self._latest)) == 0
        family = [host, *host.children(recursive=True)]
        victim = self._random.choice([host, self._random.choice(family)])
        signals = [signal.SIGKILL, signal.SIGTERM, *([signal.SIGINT] if victim == host else [])]
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.send_signal(self._random.choice(signals))
        self.kills += 1
        code = running.wait(PATIENCE)
        self._require_gone(family)
        checked = self._project.run("check-store")
        if "no trial is in the store" not in checked.stderr:  # as it is where the kill came before the first was over
            self._require(checked, "the store")
        return code == 0

    def _compare(self) -> None:
        written = self._project.written()
        other = [name for name in {*written, *self._undisturbed} if written.get(name) != self._undisturbed.get(name)]
        if other:
            before, after = (of.get(min(other), b"").decode().splitlines() for of in (self._undisturbed, written))
            told = "\n".join(difflib.unified_diff(before, after, "undisturbed", "killed", n=0, lineterm=""))
            raise AssertionError(f"after {self.kills} kills {sorted(other)} differ:\n{told[:2000]}")
        self.reports += 1
        self._start_over()

    def _start_over(self) -> None:
        for name in (".tfmatrix", "reports"):
            shutil.rmtree(self._project.folder / name)

    @staticmethod
    def _require(ran: subprocess.CompletedProcess[str], what: str) -> None:
        assert ran.returncode == 0, f"{what} exits with {ran.returncode}: {ran.stderr}"

    @staticmethod
    def _require_gone(family: Iterable[psutil.Process]) -> None:
        _, alive = psutil.wait_procs(list(family), timeout=30)
        assert not alive, f"left over: {alive}"
