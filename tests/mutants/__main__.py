"""Try mutants, and write `reports/mutants.md`: ``python -m mutants [--sample N] [--seed N] [--all]`` in tests."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from tabulate import tabulate

from .choosing import compiles, draw, mutants_of
from .groups import GROUPS
from .running import Bench, Outcome, Result

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "reports" / "mutants.md"

ALLOWED = 3 / 50
"""The share of mutants that may survive: some are no fault at all, and no test can kill them."""

MEMORY = 8 * 2**30
"""Bytes that a process may map, for a mutant can be a loop that never ends and keeps what it makes."""

INTRODUCTION = """Written by `nox -s mutants{}`, with cosmic-ray {} on Python {}:
{} of {} mutants, each tried against the unit tests of its group, took {:.0f} minutes.

A mutant is one small change of the code. It is *killed* where a test fails, and *timed out* where the tests take far
longer than they do without it. One that *survived* is either a change without effect, or one that a test is missing
for."""


def main(arguments: Sequence[str]) -> int:
    """Try the mutants that are asked for; return 1 where too many survived."""
    parser = argparse.ArgumentParser(prog="mutants", description="Put small faults into the code, and run the tests.")
    parser.add_argument("--sample", type=int, default=50, help="how many mutants are drawn (50)")
    parser.add_argument("--seed", type=int, default=1, help="what draws them (1)")
    parser.add_argument("--all", action="store_true", help="try every mutant, which takes hours")
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))

    start = time.monotonic()
    groups = mutants_of(ROOT, GROUPS)
    if options.all:
        chosen = [mutant for mutant in sorted(groups) if compiles(ROOT, mutant)]
    else:
        chosen = draw(ROOT, groups, options.sample, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(ROOT, Path(folder), {mutant: groups[mutant] for mutant in chosen}, os.cpu_count() or 1)
        results = [_told(result) for result in bench.run(chosen)]

    asked = "".join(f" {argument}" for argument in ("--", *arguments)) if arguments else ""
    of = (version("cosmic-ray"), platform.python_version(), len(results), len(groups))
    report = [INTRODUCTION.format(asked, *of, (time.monotonic() - start) / 60), "", *_report(results)]
    REPORT.write_text("\n".join(["# What the unit tests notice of faults in the code", "", *report]), encoding="utf-8")
    sys.stdout.write("\n".join(["", *report, f"{REPORT.relative_to(ROOT)}\n"]))
    survived = sum(result.outcome is Outcome.SURVIVED for result in results)
    return 1 if survived > ALLOWED * len(results) else 0


def _told(result: Result) -> Result:
    mutant = result.mutant
    sys.stdout.write(f"{result.outcome.value:<9}  {mutant.path}:{mutant.line}  {mutant.operator}\n")
    sys.stdout.flush()
    return result


def _report(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of a table of all groups, and of the mutants that were not killed."""
    counts = Counter((result.group, result.outcome) for result in results)
    rows = [[group.name, *(counts[group.name, outcome] for outcome in Outcome)] for group in GROUPS]
    rows.append(["all", *(sum(counts[group.name, outcome] for group in GROUPS) for outcome in Outcome)])
    yield tabulate(rows, ["group", *(outcome.value for outcome in Outcome)], "pipe")
    yield ""
    for outcome in (Outcome.SURVIVED, Outcome.TIMED_OUT):
        listed = sorted((result for result in results if result.outcome is outcome), key=lambda result: result.mutant)
        if listed:
            yield f"## {outcome.value.capitalize()}"
            yield ""
        for result in listed:
            yield f"`{result.mutant.path}`, line {result.mutant.line}:"
            yield ""
            yield from ("```diff", *result.diff, "```", "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
