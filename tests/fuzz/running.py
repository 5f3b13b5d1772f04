"""Running inputs of every target, a part of them in each of some processes, and adding up what became of them."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import NamedTuple

from tfmatrix.cli.codes import OUR_FAULT

from .targets import HUNG, TARGETS, WRONG, Found

PART = 500
"""Inputs that are tried on one project."""

BAD = (OUR_FAULT, HUNG, WRONG)
"""What no input may become."""


class Part(NamedTuple):
    """Some inputs of one target, each made by its own seed: target, seed and number."""

    target: str
    seed: int
    first: int
    inputs: int


class Fault(NamedTuple):
    """An input that became what none may, by the seed that makes it again."""

    target: str
    seed: int
    number: int
    found: Found


def parts(count: int, seed: int) -> Iterator[Part]:
    """Yield the parts of so many inputs, each target having its share."""
    whole = sum(target.weight for target in TARGETS.values())
    for name, target in TARGETS.items():
        of_target = -(-count * target.weight // whole)
        for first in range(0, of_target, PART):
            yield Part(name, seed, first, min(PART, of_target - first))


def run(part: Part) -> tuple[str, Counter[int | str], list[Fault]]:
    """Try some inputs; return their target, what became of how many, and the faults."""
    before = Path.cwd()
    counts: Counter[int | str] = Counter()
    faults = []
    try:
        with tempfile.TemporaryDirectory(prefix="tfmatrix-fuzz-") as folder:
            target = TARGETS[part.target](Path(folder))
            for number in range(part.first, part.first + part.inputs):
                found = target.attempt(Random(f"{part.seed}/{part.target}/{number}"))
                counts[found.became] += 1
                if found.became in BAD:
                    faults.append(Fault(part.target, part.seed, number, found))
            os.chdir(before)
    finally:
        os.chdir(before)
    return part.target, counts, faults


def run_all(count: int, seed: int, processes: int) -> Iterator[tuple[str, Counter[int | str], list[Fault]]]:
    """Yield what became of each part, as it is known."""
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(run, parts(count, seed))
