"""Run every benchmark and write `reports/bench.md`: run as ``python -m benchmarks.run`` in the project's folder."""

from __future__ import annotations

import sys
from pathlib import Path

from tabulate import tabulate

from benchmarks import distance, recording, report, whole
from tfmatrix.environments.machine import this_machine

REPORT = Path(__file__).parents[1] / "reports" / "bench.md"


def main() -> None:
    """Measure, print the table, and write the report."""
    rows = [*whole.rows(), *recording.rows(), *report.rows(), *distance.rows()]
    cells = [(name, f"{number:.2f} {unit}", aim) for name, number, unit, aim in rows]
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
