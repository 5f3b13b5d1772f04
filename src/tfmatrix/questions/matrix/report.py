"""Writing the report of a matrix from what is stored."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from tfmatrix.compare.results import Comparison
from tfmatrix.questions.matrix import curves, heat_map, summary
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.questions.matrix.reread import NAME
from tfmatrix.questions.matrix.screen import screen
from tfmatrix.report import writing
from tfmatrix.report.blocks import Document
from tfmatrix.report.document import identified
from tfmatrix.report.text import few
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
    content = summary.content_of(compare_all(plan, store))
    report, path = writing.write_report(folder, NAME, content, _page, _pictures)
    with writing.writable(folder):
        for old in (folder / heat_map.NAME, *(folder / curves.FOLDER).glob("*.svg")):
            if old.relative_to(folder).as_posix() not in report.files:
                old.unlink(missing_ok=True)
    return report, path


MOST_NAMED = 5
"""Names of what a report is no longer about that are told; the others are counted."""


class Covered(NamedTuple):
    """What a report is about."""

    environments: tuple[str, ...]
    models: tuple[str, ...]


class _Cell(msgspec.Struct):
    environment: str
    model: str


class _Cells(msgspec.Struct):
    """Of a report, whichever its schema, what it has cells of."""

    cells: tuple[_Cell, ...]


def covered(folder: Path) -> Covered | None:
    """Return what the report in a folder is about; None where there is none that can be read."""
    try:
        cells = msgspec.json.decode((folder / f"{NAME}.json").read_bytes(), type=_Cells).cells
    except (OSError, msgspec.DecodeError):
        return None
    return covered_by((one.environment, one.model) for one in cells)


def covered_by(cells: Iterable[tuple[str, str]]) -> Covered:
    """Return what some cells are about, given environment and model of each."""
    found = list(cells)
    return Covered(tuple(dict.fromkeys(e for e, _ in found)), tuple(dict.fromkeys(m for _, m in found)))


def narrowed(before: Covered | None, now: Covered) -> str:
    """Return a phrase that names what an earlier report was about and the new one is not; empty where it all is."""
    lost = [[name for name in old if name not in new] for old, new in zip(before or now, now, strict=True)]
    return " and ".join(few(some, MOST_NAMED) for some in lost if some)


def report_of(comparison: Comparison) -> summary.Report:
    """Return the report of a comparison as `write_report` writes it, under its id."""
    content = summary.content_of(comparison)
    return identified(writing.covering(content, writing.texts_of(NAME, content, _page, _pictures)))


def _page(report: summary.Report) -> Document:
    """Return the page with the first screen that formats with a script have."""
    return [screen(report), *page(report)]


def _pictures(report: summary.Report) -> Mapping[str, str]:
    whole = {heat_map.NAME: heat_map.picture(report)} if heat_map.is_drawn(report) else {}
    return {**whole, **{f"{curves.FOLDER}/{name}": text for name, text in curves.pictures(report.cells).items()}}
