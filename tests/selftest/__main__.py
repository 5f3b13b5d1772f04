"""Plant every fault on a real release, and write `reports/selftest.md`: ``python -m selftest`` in the tests' folder."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from tfmatrix import config
from tfmatrix.environments import catalogue
from tfmatrix.records import InstalledEnvironment
from tfmatrix.report.blocks import Code
from tfmatrix.report.markdown import inline
from tfmatrix.runner import making

from . import changes
from .faults import FAULTS
from .judging import Row, judge
from .planting import TESTS, Bench

VERSION = "2.15.1"
REPORT = TESTS.parent / "reports" / "selftest.md"

BOTH = ("attention", "convnet", "embedding", "input_pipeline", "keras_mlp", "linear", "mlp", "recurrent")
PAIRS = (
    *((model, mode) for model in BOTH for mode in ("tf2", "v1")),
    ("optimizers[adam]", "tf2"),
    ("optimizers[ftrl]", "v1"),
    ("random_streams[operations]", "tf2"),
    ("random_states[operations]", "v1"),
)
"""Models and modes that are observed twice with nothing planted."""


CHANGES_INTRODUCTION = """Changes of meaning in Keras models and in unchanged scripts, most of them behind initial
weights, masks or an order that the candidate redraws, and twins that change nothing but that. Both are run by
`tfmatrix matrix` as a user runs it, in two environments of one release that differ in NumPy's last digit. A change is
*found* where the cell is `different`, and *placed* where each tier that blames a stage blames first one that it
changes."""

INTRODUCTION = """Written by `nox -s selftest`, TensorFlow {} against itself. Each fault is planted in the trials of a
candidate, whose cell is then observed, stored, compared and reported as any other. It is *found* where the report names
its place, and *placed* where that is the first divergence of the tier and no stage is blamed but those that it
changes."""


def main() -> int:
    """Run the self-test; return 1 where any row failed."""
    settings = config.load(TESTS.parent)
    wanted = catalogue.parse_environment(VERSION, distribution="tensorflow-cpu", python="3.10")
    installed = making.find(wanted, settings) or making.Maker(settings).make(wanted)
    with tempfile.TemporaryDirectory() as folder, Bench(installed, Path(folder)) as bench:
        rows = [_told(judge(fault, *bench.plant(fault))) for fault in FAULTS]
        pairs = [(model, mode, bench.repeat(model, mode)[0].verdict) for model, mode in PAIRS]
    with tempfile.TemporaryDirectory() as folder:
        answers = [_answered(answer) for answer in changes.run(Path(folder))]
    lines = [*_report(installed, rows, pairs), *_report_of_changes(answers)]
    REPORT.write_text("\n".join(lines), encoding="utf-8")
    sys.stdout.write(f"{REPORT.relative_to(TESTS.parent)}\n")
    passed = [row.passed for row in rows] + [answer.passed for answer in answers]
    return 0 if all(passed) and all(verdict == "identical" for *_, verdict in pairs) else 1


def _answered(answer: changes.Answer) -> changes.Answer:
    sys.stdout.write(f"{'passed' if answer.passed else 'FAILED'}  {answer.change.cell}\n")
    sys.stdout.flush()
    return answer


def _told(row: Row) -> Row:
    sys.stdout.write(f"{'passed' if row.passed else 'FAILED'}  {row.fault.name} ({row.fault.model}/{row.fault.mode})\n")
    sys.stdout.flush()
    return row


def _report(installed: InstalledEnvironment, rows: list[Row], pairs: list[tuple[str, str, str]]) -> Iterator[str]:
    """Yield the lines of the report."""
    passed = sum(row.passed for row in rows)
    silent = sum(verdict == "identical" for *_, verdict in pairs)
    yield "# What tfmatrix finds of faults planted in it"
    yield ""
    yield INTRODUCTION.format(installed.environment.name)
    yield ""
    yield f"{passed} of {len(rows)} faults passed; {silent} of {len(pairs)} identical pairs were called identical."
    yield ""
    headings = ["fault", "planted in", "tier", "first stage", "found", "placed", "verdict", "expected", "passed"]
    yield tabulate([_cells(row) for row in rows], headings, "pipe", disable_numparse=True)
    yield ""
    yield "## Identical pairs"
    yield ""
    yield tabulate(
        [(inline(Code(f"{model}/{mode}")), verdict) for model, mode, verdict in pairs], ["cell", "verdict"], "pipe"
    )
    yield ""


def _report_of_changes(answers: list[changes.Answer]) -> Iterator[str]:
    """Yield the lines about what is planted in Keras models and scripts."""
    found, silent = ([answer.passed for answer in answers if answer.change.is_twin == twin] for twin in (False, True))
    yield "## Keras models and unchanged scripts"
    yield ""
    yield CHANGES_INTRODUCTION
    yield ""
    yield f"{sum(found)} of {len(found)} changes passed; {sum(silent)} of {len(silent)} twins are what they are called."
    yield ""
    yield tabulate(
        [
            [
                inline(Code(answer.change.cell)),
                inline(Code(", ".join(answer.blamed))) if answer.blamed else "",
                answer.verdict,
                answer.change.verdict.value,
                "yes" if answer.passed else "NO",
            ]
            for answer in answers
        ],
        ["model", "first blamed", "verdict", "expected", "passed"],
        "pipe",
    )
    yield ""


def _cells(row: Row) -> list[str]:
    fault = row.fault
    words = ["yes" if flag else "NO" for flag in (row.found, row.placed)]
    place = [inline(Code(f"{fault.model}/{fault.mode}")), fault.tier, inline(Code(fault.stage))]
    return [fault.name, *place, *words, row.verdict, fault.verdict.value, "yes" if row.passed else "NO"]


if __name__ == "__main__":
    sys.exit(main())
