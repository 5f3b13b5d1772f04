"""What changed, era by era: a row for each cell, with where it changed first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tfmatrix.compare.stages import place
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.explained import in_words
from tfmatrix.questions.matrix import names
from tfmatrix.questions.matrix.eras import cells_of, eras
from tfmatrix.questions.matrix.summary import Cell, Change, Finding, Report, Stage
from tfmatrix.report.blocks import (
    Block,
    Break,
    Code,
    Details,
    Heading,
    Table,
    Text,
    bullets,
    filled,
    joined,
    paragraph,
    table,
)
from tfmatrix.report.text import number, shortened

NAMED = 8
"""Models that a row names; `matrix.json` has the rest."""

HEADINGS = ["cell", "verdict", "first change", "also", "whose, and what undoes it"]


def of_eras(report: Report) -> Iterator[Block]:
    """Yield for each era a row for each cell that changed, what is to be said besides, and the first divergences.

    All its releases have the same verdicts, so the figures are those of the one farthest from the baseline.
    """
    for era in eras(report):
        cells = cells_of(era, report)
        compared = [cell for cell in cells if cell.stages]
        yield Heading(3, era.name)
        if len(era.environments) > 1:
            yield paragraph(f"The figures are those of {era.farthest}.")
        changed = sorted(filter(_has_changed, cells), key=lambda cell: cell.severity)
        yield filled(HEADINGS, ([*_row(cell), _explained(cell)] for cell in changed))
        yield from _rounding(compared)
        yield bullets((_cell_names(members), ": ", text) for text, members in _said_of_names(cells, report.baseline))
        if identical := [Code(cell.where) for cell in cells if cell.judged is Verdict.IDENTICAL]:
            yield paragraph(("Identical at every stage: ", joined(", ", identical), "."))
        if (divergences := _divergences(compared)).cells.size:
            yield Details("First divergence of each cell, rounding too", [divergences])


def _has_changed(cell: Cell) -> bool:
    """Return whether a cell was compared, or should have been, and more than rounding came of it."""
    return bool(cell.judged) and cell.judged not in {Verdict.ROUNDING, Verdict.IDENTICAL, Verdict.UNSUPPORTED}


def _row(cell: Cell) -> list[Text]:
    """Return a cell's verdict, what has it first and how, and every other stage in which more than rounding is."""
    assert cell.judged
    name = Code(cell.name)
    changed = [stage for stage in cell.stages or () if _is_change(stage)]
    first = next((stage for stage in changed if stage.judged is cell.judged), None)
    if first is None or first.worst is None:
        return [name, said(cell.judged), shortened(cell.verdict_reason), ""]
    told: Text = (f"{first.tier} ", Code(first.worst.stage), f": {first.worst.reason}{_share(first.worst)}")
    if first.passed_over:
        told = (told, f"; {first.passed_over} in steps between differ and were not measured")
    tiers: dict[str, list[Text]] = {}
    for stage in changed:
        if stage is not first:
            tiers.setdefault(stage.tier, []).append(
                (Code(stage.judged.mark if stage.judged else ""), f" {stage.stage}")
            )
    others = joined("; ", ((f"{tier}: ", joined(", ", stages)) for tier, stages in tiers.items()))
    return [name, said(cell.judged), told, others]


def _explained(cell: Cell) -> Text:
    """Return whose the changes of a cell are and what undoes them, those with one answer together."""
    answers: dict[str, list[str]] = {}
    for one in cell.explained or ():
        answers.setdefault(in_words(one), []).append(one.place)
    if len(answers) == 1:
        return next(iter(answers))
    return joined(Break(), (f"{', '.join(places)}: {told}" for told, places in answers.items()))


def _is_change(stage: Stage) -> bool:
    return stage.judged is not None and stage.judged.severity < Verdict.ROUNDING.severity


def _rounding(cells: Iterable[Cell]) -> Iterator[Block]:
    """Yield which cells are rounding and no more, and the one that is farthest above its noise floor."""
    rounded = [cell for cell in cells if cell.judged is Verdict.ROUNDING]
    found = [(cell, stage.worst) for cell in rounded for stage in cell.stages or () if stage.worst]
    if found:
        cell, finding = max(found, key=lambda pair: _size(pair[1]))
        farthest = (Code(cell.where), f" {finding.tier} ", Code(finding.stage), f": {finding.reason}{_share(finding)}")
        names = joined(", ", [Code(cell.where) for cell in rounded])
        yield paragraph(("Rounding: ", names, ". Farthest ", farthest, "."))


def _said_of_names(cells: Iterable[Cell], baseline: str) -> list[tuple[Text, list[Cell]]]:
    """Return what is to be said of names, each with the cells of which it is true."""
    groups: dict[Text, list[Cell]] = {}
    for cell in cells:
        for text in names.told(cell, baseline):
            groups.setdefault(text, []).append(cell)
    return list(groups.items())


