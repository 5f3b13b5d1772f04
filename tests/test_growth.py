"""How the work of a report grows with what is stored, counted and not timed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from building import fill, ones, plan_of
from tfmatrix.questions.matrix import report
from tfmatrix.records import JITTER, ExpectedTrial
from tfmatrix.store.store import Store

MODELS = 40


def moved(expected: ExpectedTrial) -> dict[str, Any]:
    """Return a trace that only this model has, rounded otherwise by every candidate and every jitter."""
    numbers = np.random.default_rng(list(expected.cell.model.name.encode())).uniform(1, 2, 8).astype(np.float32)
    environment = expected.cell.environment
    steps = 3 if expected.role == JITTER else int(environment.tensorflow.split(".")[1]) - 15
    return ones(init=numbers, gradient=numbers * np.float32(1 + steps * 2**-23), weights=numbers)


def work_of_a_report(folder: Path, models: int) -> tuple[int, int]:
    """Return how many lines of Python and hundreds of SQLite's instructions a first report of so many models takes."""
    folder.mkdir()
    plan = plan_of(folder, [f"m{number:03}" for number in range(models)], versions=["2.15.1", "2.16.2", "2.21.0"])
    lines = instructions = 0

    def count_line(_: FrameType, event: str, __: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return count_line

    def count_instructions() -> None:
        nonlocal instructions
        instructions += 1

    with Store(plan.config.under_root(plan.config.store)) as store:
        fill(store, plan, moved)
        store.connection.set_progress_handler(count_instructions, 100)
        before = sys.gettrace()
        sys.settrace(count_line)
        try:
            data, _ = report.write_report(plan, store)
        finally:
            sys.settrace(before)
    assert {cell["verdict"] for cell in data["cells"]} == {"", "rounding"}
    return lines, instructions


def test_a_report_of_more_trials_takes_no_more_work_for_each(tmp_path: Path) -> None:
    """As many models again, and once more as many, add the same work each time, in Python and in the store."""
    work_of_a_report(tmp_path / "warm", 1)  # what is read once and kept: templates, the code's own digests
    once, twice, thrice = (work_of_a_report(tmp_path / str(times), times * MODELS) for times in (1, 2, 3))
    for first, second, third in zip(once, twice, thrice, strict=True):
        assert third - second <= 1.01 * (second - first)
