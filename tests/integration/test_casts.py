"""Jitter of what is cast to 16 bits, in releases old and new: one process for each runs `casting.py`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from probe.client import PROBE
from tfmatrix.records import InstalledEnvironment

from .project import plain_environment

pytestmark = pytest.mark.integration

PROGRAM = Path(__file__).with_name("casting.py")


@pytest.mark.parametrize("version", ["2.9.3", "2.15.1", "2.21.0"])
def test_what_is_cast_to_16_bits_is_moved_by_one_ulp_of_it(
    made_environment: Callable[..., InstalledEnvironment], version: str
) -> None:
    """Eagerly, in a function, compiled and in a v1 graph; what is exact stays, and gradients pass through."""
    installed = made_environment(version)
    ran = subprocess.run(
        [installed.interpreter, str(PROGRAM), str(PROBE.parent)],
        capture_output=True,
        text=True,
        check=True,
        env=plain_environment(),
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    for dtype, ways in found["steps"].items():
        for way, steps in ways.items():
            moved, (zero, infinity, less, nan, *_) = steps[:500], steps[500:]
            assert set(moved) == {-1, 1}, (dtype, way)
            assert 0.3 < moved.count(1) / 500 < 0.7
            assert (zero, infinity, less, nan) == (0, 0, 0, 0)
        assert len({tuple(steps) for steps in ways.values()}) == len(ways)  # each cast has directions of its own
    assert found["steps"]["float16"]["eager"][504] == -1  # the largest number does not become infinite
    # The gradient is cast as well, on its way back.
    assert {abs(number - 1) for number in found["gradient"]} <= {2**-10, 2**-11}
    assert (found["mask"], found["whole"]) == ([1.0, 0.0], [3.0, 5.0])
    assert found["same"]
    assert found["shape"] == [None, 3]