def said(verdict: Verdict) -> Text:
    """Return a verdict's mark and word."""
    return Code(verdict.mark), f" {verdict.value}"


def _order(verdict: Verdict, tier: str, kind: str) -> tuple[int, bool, int]:
    return verdict.severity, tier != "native", place(kind)


def _size(finding: Finding) -> float:
    """Return how far beyond the noise floor a finding is; infinite where there is no number to say it by."""
    return float("inf") if finding.ratio is None else float(finding.ratio)


def _cell_names(cells: Iterable[Cell]) -> Text:
    return _named([cell.name for cell in cells])


def _share(finding: Finding) -> str:
    """Return in how many elements a finding is, as an addition to its reason; nothing where that is not known."""
    distance = finding.distance
    if not distance or finding.ratio is None:
        return ""
    return f", in {distance.differing} of {distance.elements} elements" + (" (a sample)" if distance.sampled else "")


def _divergences(cells: Iterable[Cell]) -> Table:
    """Return the table of first divergences, cells that part with the same bits at the same place in one row."""
    groups: dict[tuple[Text, ...], list[Cell]] = {}
    for cell in cells:
        for found in cell.divergences or ():
            at, after = found.at, found.after
            row: tuple[Text, ...] = (
                found.tier,
                Code(found.before),
                (Code(at.verdict.mark), " ", Code(at.stage)),
                _short(at),
                (Code(after.stage), f" {_short(after)}") if after else "",
            )
            groups.setdefault(row, []).append(cell)
    rows = [[_cell_names(members), *row] for row, members in groups.items()]
    return table(["cells", "tier", "still the same", "first divergence", "size there", "then"], rows)


def _short(finding: Finding) -> str:
    """Return the one number that says how large a difference is."""
    distance = finding.distance
    if not distance or distance.scaled_error is None:
        return finding.reason
    return f"{number(distance.scaled_error)} eps, {distance.differing} of {distance.elements}"


def steps(report: Report) -> Table:
    """Return the table of releases against the one before each: verdict, and each changed stage with its cells."""
    rows = []
    for step in report.steps:
        parts: list[Text] = [
            (Code(change.verdict.mark), f" {_place(change)}", _named(change.cells))
            for change in sorted(step.changed, key=lambda change: _order(change.verdict, change.tier, change.stage))
            if change.verdict is not Verdict.ROUNDING
        ]
        if rounded := [change for change in step.changed if change.verdict is Verdict.ROUNDING]:
            cells = dict.fromkeys(cell for change in rounded for cell in change.cells)
            parts.append((Code(Verdict.ROUNDING.mark), " ", _named(cells)))
        rows.append([step.from_, step.to, said(step.verdict), joined(Break(), parts) or "nothing"])
    return table(["from", "to", "verdict", "what changed, and in which cells"], rows)


def _place(change: Change) -> str:
    return f"{change.tier} {change.stage}: " if change.stage else ""


def _named(cells: Iterable[str]) -> Text:
    """Return cells given as ``mlp/tf2``, each model once, and of many only how many more there are."""
    modes: dict[str, list[str]] = {}
    for model, _, mode in (cell.partition("/") for cell in cells):
        modes.setdefault(model, []).append(mode)
    told = [Code(f"{model}/{'+'.join(found)}") for model, found in modes.items()]
    return joined(", ", told[:NAMED]), f" and {len(told) - NAMED} more" if len(told) > NAMED else ""


def between_modes(report: Report) -> Iterator[tuple[tuple[str, str], Table]]:
    """Yield, per two modes, what the injected stages of each model share, releases that agree in one row."""
    pairs: dict[tuple[str, str], dict[str, dict[tuple[str, ...], list[str]]]] = {}
    for found in report.between_modes:
        groups = pairs.setdefault(found.modes, {}).setdefault(found.model, {})
        if found.stages:
            groups.setdefault(_shared(found.stages), []).append(found.environment)
    headings = ["model", "same bits", "rounding", "beyond rounding", "in one mode only", "in"]
    for modes, models in pairs.items():
        rows: list[list[Text]] = [
            [Code(model), *shared, ", ".join(environments)]
            for model, groups in models.items()
            for shared, environments in groups.items()
        ]
        if rows:
            yield modes, table(headings, rows)


def _shared(stages: Sequence[Stage]) -> tuple[str, ...]:
    """Return the stages by what they have in common: same bits, rounding, beyond it, only in one mode."""
    columns: dict[Verdict | None, list[str]] = {
        Verdict.IDENTICAL: [], Verdict.ROUNDING: [], Verdict.DIFFERENT: [], Verdict.NOT_COMPARABLE: []
    }  # fmt: skip
    for stage in stages:
        verdict = Verdict.DIFFERENT if stage.judged is Verdict.REDRAWN else stage.judged
        columns[verdict].append(stage.stage)
    return tuple(", ".join(kinds) for kinds in columns.values())
