"""The first screen of a matrix's page: may one move, what moves farthest, what to do, and a map of all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix import heat_map
from tfmatrix.questions.matrix.answer import left_out
from tfmatrix.questions.matrix.eras import IN_SHORT, Era, cells_of, eras, owners, to_look_at
from tfmatrix.questions.matrix.moved import Moved, moves
from tfmatrix.questions.matrix.summary import Cell, Mode, Report, Settings
from tfmatrix.report.blocks import (
    Block,
    Code,
    Heading,
    Picture,
    Strong,
    Text,
    bullets,
    filled,
    joined,
    paragraph,
    prose,
)
from tfmatrix.report.text import counted, shortened
from tfmatrix.tables import MODES

MOST_ERAS, MOST_MOVED = 9, 5
"""Rows of the two tables; the page has the rest further below."""

MOST_NAME = 40
"""Characters of a name in a table here."""

MOST_MODES = 4
"""Modes and launches of which the first screen says which releases are the same; the tables of letters have all."""

MOST_EXPLAINED = 2
"""Modes of which the first screen says how a model runs in them; the README has all."""

MARKS = 5
"""Marks that are explained in one line."""


def first_screen(report: Report) -> Iterator[Block]:
    """Yield what a reader with one minute needs."""
    found = eras(report)
    yield Heading(1, f"May I move from TensorFlow {report.baseline}?")
    if asked := left_out(report):
        yield paragraph((Strong(f"Only {asked} were asked about."), " The others are named below."))
    rows = [[*_row(era), owners(cells_of(era, report))] for era in found[:MOST_ERAS]]
    yield filled(["move to", "answer", "cells", "whose"], rows)
    if more := found[MOST_ERAS:]:
        count = sum(len(era.environments) for era in more)
        yield paragraph(f"And {counted(count, 'more release')}, which stand below.")
    yield paragraph(*_marks(found))
    next_ = to_look_at(found)
    if next_ and next_.changes:
        yield from _moved(next_.farthest, report)
    yield bullets([*(_to_do(next_, report) if next_ else ()), *_swappable(report.modes[:MOST_MODES])])
    if heat_map.is_drawn(report):
        yield Picture("Every model in which something changed, in every release", heat_map.NAME)
    yield paragraph(*_made(report))


def _swappable(modes: Iterable[Mode]) -> Iterator[Text]:
    """Yield for each mode the releases that can be swapped for each other without a bit changing in any model."""
    for mode in modes:
        groups: dict[str, list[str]] = {}
        for row in mode.environments:
            if row.letter:
                groups.setdefault(row.letter, []).append(row.environment)
        if same := "; ".join(" = ".join(names) for names in groups.values() if len(names) > 1):
            launch = "" if mode.launch == "default" else f", {mode.launch}"
            yield "The same bits in every model, ", Code(mode.mode), f"{launch}: {same}"


def _row(era: Era) -> list[Text]:
    counts = [(f"{count} ", Code(verdict.mark)) for verdict, count in era.weighed]
    return [Strong(era.name), era.answer, joined(", ", counts)]


def _marks(found: Sequence[Era]) -> Iterator[Text]:
    """Yield what the marks of some eras say, a few to a line."""
    there = [verdict for verdict in IN_SHORT if any(verdict in era.counts for era in found)]
    for first in range(0, len(there), MARKS):
        line = joined("; ", ((Code(verdict.mark), f" {IN_SHORT[verdict]}") for verdict in there[first : first + MARKS]))
        yield line, ";" if first + MARKS < len(there) else ""


def _moved(environment: str, report: Report) -> Iterator[Block]:
    """Yield the cells of a release in which the training comes to something else, those that move farthest first."""
    moved = [one for one in moves(report) if one.cell.environment == environment and _is_changed(one.cell)]
    if rows := [one for one in sorted(moved, key=lambda one: -one.apart) if one.apart][:MOST_MOVED]:
        yield paragraph(("Where the results of training move farthest in ", Strong(environment), ":"))
        headings = ["model", "first change", "last loss", "predictions differ by", "under other seeds", "whose"]
        yield filled(headings, map(_moved_row, rows))


def _is_changed(cell: Cell) -> bool:
    changed = {Verdict.DIFFERENT, Verdict.REDRAWN, Verdict.NOT_COMPARABLE}
    return cell.judged in changed and bool(cell.ends)


def _moved_row(one: Moved) -> list[Text]:
    name, first = (Code(shortened(name, MOST_NAME)) for name in (one.cell.where, _first(one.cell)))
    mark = Code(one.cell.judged.mark if one.cell.judged else "")
    whose = one.cell.explanation.owner if one.cell.explanation else ""
    return [(mark, " ", name), first, one.number_in_words, one.predictions_in_words, one.seeds_in_words, whose]


def _first(cell: Cell) -> str:
    """Return where a cell first changes as its verdict says, rounding passed over."""
    found = (stage.finding for stage in cell.stages or () if stage.judged is cell.judged)
    return next((finding.stage for finding in found if finding), "")


def _to_do(era: Era, report: Report) -> Iterator[Text]:
    """Yield the next steps as commands."""
    check, pin, explain = (f"tfmatrix {verb} {era.farthest}" for verb in ("check", "pin", "explain"))
    from_ = f" --baseline {report.baseline}"
    if era.changes:
        yield "What blocks a pin, and how to accept it: ", Code(check + from_)
        yield "Why, whose change it is, and what undoes it: ", Code(explain + from_)
    else:
        yield "To pin it: ", Code(check + from_), ", then ", Code(f"{pin} --report ID"), " with the id below."


def _made(report: Report) -> Iterator[Text]:
    """Yield which report this is, what a cell is, how often each was run, and what follows for the marks."""
    models = len({cell.model for cell in report.cells})
    cells = {(cell.launch, cell.mode, cell.model) for cell in report.cells}
    modes = [mode for mode in report.settings.modes if mode in {cell.mode for cell in report.cells}]
    yield (
        "Report ",
        Code(report.id),
        f" of tfmatrix {report.tfmatrix}. A cell is one model in one mode:",
        f" {counted(models, 'model')} {'makes' if models == 1 else 'make'} {counted(len(cells), 'cell')}.",
    )
    for mode in [one for one in modes if one in MODES][:MOST_EXPLAINED]:
        yield Code(mode), f": {MODES[mode].summary}."
    yield "Cells are compared bit for bit, all on one machine; on another machine, other cells round."
    yield from _repeated(report.settings)


def _repeated(settings: Settings) -> Iterator[Text]:
    """Yield how often each cell was run, and what follows for the marks."""
    several = settings.trials > 1
    if several:
        yield f"Each was run {settings.trials} times, from two processes with two hash seeds, and is compared only if"
        yield prose("all gave the same bits, so results repeat, except where the mark is `~`.")
    else:
        yield "Each was run once, so a difference may also be one between two runs of the same release."
    if settings.witnessed:
        known = "" if several else ", which shows such a difference"
        yield f"One model of each release and mode was run once more, in a fresh process{known}."
