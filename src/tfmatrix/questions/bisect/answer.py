"""The answer in a few lines: the letters of each cell, and between which builds they change; and what is not known."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from tfmatrix.questions.bisect.line import TENSORFLOW
from tfmatrix.questions.bisect.phrases import besides, changed, equal, fixed, moved, not_monotone, why
from tfmatrix.questions.bisect.summary import RELEASE, Boundary, Cell, Report
from tfmatrix.records import MISSING
from tfmatrix.report.blocks import Block, Document, Item, Text, bullets, joined, paragraph
from tfmatrix.report.text import counted, plain

MOST_MOVED = 3
"""Packages that are named of those that moved."""


def answer(report: Report) -> Document:
    """Return the letters of each cell, its boundaries, and the command that comes next."""
    cells = (block for cell in report.cells for block in _cell(report, cell))
    return [*cells, *map(paragraph, fixed(report)), *_next(report)]


def _cell(report: Report, cell: Cell) -> Iterator[Block]:
    letters = ", ".join(f"{one.build} {one.letter or one.outcome}" for one in cell.results)
    yield paragraph(f"{cell.name}: {letters or 'nothing was run'}")
    if told := "" if cell.boundaries else equal(report, cell):
        yield paragraph(told)
    yield bullets(Item(joined("; ", _boundary(report, one))) for one in cell.boundaries)
    if cell.returning:
        yield paragraph(f"not monotone: {not_monotone(cell)}.")


def _boundary(report: Report, boundary: Boundary) -> Iterator[Text]:
    yield f"changed between {boundary.before} and {boundary.after}"
    yield from list(changed(boundary))[:1]
    yield from (("why: ", one) for one in list(why(boundary))[:1])
    if boundary.moved:
        yield (besides(report), moved(boundary, most=MOST_MOVED))


def _next(report: Report) -> Iterator[Block]:
    """Yield how to look closer at the first boundary: at the patches between two releases, else at the reason."""
    environments = {build.name: build.environment for build in report.builds}
    releases = {build.name for build in report.builds if build.kind == RELEASE}
    for cell in report.cells:
        for boundary in cell.boundaries:
            coarse = {boundary.before, boundary.after} <= releases
            if report.axis == TENSORFLOW and coarse and not report.settings.patches:
                asked = f"--check {quote(cell.check)}" if cell.check else f"--cell {cell.name}"
                yield paragraph(f"next: tfmatrix bisect {boundary.before}..{boundary.after} {asked} --patches")
            elif not (cell.check or boundary.why):
                before, after = environments[boundary.before], environments[boundary.after]
                yield paragraph(f"next: tfmatrix explain {after} --baseline {before} --cell {cell.cell}")
            return


def problems(report: Report) -> list[str]:
    """Return a sentence for each thing that is not known though it was asked for."""
    return [plain(line) for cell in report.cells for line in dict.fromkeys(_problems(report, cell))]


def _problems(report: Report, cell: Cell) -> Iterator[str]:
    known = {one.build: one for one in cell.results}
    first, last = known[report.first], known[report.last]
    for end in (first, last):
        if end.outcome == MISSING:
            yield f"{end.build}/{cell.name} missing: {end.reason or 'not run'}"
        elif end.is_skipped:
            yield f"begin or end with another build: {end.build}/{cell.name} {end.outcome}: {end.reason}"
    if not cell.compared:
        ends = f"{first.outcome} in {first.build}, {last.outcome} in {last.build}"
        yield f"{cell.name}: nothing was compared: {ends}{f': {last.reason}' if last.reason else ''}"
    for boundary in cell.boundaries:
        where = f"{cell.name}: not narrowed down between {boundary.before} and {boundary.after}"
        yield from (f"{where}: {name} {known[name].outcome}: {known[name].reason}" for name in boundary.skipped)
        if boundary.unknown:
            yield f"{where}: {counted(boundary.unknown, 'build')} not run"
        yield from (
            f"not explained between {boundary.before} and {boundary.after}: {one}" for one in boundary.unexplained
        )
    if report.settings.scan:
        yield from _unscanned(report, cell)


def _unscanned(report: Report, cell: Cell) -> Iterator[str]:
    """Yield what of a scan is not known, besides what stands in the way at a boundary or an end."""
    told = {name for boundary in cell.boundaries for name in boundary.skipped} | {report.first, report.last}
    skipped = [one for one in cell.results if one.is_skipped and one.build not in told]
    yield from (f"{one.build}/{cell.name} {one.outcome}: {one.reason}" for one in skipped)
    known = {one.build for one in cell.results}
    between = sum(boundary.unknown for boundary in cell.boundaries)
    if left := sum(build.name not in known for build in report.builds) - between:
        yield f"{cell.name}: {counted(left, 'build')} not run"
