"""How long measuring a distance takes beside ``np.array_equal``, and how much memory it takes beside the arrays.

Run as ``python benchmarks/distance.py [ELEMENTS]``, 100 million float32 by default: three arrays, 1.2 GB.
"""

from __future__ import annotations

import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfmatrix.compare.distance import measure

ELEMENTS = 100_000_000
PAIRS = 5
"""Timings come in pairs taken in turn, so that a machine that slows down slows both; the ratio is a pair's median."""


def rows(elements: int = ELEMENTS, pairs: int = PAIRS) -> list[tuple[str, float, str, str]]:
    """Return what was measured as rows of name, number, unit and aim; ratios are to ``np.array_equal``, same arrays."""
    a = np.random.default_rng(0).standard_normal(elements, np.float32)
    same, other = a.copy(), a * np.float32(-1.001)
    assert measure(a, same).identical
    assert measure(a, other).fraction == 1
    named = f"two arrays of {elements / 1e6:g} million float32"
    return [
        (f"distance of {named}, identical: time", _ratio(a, same, pairs), "x array_equal", "at most 1.5"),
        (f"distance of {named}, all different: time", _ratio(a, other, pairs), "x array_equal", "at most 25"),
        (f"distance of {named}, identical: memory", _peak_megabytes(a, same), "MB", "a few chunks"),
        (f"distance of {named}, all different: memory", _peak_megabytes(a, other), "MB", "a few chunks"),
    ]


def _ratio(a: NDArray[Any], b: NDArray[Any], pairs: int) -> float:
    return statistics.median(
        _seconds(lambda: measure(a, b)) / _seconds(lambda: np.array_equal(a, b)) for _ in range(pairs)
    )


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _peak_megabytes(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the most memory that one measurement holds beyond its arguments; NumPy reports to tracemalloc."""
    tracemalloc.start()
    try:
        measure(a, b)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def main() -> None:
    """Print the rows as a table."""
    elements = int(sys.argv[1]) if len(sys.argv) > 1 else ELEMENTS
    for name, number, unit, aim in rows(elements):
        sys.stdout.write(f"{name:<70}{number:>8.2f} {unit} ({aim})\n")


if __name__ == "__main__":
    main()
