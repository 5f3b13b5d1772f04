"""Run every benchmark and write `reports/bench.md`: run as ``python -m benchmarks.run`` in the project's folder."""

from __future__ import annotations

import sys
from pathlib import Path

from tabulate import tabulate

from benchmarks import bisecting, distance, explaining, fleet, recording, report, whole
from tfmatrix.environments.machine import this_machine

REPORT = Path(__file__).parents[1] / "reports" / "bench.md"


def main() -> None:
    """Measure, print the table, and write the report."""
    cells: list[tuple[str, str, str]] = []
    for part in (whole, recording, explaining, bisecting, fleet, report, distance):
        for name, number, unit, aim in part.rows():
            cells.append((name, f"{number:.2f} {unit}", aim))
            sys.stdout.write(f"{' | '.join(cells[-1])}\n")  # at once: a later part may fail
            sys.stdout.flush()
    table = tabulate(cells, ["what", "measured", "aim"], "github")
    machine = this_machine()
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(
        f"# What tfmatrix costs\n\nMeasured by `nox -s bench` on {machine.cpu}, {machine.cores} cores. Ratios are of "
        f"two things timed in one run.\n\n{table}\n",
        encoding="utf-8",
    )
    sys.stdout.write(f"{table}\n")


if __name__ == "__main__":
    main()
