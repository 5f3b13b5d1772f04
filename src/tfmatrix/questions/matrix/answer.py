"""The answer in a few lines: what the terminal shows at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tfmatrix.compare.cells import UNSTABLE
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix import names
from tfmatrix.questions.matrix.eras import Era, cells_of, eras, owners, to_look_at
from tfmatrix.questions.matrix.summary import Cell, FirstChange, Report
from tfmatrix.records import FAILED, MISSING, OBSERVED, UNAVAILABLE, UNSUPPORTED
from tfmatrix.report import releases
from tfmatrix.report.blocks import Block, Break, Document, Text, bullets, joined, paragraph, table
from tfmatrix.report.text import counted, few, in_one_line, plain, shortened

ANSWERED = {OBSERVED, UNSUPPORTED, UNSTABLE}
"""Outcomes of a cell that something was learnt of."""

NOT_RUN = {MISSING, UNAVAILABLE}

LINE = 100
"""Characters of a reason that a line of the terminal has."""

NAMED = 3
"""Cells that a line names of those that one thing is said of."""

_LINE = re.compile(r" \(line [0-9]+\)$")

LAST_LINES = 3
"""Lines that are shown of what a model wrote last."""

TENSORFLOW = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+: [IW] |[IW][0-9]{4} [0-9:.]+ |WARNING:tensorflow:|WARNING: All log messages|"
    r"Instructions for updating:|non-resource variables are not supported in the long term"
)
"""How a line begins that TensorFlow writes by itself, errors aside: it is no word of the model's."""


def answer(report: Report) -> Document:
    """Return what was asked, each era's answer with its cells and first change, what exists nowhere, and what next."""
    asked = left_out(report)
    found = eras(report)
    return [
        paragraph(f"against {report.baseline}{f', {asked}' if asked else ''}:"),
        table((), ([era.name, _era(era, report)] for era in found)),
        *_unsupported(report),
        *_next(found, report),
    ]


def _era(era: Era, report: Report) -> Text:
    counts = ", ".join(f"{count} {verdict.value}" for verdict, count in era.weighed)
    of_era = [candidate for candidate in report.candidates if candidate.environment == era.farthest]
    worst = [first for one in of_era for first in one.first_changes if first.verdict is era.answered]
    cells = cells_of(era, report)
    told = [f"whose: {whose}"] if (whose := owners(cells)) else []
    told += [*map(change, worst), *names.in_short(cells, report.baseline), *_ways(cells)]
    told += [_of(name, era, note) for name in era.environments for note in beside(name, report)]
    return joined(Break(), [era.answer, counts, *told])


def _of(name: str, era: Era, note: str) -> str:
    """Return what is said of one release of an era."""
    return note if len(era.environments) == 1 else f"{name}: {note}"


def _next(found: Sequence[Era], report: Report) -> Iterator[Block]:
    """Yield what to run next; nothing of a command that was typed, which would have to be typed again."""
    asked = to_look_at(found)
    if asked and not report.settings.at_once:
        verb = "explain" if asked.changes else "check"
        yield paragraph(f"next: tfmatrix {verb} {asked.farthest} --baseline {report.baseline}")


def _ways(cells: Iterable[Cell]) -> Iterator[str]:
    """Yield the first other way that a refused file was read in, or that none was found."""
    for cell in cells:
        if cell.ways:
            read = [way.used for way in cell.ways if way.verdict != FAILED]
            more = f", and in {counted(len(read) - 1, 'other way')}" if len(read) > 1 else ""
            told = f"it was read by {read[0]}{more}" if read else f"none of {len(cell.ways)} other ways read it"
            yield f"{cell.where}: {told}"


def beside(name: str, report: Report) -> Iterator[str]:
    """Yield what is said of an environment beside its verdict: another Python or distribution, an unknown release."""
    environments = {one.name: one for one in report.environments}
    here, there = environments[name], environments[report.baseline]
    if _minor(here.python) != _minor(there.python):
        yield f"on Python {_minor(here.python)}, {there.name} on {_minor(there.python)}, which can change results too"
    if here.distribution != there.distribution:
        yield f"installed from {here.distribution}, {there.name} from {there.distribution}"
    if not here.known:
        yield f"tfmatrix {report.tfmatrix} was not tested with this release"


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _unsupported(report: Report) -> Iterator[Block]:
    """Yield the cells that are unsupported: the first few of those that are it for one reason in the same releases."""
    if found := absent(report.cells):
        yield paragraph("unsupported:")
        every = [one.name for one in report.environments]
        for one in found:
            where = releases.told(one.environments, every)
            yield bullets([f"{where}: {shortened(one.reason, LINE)}: {few(one.cells, NAMED)}"])


class Absent(NamedTuple):
    """Cells that do not exist in the same environments, for one reason."""

    cells: tuple[str, ...]
    """As each is called in its environments."""
    environments: tuple[str, ...]
    reason: str


