"""What changed, candidate by candidate: stages that changed alike are one row, whatever the number of cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tfmatrix.compare.stages import place
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix import names
from tfmatrix.questions.matrix.summary import Cell, Change, Finding, Report, Stage
from tfmatrix.report.blocks import Block, Break, Code, Details, Heading, Table, Text, bullets, joined, paragraph, table
from tfmatrix.report.text import number, shortened

NAMED = 8
"""Models that a row names; `matrix.json` has the rest."""

HEADINGS = ["verdict", "tier", "stage", "cells", "farthest", "elements", "ULP", "scaled error", "noise floor", "ratio"]


def of_candidates(report: Report) -> Iterator[Block]:
    """Yield, for each candidate, its table of stages, what is to be said besides, and its first divergences."""
    for candidate in report.candidates:
        cells = [cell for cell in report.cells if cell.environment == candidate.environment]
        compared = [cell for cell in cells if cell.stages]
        yield Heading(3, candidate.environment)
        yield table(HEADINGS, _stage_rows(compared), right=(5, 6, 7, 8, 9))
        yield bullets(
            (Code(cell.where), f" {cell.verdict}: {shortened(cell.verdict_reason)}")
            for cell in cells
            if cell.verdict_reason and cell.judged is not Verdict.UNSUPPORTED
        )
        yield bullets((_cell_names(members), ": ", text) for text, members in _said_of_names(cells, report.baseline))
        if identical := [Code(cell.where) for cell in cells if cell.judged is Verdict.IDENTICAL]:
            yield paragraph(("Identical at every stage: ", joined(", ", identical), "."))
        if (divergences := _divergences(compared)).cells.size:
            yield Details("First divergence of each cell", [divergences])


def _said_of_names(cells: Iterable[Cell], baseline: str) -> list[tuple[Text, list[Cell]]]:
    """Return what is to be said of names, each with the cells of which it is true."""
    groups: dict[Text, list[Cell]] = {}
    for cell in cells:
        for text in names.told(cell, baseline):
            groups.setdefault(text, []).append(cell)
    return list(groups.items())


def _stage_rows(cells: Iterable[Cell]) -> Iterator[list[Text]]:
    """Yield one row per verdict, tier and stage, worst first: the cells that have it, and the farthest of them."""
    groups: dict[tuple[Verdict, str, str], list[tuple[Cell, Finding]]] = {}
    passed_over: Counter[tuple[Verdict, str, str]] = Counter()
    for cell in cells:
        for stage in cell.stages or ():
            if stage.judged not in {None, Verdict.IDENTICAL}:
                assert stage.judged
                assert stage.worst
                group = (stage.judged, stage.tier, stage.stage)
                groups.setdefault(group, []).append((cell, stage.worst))
                passed_over[group] += stage.passed_over
    for verdict, tier, kind in sorted(groups, key=lambda group: _order(*group)):
        found = groups[verdict, tier, kind]
        cell, finding = max(found, key=lambda pair: _size(pair[1]))
        farthest: Text = (Code(cell.where), " ", Code(finding.stage))
        if verdict is not Verdict.ROUNDING:
            farthest = (farthest, f": {finding.reason}")
        if count := passed_over[verdict, tier, kind]:
            farthest = (farthest, f"; {count} in steps between, different bits, are not measured")
        yield [said(verdict), tier, kind, _cell_names([other for other, _ in found]), farthest, *_sizes(finding)]


def said(verdict: Verdict) -> Text:
    """Return a verdict's mark and word."""
    return Code(verdict.mark), f" {verdict.value}"


def _order(verdict: Verdict, tier: str, kind: str) -> tuple[int, bool, int]:
    return verdict.severity, tier != "native", place(kind)


def _size(finding: Finding) -> float:
    """Return how far beyond the noise floor a finding is; infinite where there is no number to say it by."""
    return float("inf") if finding.ratio is None else float(finding.ratio)


def _cell_names(cells: Iterable[Cell]) -> Text:
    return _named([cell.where + ("" if cell.launch == "default" else f"/{cell.launch}") for cell in cells])


def _sizes(finding: Finding) -> list[Text]:
    """Return a finding's sizes: share of elements, ULP, scaled error, noise floor and ratio."""
    distance = finding.distance
    against = [number(finding.floor), number(finding.ratio)]
    if not distance:
        return ["", "", "", *against]
    share = f"{distance.differing} of {distance.elements}" + (" (sample)" if distance.sampled else "")
    return [share, number(distance.max_ulp), number(distance.scaled_error), *against]


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
                Code(f"{at.baseline[:8]} {at.candidate[:8]}"),
            )
            groups.setdefault(row, []).append(cell)
    rows = [[_cell_names(members), *row] for row, members in groups.items()]
    return table(["cells", "tier", "still the same", "first divergence", "size there", "then", "digests"], rows)


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
