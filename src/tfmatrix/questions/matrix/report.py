"""Writing the report of a matrix from what is stored."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tfmatrix.questions.matrix import curves, summary
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.report import writing
from tfmatrix.store.store import Store


@contextmanager
def _not_collecting() -> Iterator[None]:
    """Have Python not look for cycles: what a report is made of has none, and may be millions of records."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_not_collecting()
def write_report(plan: Plan, store: Store) -> tuple[summary.Report, Path]:
    """Compare everything that is stored, write every format, and return the report and the Markdown file's path."""
    folder = plan.config.under_root(plan.config.reports)
    report, path = writing.write_report(folder, "matrix", summary.content_of(compare_all(plan, store)), page)
    with writing.writable(folder / curves.FOLDER):
        _write_pictures(folder / curves.FOLDER, curves.pictures(report.cells))
    return report, path


def _write_pictures(folder: Path, pictures: Mapping[str, str]) -> None:
    """Write the pictures of a report, and remove those of an earlier one that it does not have."""
    for name, text in pictures.items():
        writing.write_whole(folder / name, text)
    for path in folder.glob("*.svg"):
        if path.name not in pictures:
            path.unlink()