def absent(cells: Iterable[Cell]) -> list[Absent]:
    """Return what does not exist, and where; at which line of its file a model says so is no reason of its own."""
    where: dict[tuple[str, str], dict[str, None]] = {}
    for cell in cells:
        if cell.outcome == UNSUPPORTED:
            where.setdefault((cell.where, _LINE.sub("", cell.reason)), {})[cell.environment] = None
    grouped: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (name, reason), environments in where.items():
        grouped.setdefault((tuple(environments), reason), []).append(name)
    return [Absent(tuple(names), environments, reason) for (environments, reason), names in grouped.items()]


def left_out(report: Report) -> str:
    """Return how many of the models were not asked about; nothing where all were."""
    missing = report.settings.left_out
    asked = {cell.model for cell in report.cells}
    return f"{len(asked)} of {len(asked) + len(missing)} models" if missing else ""


def change(first: FirstChange) -> str:
    """Return a first change as a phrase: cell, stage, and what became of it."""
    where = f"{first.model}/{first.mode}"
    finding = first.finding
    if not finding:
        return f"{where}: {first.reason}"
    return f"{where}: {finding.tier} {finding.stage} {finding.verdict.value} ({finding.reason})"


def unanswered(report: Report) -> list[Cell]:
    """Return the cells that nothing was learnt of: missing, unavailable, failed, crashed or timed out."""
    return [cell for cell in report.cells if cell.outcome not in ANSWERED]


def problems(report: Report) -> list[str]:
    """Return a line for each thing that nothing was learnt of though it was asked for, and for what it wrote last."""
    nothing = not any(set(candidate.counts) - {Verdict.UNSUPPORTED} for candidate in report.candidates)
    told = f"nothing was compared with {report.baseline}; choose another version too."
    found = [line for sentence, cells in _unknown(report) for line in (sentence, *_last_words(cells))]
    return [*found, *([told] if nothing else [])]


def unknown(report: Report) -> list[str]:
    """Return a sentence for each thing that nothing was learnt of, cells with the same reason in one."""
    return [sentence for sentence, _ in _unknown(report)]


def _unknown(report: Report) -> Iterator[tuple[str, Sequence[Cell]]]:
    """Yield a sentence per distinct reason why nothing was learnt of some cells, and these.

    One missing environment or one broken model file is one problem, whatever the number of its cells.
    """
    grouped: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in unanswered(report):
        subject = cell.environment if cell.outcome == UNAVAILABLE else cell.model
        grouped.setdefault((subject, cell.outcome, cell.reason), []).append(cell)
    for (subject, outcome, reason), cells in grouped.items():
        yield plain(f"{subject} {outcome}: {reason} ({_named(cells)})"), cells
    for model, reasons in _nowhere(report).items():
        yield plain(f"{model} unsupported everywhere, so nothing was compared: {'; '.join(reasons)}"), ()


def _last_words(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield what the models of cells wrote last, once where it says the same, each with its cell where it does not."""
    found: dict[str, tuple[Cell, Sequence[str]]] = {}
    for cell in cells:
        if lines := last_lines(cell):
            # What differs in numbers alone, times and addresses, says the same.
            found.setdefault(re.sub("0x[0-9a-f]+|[0-9]+", "0", "\n".join(lines)), (cell, lines))
    for cell, lines in found.values():
        if len(found) > 1:
            yield f"  {plain(cell.id)} wrote:"
        yield from (f"  | {line}" for line in lines)


def last_lines(cell: Cell) -> Sequence[str]:
    """Return the last lines that a cell's model wrote, where it was run and not observed; not TensorFlow's warnings."""
    output = cell.evidence.output if cell.evidence and cell.outcome not in NOT_RUN else ""
    lines = (in_one_line(line).rstrip() for line in output.splitlines())
    return [line for line in lines if line and not TENSORFLOW.match(line)][-LAST_LINES:]


def _named(cells: Sequence[Cell]) -> str:
    """Return one cell's name, or how many there are, and of those that were run in which releases."""
    if len(cells) == 1:
        return cells[0].id
    if cells[0].outcome in NOT_RUN:
        return f"{len(cells)} cells"
    return f"{len(cells)} cells in {', '.join(dict.fromkeys(cell.environment for cell in cells))}"


def _nowhere(report: Report) -> Mapping[str, Iterable[str]]:
    """Return the models that are unsupported in every cell, and why."""
    outcomes: dict[str, set[str]] = {}
    reasons: dict[str, dict[str, None]] = {}
    for cell in report.cells:
        outcomes.setdefault(cell.model, set()).add(cell.outcome)
        reasons.setdefault(cell.model, {})[cell.reason] = None
    return {model: reasons[model] for model, found in outcomes.items() if found == {UNSUPPORTED}}
