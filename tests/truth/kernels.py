"""Lay each kernel that changed in a model beside the rows of the atlas, and write `reports/kernels.md`.

``python -m truth.kernels`` in the tests' folder; ``--versions 2.15.1,2.16.2 --models mlp`` asks about a part. One step
of each model is recorded operation by operation in the baseline, and every operation is run alone in each other
release, as `tfmatrix explain` does it. Here this is done with every cell, whether the matrix found a change or not. A
kernel that has other bits has a changed row of the atlas, or the page says why not.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tfmatrix import config, keys
from tfmatrix.cli.view import View
from tfmatrix.compare.tensors import Tensors
from tfmatrix.keys import Scope, scope_of
from tfmatrix.questions.atlas import Atlas, shipped
from tfmatrix.questions.explain import types_of
from tfmatrix.questions.explain.kernels import Kernel
from tfmatrix.questions.explain.steps import Step, Steps
from tfmatrix.questions.matrix import Plan, make_plan, start_of
from tfmatrix.records import UNSUPPORTED, Cell, ExpectedTrial, Work
from tfmatrix.report import releases
from tfmatrix.report.blocks import Block, Code, Document, Heading, Listing, Text, bullets, joined, paragraph, table
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.text import counted
from tfmatrix.runner.events import Event
from tfmatrix.runner.rounds import Known, rounds
from tfmatrix.runner.temporary import HeldFolder
from tfmatrix.store.opening import open_store
from tfmatrix.store.store import Store

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "reports" / "kernels.md"

TIMEOUT = 600.0
"""Seconds that a trial may take: what it found is asked for, and not how fast the machine is."""

MOST_CELLS = 3
"""Cells that are named of one kernel; the others are counted."""


@dataclass(frozen=True)
class Question:
    """The single ops of each cell of a matrix, whatever its verdict."""

    matrix: Plan

    @property
    def config(self) -> config.Config:
        """The matrix's."""
        return self.matrix.config

    @cached_property
    def scope(self) -> Scope:
        """What every result rests on."""
        return scope_of(self.config, self.matrix.every_environment)

    @property
    def pairs(self) -> Iterator[tuple[Cell, Cell]]:
        """Yield each cell of a candidate, behind the baseline's."""
        for cell in self.matrix.cells:
            if cell.environment in self.matrix.candidates:
                yield replace(cell, environment=self.matrix.baseline), cell

    def steps(self, store: Store) -> Steps:
        """Return the steps of all cells, as far as they are stored."""
        return Steps(self._expect, store, Tensors(store).distance)

    def wanted(self, known: Known) -> Iterable[ExpectedTrial]:
        """Return the trials of every pair, each with what it is handed."""
        steps = self.steps(known.store)
        for base, cell in self.pairs:
            for one in steps.wanted(base, cell):
                yield one if known.has(one.key) else steps.write(one, base, self._held.path)

    def note(self, event: Event, store: Store) -> None:
        """Note nothing besides what all questions do."""

    @cached_property
    def _held(self) -> HeldFolder:
        return HeldFolder("kernels")

    def _expect(self, cell: Cell, work: Work, role: str) -> ExpectedTrial:
        seed, start = self.config.seed, start_of(cell.model)
        return keys.expect(self.scope, cell, work, role=role, number=0, seed=seed, start=start)


class Row(NamedTuple):
    """A kernel that has other bits in a release than in the baseline, in some cells."""

    kernel: str
    """With its types: ``MatMul float16``."""
    release: str
    cells: tuple[str, ...]
    atlas: str
    """What the atlas says of it."""
    linked: bool
    """Whether that is a row that changed."""
    given: str
    """What one op of it was given in one of the cells: ``float32 [8, 4], float32 [4, 1], transpose_b true``."""


class Asked(NamedTuple):
    """What was asked of one release."""

    release: str
    cells: int
    """Without those that the release, or the baseline, does not have."""
    obstacles: tuple[str, ...]
    """Of the cells of which nothing is known, why."""
    ops: int
    """Ops that were run alone in both releases."""


def rows(found: Iterable[tuple[Cell, Step]], atlas: Atlas, baseline: str) -> Iterator[Row]:
    """Yield each kernel that changed, by its types and release."""
    groups: dict[tuple[str, str, str], list[tuple[Cell, Kernel]]] = {}
    for cell, step in found:
        for one in step.kernels.changed if step.kernels else ():
            types = types_of(one.op)
            release = cell.environment.tensorflow
            told = atlas.told(one.op.type, types, baseline, release)
            kernel = " ".join([one.op.type, *dict.fromkeys(types.values())])
            groups.setdefault((kernel, release, told), []).append((cell, one))
    for (kernel, release, told), same in groups.items():
        _, first = same[0]
        linked = bool(atlas.changes(first.op.type, types_of(first.op), baseline, release))
        yield Row(kernel, release, tuple(dict.fromkeys(cell.name for cell, _ in same)), told, linked, _given(first))


