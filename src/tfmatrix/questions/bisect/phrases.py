"""What a bisect found in words, the same for its page and for a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from tfmatrix.questions.bisect.line import PACKAGES, TENSORFLOW
from tfmatrix.questions.bisect.summary import SHOWN, Boundary, Cell, Report
from tfmatrix.report.blocks import Code, Text, joined, prose
from tfmatrix.report.records import Package
from tfmatrix.report.text import plain


def changed(boundary: Boundary) -> Iterator[Text]:
    """Yield where the results of a boundary part: the first stage, and which others differ."""
    if boundary.stages:
        tier, _, stage = boundary.stages[0].partition(" ")
        yield (f"first change: {tier} ", Code(stage))
        if more := boundary.stages[1:]:
            yield f"also: {', '.join(more)}"


def why(boundary: Boundary) -> Iterator[Text]:
    """Yield why each of some stages changed: whose it is, in which operations, and what undoes it."""
    for one in boundary.why:
        parts = [f"{one.change}: {one.whose}", one.operations, f"undone by {one.undone}"]
        yield prose("; ".join(filter(None, parts)))


def moved(boundary: Boundary, *, most: int | None) -> Text:
    """Return the packages that are others after a boundary, a few or all; those first that compute."""
    ordered = sorted(boundary.moved, key=lambda pair: not any(one and one.name in SHOWN for one in pair))
    told = [_moved(*pair) for pair in ordered[:most]]
    left = len(boundary.moved) - len(told)
    return joined(", ", [*told, *([f"{left} more"] if left else [])])


def besides(report: Report) -> str:
    """Return what stands before the packages that are others after a boundary."""
    return "moved: " if report.axis == PACKAGES else "moved besides: "


def fixed(report: Report) -> Iterator[Text]:
    """Yield what of the first environment's packages no build has, where packages are moved one after the other."""
    if report.fixed:
        named = ", ".join(f"{one.name} {one.version}" for one in report.fixed)
        yield f"No build has {named}: they do not fit the other packages, so what they change is not known."


def _moved(old: Package | None, new: Package | None) -> Text:
    if old and new:
        return f"{old.name} {old.version} to {new.version}"
    return f"{old.name} {old.version} gone" if old else f"{new.name} {new.version} new" if new else ""


def equal(report: Report, cell: Cell) -> Text:
    """Return what is said where nothing changed as far as is known; nothing where that is not known."""
    known = {one.build: one.letter for one in cell.results}
    if not (cell.compared and known.get(report.first) and known.get(report.last)):
        return ""
    if any(build.name not in known for build in report.builds):
        same = "mean the same" if report.verdicts else "have the same results"
        scan = "`--scan` runs every build, and finds what changed between them and came back."
        return prose(f"{report.first} and {report.last} {same}. {scan}")
    return "Nothing changed: every build has the same results."


def not_monotone(cell: Cell) -> str:
    """Return which letters come back."""
    letters = ", ".join(cell.returning)
    return f"{letters} {'comes' if len(cell.returning) == 1 else 'come'} back after another letter"


def command(report: Report) -> str:
    """Return the command that asks the same again."""
    settings = report.settings
    first, last = (one.environment for one in (report.builds[0], report.builds[-1]))
    words = ["tfmatrix", "bisect", f"{first}..{last}"]
    words += [part for cell in report.cells for part in ("--check" if cell.check else "--cell", cell.name)]
    words += ["--axis", report.axis] if report.axis != TENSORFLOW else []
    words += [f"--{name}" for name in ("patches", "nightlies", "scan", "explain") if getattr(settings, name)]
    words += ["--until", "different"] if report.verdicts else []
    return plain(shlex.join([*words, "--trials", str(settings.trials), "--seed", str(settings.seed)]))
