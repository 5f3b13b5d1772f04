"""The report of a matrix: written from what is stored, and what it leaves unanswered."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfmatrix.errors import UserError
from tfmatrix.questions.matrix import answer, curves, page, summary
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.report import document
from tfmatrix.report.writing import write_whole, writing_whole
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
def write_report(plan: Plan, store: Store) -> tuple[document.Data, Path]:
    """Compare everything that is stored, write every format, and return the data and the Markdown file's path."""
    content = summary.content_of(compare_all(plan, store))
    folder = plan.config.under_root(plan.config.reports)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with writing_whole(folder / "matrix.json") as file:
            data = document.write(content, file)
        write_whole(folder / "matrix.md", page.render(data))
        _write_pictures(folder / curves.FOLDER, curves.pictures(data))
    except OSError as error:
        raise UserError(f"the report cannot be written into {folder}: {error.strerror}.") from error
    return data, folder / "matrix.md"


def problems(data: document.Data) -> Iterator[str]:
    """Yield a sentence for each thing that nothing was learnt of, though it was asked for."""
    yield from answer.problems(unanswered(data))
    if not any(set(candidate["counts"]) - {"unsupported"} for candidate in data["candidates"]):
        yield f"nothing was compared with {data['baseline']}; choose another version too."


def unanswered(data: document.Data) -> list[dict[str, Any]]:
    """Return the cells that nothing was learnt of: missing, unavailable, failed, crashed or timed out."""
    return [cell for cell in data["cells"] if cell["outcome"] not in {"observed", "unsupported", "unstable"}]


def _write_pictures(folder: Path, pictures: Mapping[str, str]) -> None:
    """Write the pictures of a report, and remove those of an earlier one that it does not have."""
    folder.mkdir(exist_ok=True)
    for name, text in pictures.items():
        write_whole(folder / name, text)
    for path in folder.glob("*.svg"):
        if path.name not in pictures:
            path.unlink()
