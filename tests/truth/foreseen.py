"""Hold what the atlas says of models against what explanations measured, and write `reports/foreseen.md`.

``python -m truth.foreseen 2.16.2 --since 2.15.1 --models mlp,keras_losses`` in the tests' folder; without ``--models``
every model of this repository. `tfmatrix atlas --model` looks up what each model uses, and runs nothing of it in the
later release. `tfmatrix explain` runs the model in both, and each of its ops alone. So it is known which warnings of
the atlas came true, which were needless, and which kernels changed of which it said nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tfmatrix import config
from tfmatrix.questions import explain, static
from tfmatrix.questions.atlas.judge import WORDS
from tfmatrix.questions.atlas.plan import KERAS, part_of
from tfmatrix.questions.chosen import chosen_models
from tfmatrix.report.blocks import Code, Document, Heading, Listing, Strong, Text, bullets, joined, paragraph, table
from tfmatrix.report.document import of_shape
from tfmatrix.report.markdown import to_markdown

from .__main__ import FOLDER, ROOT

REPORT = ROOT / "reports" / "foreseen.md"

NAMED = ("model", "mode")
"""What of a cell the command names that asks again."""

UNKNOWN, IDENTICAL = "not known", "identical"
"""What is said of a cell that was not run or not looked into, and of one that did not change."""


class Row(NamedTuple):
    """One cell: what the atlas said of it, and what was measured."""

    cell: str
    verdict: str
    """What the matrix says of it; `identical` where it did not change."""
    whose: tuple[str, ...] = ()
    """The packages that its changes belong to."""
    foreseen: tuple[str, ...] = ()
    """What the atlas says changed, and what did in the model."""
    needless: tuple[str, ...] = ()
    """What the atlas says changed, and what has the same bits in the model."""
    missed: tuple[str, ...] = ()
    """Ops that changed in the model, and of which the atlas says no change; with why."""
    composed: int = 0
    """In how many layers and parts of a step other ops are executed, which no op by itself tells."""
    unknown: str = ""
    """Why nothing was measured of its ops; empty where it was, or where the whole cell is identical."""


def rows(foretold: static.Report, measured: explain.Report) -> Iterator[Row]:
    """Yield of each cell that somebody recorded what was foretold and what was measured."""
    cells = {(one.model, one.mode): one for one in measured.cells if one.environment == foretold.until}
    candidate = next(one for one in measured.candidates if one.name == foretold.until)
    # ``mlp/tf2 missing: not run``, and the name alone of what is rounding as others are.
    unlearnt = {told.partition(" ")[0] for told in (*candidate.unknown, *candidate.left_out)}
    for answer in foretold.answers:
        if not answer.recorded:
            continue
        cell = cells.get((answer.model, answer.mode))
        if cell:
            yield _changed(answer, cell)
        elif answer.name in unlearnt:
            yield Row(answer.name, UNKNOWN, unknown=UNKNOWN)
        else:
            yield Row(answer.name, IDENTICAL, needless=_names(warnings(answer)))


def warnings(answer: static.Answer) -> tuple[static.Change, ...]:
    """Return what a model uses and what computes something else by the atlas.

    An argument that came, or another entry of a configuration, warns of no number.
    """
    return tuple(one for one in answer.changed if one.kind not in WORDS)


def _changed(answer: static.Answer, cell: explain.Cell) -> Row:
    """Return what was foretold and measured of a cell that changed.

    A gradient that the atlas warns of came true where a kernel of the backward pass changed; a class of Keras where a
    change of the cell is Keras's, since no single op tells which class that is.
    """
    whose = tuple(dict.fromkeys(one.package or "nobody that is known" for one in cell.findings))
    row = Row(answer.name, cell.verdict.value, whose)
    ops = cell.ops
    if ops is None or ops.obstacle:
        return row._replace(unknown=ops.obstacle if ops else "single operations were not looked at")
    changed = {one.op for one in ops.kernels}
    backward = any(one.phase == "backward" for one in ops.kernels)
    of_keras = any("Keras" in one.package for one in cell.findings)

    def came_true(one: static.Change) -> bool:
        if part_of(one.what) == KERAS:
            return of_keras
        return backward if one.gradient else one.what in changed

    warned = warnings(answer)
    named = {one.what for one in warned if not one.gradient}
    left = {one.what: one.reason for one in answer.not_covered}
    return row._replace(
        foreseen=_names(one for one in warned if came_true(one)),
        needless=_names(one for one in warned if not came_true(one)),
        missed=tuple(f"{op} ({left.get(op, 'the same in the atlas')})" for op in sorted(changed - named)),
        composed=len(ops.streams),
    )


def _names(changes: Iterable[static.Change]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.name for one in changes))


def page(foretold: static.Report, measured: explain.Report) -> Document:
    """Return the report: in short, and a line for each cell."""
    found = list(rows(foretold, measured))
    models, modes = (",".join(dict.fromkeys(getattr(one, name) for one in foretold.answers)) for name in NAMED)
    return [
        Heading(1, f"What the atlas foresaw, from {foretold.since} to {foretold.until}"),
        paragraph(
            ("By the atlas ", Code(foretold.atlas.id), ", laid beside what ", Code("tfmatrix explain"), " measured"),
            ("(report ", Code(measured.id), "). The atlas runs no model: it looks up the ops that a model uses, with"),
            "their types. An explanation runs each op of one step of the model alone in both releases, on what it was",
            "given there.",
        ),
        bullets(in_short(found)),
        table(
            ["cell", "verdict", "whose", "foreseen", "needless", "missed", "other ops in"],
            ([Code(row.cell), row.verdict, ", ".join(row.whose), *_told(row)] for row in found),
            right=(6,),
        ),
        bullets(
            [
                (
                    Strong("Foreseen"),
                    ", ",
                    Strong("needless"),
                    ": by the atlas it changed, in the model too, or not. A class of Keras came true where a change of",
                    " the cell is Keras's. Other arguments, defaults and configurations are no warning.",
                ),
                (Strong("Missed"), ": the op changed in the model, and the atlas does not say so; with why."),
                (
                    Strong("Other ops in"),
                    ": layers and parts of a step that execute others; no op tells that.",
                ),
            ]
        ),
        Listing(
            "console",
            f"$ nox -s foreseen -- {foretold.until} --since {foretold.since} --models {models} --modes {modes}",
        ),
    ]


def in_short(found: Sequence[Row]) -> Iterator[str]:
    """Yield the figures over all cells."""
    known = [row for row in found if not row.unknown]
    same = [row for row in known if row.verdict == IDENTICAL]
    moved = [row for row in known if row.verdict != IDENTICAL]
    foreseen = sum(len(row.foreseen) for row in known)
    needless = sum(len(row.needless) for row in known)
    missed = sum(len(row.missed) for row in known)
    unmeasured = len(found) - len(known)
    yield f"{len(found)} cells: {len(moved)} changed, {len(same)} identical, {unmeasured} of which no op was measured."
    beside = sum(len(row.needless) for row in same)
    yield (
        f"The atlas warns of {foreseen + needless} ops and classes of cells: {foreseen} came true, {needless} did not, "
        f"{beside} of these in cells that are identical."
    )
    yield f"Of {foreseen + missed} that changed in a model, the atlas says nothing of {missed}."
    silent = [row for row in moved if not row.foreseen]
    composed = sum(row.composed > 0 for row in silent)
    yield f"{len(silent)} cells changed without a true warning; {composed} of them execute other ops."


def _told(row: Row) -> list[Text]:
    if row.unknown:
        return [row.unknown, "", "", ""]
    named = [joined(", ", map(Code, one)) for one in (row.foreseen, row.needless, row.missed)]
    return [*named, str(row.composed or "")]


def main() -> int:
    """Ask both questions, and write the report; return 2 where one of them is not answered."""
    asked = argparse.ArgumentParser(prog="nox -s foreseen --")
    asked.add_argument("until")
    asked.add_argument("--since", required=True)
    asked.add_argument("--models")
    asked.add_argument("--modes", default="tf2,v1")
    asked.add_argument("--stored", action="store_true")
    chosen = asked.parse_args()
    folder = FOLDER.parent / "foreseen"
    models = chosen.models or ",".join(model.name for model in chosen_models(config.load(ROOT)))
    common = ["--modes", chosen.modes, "--reports", str(folder), *(["--stored"] if chosen.stored else [])]
    ask("explain", chosen.until, "--baseline", chosen.since, "--models", models, *common)
    ask("atlas", chosen.until, "--since", chosen.since, "--model", models, *common)
    foretold = of_shape(_read(folder / "static.json"), static.Report)
    measured = of_shape(_read(folder / "explain.json"), explain.Report)
    REPORT.write_text(to_markdown(page(foretold, measured)), encoding="utf-8")
    sys.stdout.write(f"{REPORT.relative_to(ROOT)}\n")
    return 2 if foretold.unanswered else 0


def ask(*arguments: str) -> None:
    """Run tfmatrix in this repository; what it does not know, its report says."""
    subprocess.run([sys.executable, "-m", "tfmatrix", *arguments], cwd=ROOT, check=False)


def _read(path: Path) -> object:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    raise SystemExit(main())