def _given(one: Kernel) -> str:
    """Return what an op was given: dtypes and shapes, and attributes that have no usual value."""
    inputs = [f"{dtype} {list(shape)}" for dtype, shape in one.inputs]
    chosen = [a for a in one.op.attributes if not (a.usual or a.name in one.op.inferred or a.form == "type")]
    return ", ".join([*inputs, *(f"{a.name} {a.value}" for a in chosen)])


def asked(found: Sequence[tuple[Cell, Step]]) -> Iterator[Asked]:
    """Yield what was asked of each release."""
    for release in dict.fromkeys(cell.environment.tensorflow for cell, _ in found):
        here = [step for cell, step in found if cell.environment.tensorflow == release]
        steps = [step for step in here if not step.obstacle.startswith(UNSUPPORTED)]
        yield Asked(
            release,
            len(steps),
            tuple(step.obstacle for step in steps if step.obstacle),
            sum(step.kernels.coverage.replayed for step in steps if step.kernels),
        )


def page(found: Sequence[tuple[Cell, Step]], atlas: Atlas, baseline: str, known: Sequence[str]) -> Document:
    """Return the report: a line for each release, and one for each kernel that changed."""
    every = list(rows(found, atlas, baseline))
    silent = [row for row in every if not row.linked]
    return [
        Heading(1, "Kernels that changed in models, and the atlas"),
        paragraph(
            f"One step of each reference model was recorded in {baseline}, operation by operation. Each operation was",
            "run alone in each other release, on what it was given there. These have other bits. Beside them stands",
            ("what the atlas ", Code(atlas.report.id), " says of the kernel between the two releases."),
        ),
        bullets(
            [
                f"{len(every)} kernels of a release, by their types, have other bits.",
                f"{len(every) - len(silent)} of them have a row of the atlas that changed, {len(silent)} do not.",
            ]
        ),
        *_without_row(silent, known),
        Heading(2, "Releases"),
        table(
            ["release", "cells", "not known", "operations run alone", "kernels changed", "with a row"],
            (_line(one, every) for one in asked(found)),
            right=(1, 2, 3, 4, 5),
        ),
        bullets(f"{reason}: {counted(count, 'cell')}" for reason, count in _obstacles(found).most_common()),
        Heading(2, "Kernels"),
        table(["kernel", "releases", "cells", "atlas"], (line for _, line in _kernels(every, known))),
        Listing("console", "$ nox -s kernels"),
    ]


def _obstacles(found: Sequence[tuple[Cell, Step]]) -> Counter[str]:
    return Counter(obstacle for one in asked(found) for obstacle in one.obstacles)


def _line(one: Asked, every: Sequence[Row]) -> list[Text]:
    here = [row for row in every if row.release == one.release]
    linked = sum(row.linked for row in here)
    return [one.release, *map(str, (one.cells, len(one.obstacles), one.ops, len(here), linked))]


def _without_row(silent: Sequence[Row], known: Sequence[str]) -> Iterator[Block]:
    """Yield the kernels that the atlas says nothing of, with why, and with what one of them was given."""
    if not silent:
        return
    yield Heading(2, "Without a row")
    yield paragraph(
        "Where the atlas says that it is the same, it gave the kernel other shapes or other attributes. A kernel with",
        "a handle changes a variable: the atlas runs no such op, but Keras's optimizers.",
    )
    rows = [[*line, same[0].given] for same, line in _kernels(silent, known)]
    yield table(["kernel", "releases", "cells", "why", "one was given"], rows)


def _kernels(some: Iterable[Row], known: Sequence[str]) -> Iterator[tuple[list[Row], list[Text]]]:
    """Yield the rows of a kernel with the releases of which the atlas says the same, and a line for them."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in some:
        groups.setdefault((row.kernel, row.atlas), []).append(row)
    for (kernel, atlas), same in sorted(groups.items()):
        cells = list(dict.fromkeys(cell for row in same for cell in row.cells))
        more = f", and {len(cells) - MOST_CELLS} more" if len(cells) > MOST_CELLS else ""
        named = (joined(", ", map(Code, cells[:MOST_CELLS])), more)
        yield same, [Code(kernel), releases.told((row.release for row in same), known), named, atlas]


def main() -> int:
    """Run what is not stored, and write the report; return 2 where something is not known."""
    parser = argparse.ArgumentParser(prog="nox -s kernels --")
    parser.add_argument("--versions", default="all")
    parser.add_argument("--models")
    chosen = parser.parse_args()
    question = Question(
        make_plan(config.load(ROOT).overridden(versions=chosen.versions, models=chosen.models, timeout=TIMEOUT))
    )
    view = View()
    with open_store(question.config) as store:
        rounds(question, store, lambda event: _say(view.tell(event)))
        steps = question.steps(store)
        found = [(cell, steps.of(base, cell)) for base, cell in question.pairs]
        known = [one.tensorflow for one in question.matrix.environments]
        run = [(cell, step) for cell, step in found if step]
        REPORT.write_text(
            to_markdown(page(run, shipped(), question.matrix.baseline.tensorflow, known)), encoding="utf-8"
        )
    _say(str(REPORT.relative_to(ROOT)))
    return 2 if len(run) < len(found) else 0


def _say(line: str | None) -> None:
    if line:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
