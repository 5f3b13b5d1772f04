"""Try mutated inputs, and write `reports/fuzz.md`: ``python -m fuzz [--count N] [--seed N] [--jobs N]`` in tests."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tabulate import tabulate

from stub_index import write_index
from tfmatrix.report.blocks import Code
from tfmatrix.report.markdown import inline

from .running import BAD, Fault, run_all
from .targets import HUNG, TARGETS, WRONG

REPORT = Path(__file__).parents[2] / "reports" / "fuzz.md"

COLUMNS: Mapping[int | str, str] = {0: "exit 0", 1: "exit 1", 2: "exit 2", 125: "exit 125", HUNG: HUNG, WRONG: WRONG}

INTRODUCTION = """Written by `nox -s fuzz{}` on Python {}: {} mutated inputs took {:.0f} minutes in {} processes.

Each input is a file of a project, a row of its store or an answer of a probe, changed in some bytes, lines or values.
A command reads it, and has to end with 0, 1 or 2, a 2 with a sentence: a traceback (125) and a *hang* of a minute are
faults. The project differs in its candidate, so an input that passes is a *wrong green*, unless a plain oracle knows
why it may: a rule says so and is named, a record covers these bits today, the receipt, the report and its page say
what they said before, or the command only told what is pinned, stored or expected. An answer of a probe that is taken
counts as 0 here, and has the digests that it tells; one that is refused ends its own trial, and counts as 2."""


def main(arguments: Sequence[str]) -> int:
    """Try the inputs that are asked for; return 1 where any became what none may."""
    parser = argparse.ArgumentParser(prog="fuzz", description="Mutate what tfmatrix reads, and see what it does.")
    parser.add_argument("--count", type=int, default=100_000, help="how many inputs (100,000)")
    parser.add_argument("--seed", type=int, default=1, help="what makes them (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    options = parser.parse_args(arguments)

    start = time.monotonic()
    counts: dict[str, Counter[int | str]] = {name: Counter() for name in TARGETS}
    faults: list[Fault] = []
    with tempfile.TemporaryDirectory(prefix="tfmatrix-fuzz-index-") as folder:
        os.environ |= {"UV_DEFAULT_INDEX": write_index(Path(folder) / "index"), "UV_CACHE_DIR": f"{folder}/cache"}
        for name, became, found in run_all(options.count, options.seed, options.jobs):
            counts[name] += became
            faults += found
            for fault in found:
                told = f"{fault.target}, seed {fault.seed}, input {fault.number}: {fault.found.became}"
                sys.stdout.write(f"{told}\n{fault.found.told}\n")
    asked = "".join(f" {argument}" for argument in ("--", *arguments)) if arguments else ""
    total, minutes = sum(map(Counter.total, counts.values())), (time.monotonic() - start) / 60
    head = INTRODUCTION.format(asked, platform.python_version(), f"{total:,}", minutes, options.jobs)
    REPORT.write_text("\n".join(_page(head, counts, faults)) + "\n", encoding="utf-8")
    sys.stdout.write(REPORT.read_text(encoding="utf-8"))
    return 1 if faults else 0


def _page(head: str, counts: Mapping[str, Counter[int | str]], faults: Sequence[Fault]) -> Iterator[str]:
    yield from ("# What becomes of mutated inputs", "", head, "")
    rows = [[name, f"{found.total():,}", *(f"{found[key]:,}" for key in COLUMNS)] for name, found in counts.items()]
    every = sum(counts.values(), Counter[int | str]())
    rows.append(["all", f"{every.total():,}", *(f"{every[key]:,}" for key in COLUMNS)])
    right = ["left", *["right"] * (len(COLUMNS) + 1)]
    yield tabulate(rows, ["input", "tried", *COLUMNS.values()], tablefmt="pipe", disable_numparse=True, colalign=right)
    if faults:
        yield from ("", "## Faults", "")
        for target, _, number, found in faults:
            words = found.told.strip().splitlines() or [""]
            yield f"- {target}, input {number}: {found.became}: {inline(Code(words[-1][:200]))}"


assert set(BAD) < set(COLUMNS)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
