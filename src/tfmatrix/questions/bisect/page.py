"""The page of a bisect, made of the same report as `bisect.json`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packaging.version import Version

from tfmatrix.questions.bisect.answer import problems
from tfmatrix.questions.bisect.line import PACKAGES, TENSORFLOW
from tfmatrix.questions.bisect.phrases import besides, changed, command, equal, fixed, moved, not_monotone, why
from tfmatrix.questions.bisect.summary import Boundary, Cell, Report, Result
from tfmatrix.records import OBSERVED
from tfmatrix.report import parts
from tfmatrix.report.blocks import (
    Block,
    Code,
    Document,
    Heading,
    Item,
    Listing,
    Strong,
    Table,
    Text,
    bullets,
    joined,
    paragraph,
    prose,
    table,
)
from tfmatrix.report.text import counted, shortened

MOST_CHARACTERS = 160
"""Of a reason, in a list."""


def page(report: Report) -> Document:
    """Return the whole page."""
    return [
        *_head(report),
        *parts.incomplete(problems(report)),
        table(["model", "changed between"], [_overview(report, cell) for cell in report.cells]),
        *(block for cell in report.cells for block in _cell(report, cell)),
        *_verdicts(report),
        Heading(2, "Environments"),
        parts.environments(report.environments, ["distribution", "Python", "NumPy", "Keras"]),
        paragraph(parts.machine(report.machine)),
        Heading(2, "Run it again"),
        Listing("console", f"$ {command(report)}"),
    ]


def _head(report: Report) -> Iterator[Block]:
    what = "TensorFlow" if report.axis == TENSORFLOW else report.axis
    if report.axis == PACKAGES:
        yield Heading(1, f"Which package: with the TensorFlow of {report.held}")
        beside = " The first one has the old packages, and each next one has one more package at its new version."
    else:
        yield Heading(1, f"Since when: {what} from {report.first} to {report.last}")
        beside = f" All of them have the TensorFlow of {report.held}." if report.held else ""
    yield paragraph(
        ("Report ", Code(report.id), f" of tfmatrix {report.tfmatrix}. "),
        f"The line has {counted(len(report.builds), 'build')}.{beside}",
        "The first and the last one were run, and then the middle of each interval whose ends gave different results.",
        "Builds with the same letter have the same verdict against the first build; rounding counts as the same."
        if report.verdicts
        else "Builds with the same letter have the same bits.",
        prose("A change that comes and goes between two builds with the same letter is seen only by `--scan`."),
        *fixed(report),
    )


def _overview(report: Report, cell: Cell) -> Sequence[Text]:
    """Return a cell in one line: where its results change."""
    where = [(Code(one.before), " and ", Code(one.after)) for one in cell.boundaries]
    ran = "nowhere" if len(cell.results) == len(report.builds) else "nowhere, as far as was run"
    return [Code(cell.name), joined("; ", where) or (ran if equal(report, cell) else "not known")]


def _cell(report: Report, cell: Cell) -> Iterator[Block]:
    yield Heading(2, Code(cell.name))
    yield _strip(report, cell)
    if cell.boundaries:
        yield bullets(_boundary(report, one) for one in cell.boundaries)
    elif told := equal(report, cell):
        yield paragraph(told)
    if cell.returning:
        yield paragraph((Strong("Not monotone"), f": {not_monotone(cell)}."))
    yield bullets(_without(one) for one in cell.results if one.outcome != OBSERVED)


def _strip(report: Report, cell: Cell) -> Table:
    """Return the builds that were run as one row of letters; those between that were not are counted."""
    known = {one.build: one for one in cell.results}
    columns: list[tuple[Text, Text]] = []
    left = 0
    for build in report.builds:
        if result := known.get(build.name):
            columns += _gap(left)
            columns.append((build.name, _letter(result)))
            left = 0
        else:
            left += 1
    columns += _gap(left)
    headings, letters = zip(*columns, strict=True)
    return table(list(headings), [list(letters)])


def _gap(left: int) -> Sequence[tuple[Text, Text]]:
    return [("…", f"{left} not run")] if left else []


def _letter(result: Result) -> Text:
    if not result.letter:
        return result.outcome
    mark: Text = (" ", Code(result.verdict.mark)) if result.verdict else ""
    return (Strong(result.letter), mark, "" if result.outcome == OBSERVED else f" ({result.outcome})")


def _boundary(report: Report, boundary: Boundary) -> Item:
    """Return what is known of one boundary."""
    below = [Item(told) for told in changed(boundary)]
    below += [Item(("why: ", told)) for told in why(boundary)]
    below += [Item((besides(report), moved(boundary, most=None)))] if boundary.moved else []
    if report.axis == TENSORFLOW:
        below.append(Item(f"see the release notes of TensorFlow {', '.join(_notes(report, boundary))}"))
    return Item(
        (
            Strong((Code(boundary.before), " to ", Code(boundary.after))),
            f": {boundary.letters[0]} became {boundary.letters[1]}",
            _between(boundary),
        ),
        tuple(below),
    )


def _notes(report: Report, boundary: Boundary) -> Iterator[str]:
    """Yield the releases whose notes tell of a boundary: each minor that begins in it, else the patch itself."""
    versions = {build.name: Version(build.name.partition("+")[0]) for build in report.builds}
    old, new = versions[boundary.before], versions[boundary.after]
    minors = {one.release[:2] for one in versions.values() if old < one <= new} - {old.release[:2]}
    minors |= (
        {new.release[:2]} if new.is_prerelease else set()
    )  # neither a candidate nor a nightly has notes of its own
    yield from ([f"{major}.{minor}" for major, minor in sorted(minors)] or [str(new)])


def _between(boundary: Boundary) -> Text:
    skipped: Text = (
        (", with ", joined(", ", map(Code, boundary.skipped)), " between them, which gave no result")
        if boundary.skipped
        else ""
    )
    return (skipped, f"; {counted(boundary.unknown, 'build')} between them not run" if boundary.unknown else "")


def _verdicts(report: Report) -> Iterator[Block]:
    """Yield what the marks mean, where builds are told apart by verdicts."""
    if report.verdicts:
        yield Heading(2, "Verdicts")
        yield parts.legend(report.verdicts)


def _without(result: Result) -> Text:
    return (Code(result.build), f" {result.outcome}: {shortened(result.reason, MOST_CHARACTERS)}")
