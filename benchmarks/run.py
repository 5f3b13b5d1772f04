"""Run benchmarks and write `reports/bench.md`: ``python -m benchmarks.run [PART ...]`` in the project's folder.

All parts together take more than an hour. Each is kept in a file of its own, so that one can be measured again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from tabulate import tabulate

from benchmarks import bisecting, distance, explaining, fleet, recording, report, whole
from tfmatrix.environments.machine import this_machine

REPORTS = Path(__file__).parents[1] / "reports"

PARTS: dict[str, ModuleType] = {
    "matrix": whole,
    "recording": recording,
    "explain": explaining,
    "bisect": bisecting,
    "fleet": fleet,
    "report": report,
    "distance": distance,
}


def main(names: Sequence[str]) -> None:
    """Measure some parts, all of them where none is named, and write the report of all that were ever measured."""
    if strange := sorted(set(names).difference(PARTS)):
        raise SystemExit(f"there is no part {strange[0]!r} of the benchmarks; there are {', '.join(PARTS)}.")
    for name in names or PARTS:
        rows = []
        for what, number, unit, aim in PARTS[name].rows():
            rows.append((what, f"{number:.2f} {unit}", aim))
            sys.stdout.write(f"{' | '.join(rows[-1])}\n")  # at once: what follows may fail
            sys.stdout.flush()
        machine = this_machine()
        part = {"cpu": machine.cpu, "cores": machine.cores, "rows": rows}
        path = REPORTS / "bench" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{json.dumps(part, indent=1)}\n", encoding="utf-8")
    paths = {name: REPORTS / "bench" / f"{name}.json" for name in PARTS}
    measured = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.exists()}
    (REPORTS / "bench.md").write_text("\n".join(_page(measured)), encoding="utf-8")


def _page(measured: dict[str, Any]) -> Iterable[str]:
    """Yield the paragraphs of the report."""
    yield "# What tfmatrix costs\n"
    yield "Measured by `nox -s bench -- PART`. Ratios are of two things timed in one run.\n"
    for name, part in measured.items():
        yield f"## {name}\n"
        yield f"On {part['cpu']}, {part['cores']} cores.\n"
        yield f"{tabulate(part['rows'], ['what', 'measured', 'aim'], 'github')}\n"


if __name__ == "__main__":
    main(sys.argv[1:])
