"""Mutants run against their tests, in copies of the tree."""

from __future__ import annotations

import enum
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome

from .choosing import Mutant
from .groups import Group

OURS = shutil.ignore_patterns(".git", ".nox", "*venv*", ".tfmatrix", "*_cache", ".hypothesis", "__pycache__")


class Outcome(enum.Enum):
    """What became of a mutant; one that ran out of time was noticed, too."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Result:
    """A mutant, its group's name, what became of it, and the lines that it takes away and puts in."""

    mutant: Mutant
    group: str
    outcome: Outcome
    diff: tuple[str, ...]


class Bench:
    """Copies of a tree in a folder of their own, as many as mutants are tried at once; the tree itself stays as it is.

    ``patience`` is how many seconds a mutant's tests may take besides four times what they take without one. Raises
    ``RuntimeError`` where tests fail before anything is mutated.
    """

    def __init__(
        self, root: Path, folder: Path, groups: Mapping[Mutant, Group], processes: int, patience: float = 10
    ) -> None:
        self._groups = groups
        first = folder / "0"
        shutil.copytree(root, first, ignore=OURS, symlinks=True)
        # These runs leave the bytecode that all later ones read, so that none compiles more than its own mutant.
        self._limits = {group.name: patience + 4 * _seconds(first, group) for group in {*groups.values()}}
        self._copies: SimpleQueue[Path] = SimpleQueue()
        self._copies.put(first)
        for number in range(1, processes):
            self._copies.put(Path(shutil.copytree(first, folder / str(number), symlinks=True)))
        self._processes = processes

    def run(self, mutants: Iterable[Mutant]) -> Iterator[Result]:
        """Try the mutants, and yield their results in their order."""
        with ThreadPoolExecutor(self._processes) as pool:
            yield from pool.map(self._try, mutants)

    def _try(self, mutant: Mutant) -> Result:
        group = self._groups[mutant]
        copy = self._copies.get()
        end = (mutant.line, mutant.column + 1)  # which nothing reads, and may not be the start
        spec = MutationSpec(copy / mutant.path, mutant.operator, mutant.occurrence, (mutant.line, mutant.column), end)
        tried = mutate_and_test([spec], shlex.join(_command(copy, group)), self._limits[group.name])
        shutil.rmtree(copy / ".hypothesis", ignore_errors=True)  # no mutant gets the examples that another one failed
        self._copies.put(copy)
        if tried.worker_outcome != WorkerOutcome.NORMAL or tried.test_outcome == TestOutcome.INCOMPETENT:
            raise RuntimeError(f"{mutant} could not be tried: {tried.output}")
        outcome = Outcome.SURVIVED if tried.test_outcome == TestOutcome.SURVIVED else Outcome.KILLED
        # cosmic-ray has no outcome of its own for a run that took too long, only this word in the output's place.
        if outcome is Outcome.KILLED and tried.output == "timeout":
            outcome = Outcome.TIMED_OUT
        lines = (line for line in tried.diff.splitlines() if line.startswith(("+", "-")))
        return Result(mutant, group.name, outcome, tuple(line for line in lines if line[:3] not in ("---", "+++")))


def _seconds(copy: Path, group: Group) -> float:
    """Run the tests of a group on code that is not mutated, and return the seconds that they take."""
    start = time.monotonic()
    ran = subprocess.run(_command(copy, group), capture_output=True, text=True, check=False)
    if ran.returncode:
        told = ran.stdout[-2000:] + ran.stderr[-2000:]
        raise RuntimeError(f"the tests of {group.name} fail without a mutant:\n{told}")
    return time.monotonic() - start


def _command(copy: Path, group: Group) -> list[str]:
    """Return the command that tests a copy: it imports the copy's sources, and stays out of the other copies' way."""
    options = ["-x", "-q", "-m", "not integration", "-p", "no:cacheprovider", f"--basetemp={copy}-temporary"]
    # The same examples each time: otherwise a mutant that lives today may be dead tomorrow.
    options.append("--hypothesis-seed=0")
    pytest = [sys.executable, "-m", "pytest", *options, *group.tests]
    return ["env", f"--chdir={copy}", f"PYTHONPATH={copy / 'src'}", *pytest]
