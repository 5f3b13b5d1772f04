"""Rows that end their process: each is named, and all others are run, each once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from .adopted import atlas_rows, atlas_running

pytestmark = pytest.mark.timeout(120)


def rows(*ops: str) -> list[Any]:
    """Return a row of each op."""
    return [atlas_rows.Row(op, "float32", f"case-{at}", {}) for at, op in enumerate(ops)]


def run(of: Sequence[Any], became: Callable[[Any], Any]) -> list[tuple[str, str, Any]]:
    """Run rows, and return of each its op, what became of it and what is said of that."""
    found = atlas_running.run_each(of, lambda: lambda row: (atlas_running.MADE, became(row)))
    return [(row.op, word, said) for row, word, said in found]


def test_each_row_is_run_once_though_some_end_the_process(tmp_path: Path) -> None:
    """Those that do so are named with the signal or the status, and what was run before is not run again."""

    def became(row: Any) -> str:
        with (tmp_path / "log").open("a") as log:
            log.write(f"{row.op} ")
        if row.op == "aborts":
            os.abort()
        if row.op == "exits":
            os._exit(3)
        return str(row.op).upper()

    assert run(rows("a", "aborts", "b", "exits", "c"), became) == [
        ("a", "made", "A"),
        ("aborts", "ended", "ends the process by SIGABRT"),
        ("b", "made", "B"),
        ("exits", "ended", "ends the process with exit status 3"),
        ("c", "made", "C"),
    ]
    assert (tmp_path / "log").read_text() == "a aborts b exits c "


def test_an_op_that_ended_the_process_often_enough_is_left_alone() -> None:
    """Its other rows are not run, and no other op's are left out."""

    def became(row: Any) -> str:
        if row.op == "divides":
            os.kill(os.getpid(), signal.SIGFPE)
        return "fine"

    found = run(rows(*["divides"] * 5, "a"), became)
    assert found == [("divides", "ended", "ends the process by SIGFPE")] * 3 + [("a", "made", "fine")]


def test_a_row_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, and the next one is run."""
    monkeypatch.setattr(atlas_running, "PATIENCE", 1.0)
    found = run(rows("hangs", "a"), lambda row: time.sleep(60) if row.op == "hangs" else "fine")
    assert found == [("hangs", "ended", "does not end"), ("a", "made", "fine")]


def test_a_row_that_takes_too_much_memory_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused the memory, whatever it makes of that."""
    monkeypatch.setattr(atlas_running, "MEMORY", 1 << 30)

    def became(row: Any) -> Any:
        try:
            return len(bytearray(2 << 30)) if row.op == "takes" else "fine"
        except MemoryError:
            return "refused"

    assert run(rows("takes", "a"), became) == [("takes", "made", "refused"), ("a", "made", "fine")]


def test_what_runs_rows_and_raises_is_no_answer_of_a_row() -> None:
    """The trial fails with the traceback, also where what a row made can't be told: nothing ended its process."""

    def became(row: Any) -> Any:
        return open if row.op == "a" else lambda: None  # the one can be pickled

    with pytest.raises(RuntimeError, match=r"b\[float32\]/case-1 was not run to its end\nTraceback(.|\n)*pickle"):
        run(rows("a", "b", "c"), became)


def test_what_cannot_begin_is_a_failure_of_the_trial() -> None:
    """It is not taken for a row's."""

    def prepare() -> Any:
        raise ValueError("no such mode")

    with pytest.raises(RuntimeError, match="before it began"):
        list(atlas_running.run_each(rows("a"), prepare))
