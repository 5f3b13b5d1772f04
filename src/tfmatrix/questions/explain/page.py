"""The page of explanations, made of the same report as `explain.json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.explain.judge import RUNS, TENSORFLOW, Class
from tfmatrix.questions.explain.steps import PHASES_OF
from tfmatrix.questions.explain.summary import Candidate, Cell, Finding, Hidden, Kernel, OtherOps, Report, Tried
from tfmatrix.questions.explained import whose
from tfmatrix.records import MISSING, OBSERVED
from tfmatrix.report import parts
from tfmatrix.report.blocks import (
    Block,
    Break,
    Code,
    Details,
    Document,
    Heading,
    Strong,
    Text,
    bullets,
    joined,
    paragraph,
    prose,
    table,
)
from tfmatrix.report.text import counted, number, shortened

MOST_NAMED, MOST_TYPES = 2, 3
"""Changes, and types of each, that a line names."""

MOST_SWITCHES = 5
"""Of those that undo something, how many are named for a release as a whole."""

MOST_CHARACTERS = 100
"""Of a message, in a table."""


def page(report: Report) -> Document:
    """Return the whole page."""
    return [
        *_head(report),
        *(block for candidate in report.candidates for block in _candidate(report, candidate)),
        *_hidden(report),
        *_switches(report),
        parts.environments(report.environments, ["Python", "NumPy", "Keras"]),
        paragraph(parts.machine(report.machine)),
    ]


def _head(report: Report) -> Iterator[Block]:
    yield Heading(1, f"Why it changed since TensorFlow {report.baseline}")
    yield paragraph(
        ("Report ", Code(report.id), f" of tfmatrix {report.tfmatrix}. Below the first table each line is one change"),
        "that the matrix found: whose it is, and what undoes it. Both were tried: a package is kept as it was, or a",
        "switch is thrown, and the model is run again. A stage is one recorded value, such as a loss or a gradient.",
    )
    yield table(
        ["release", "cells changed", "changed stages, by whose change", "best remedy", "by verdict"],
        [_overview(report, candidate) for candidate in report.candidates],
    )
    yield bullets(
        [
            (
                Strong(Class.PROVED.value),
                ": if this package alone is kept as it was, the change is undone; or it stays if all others are kept.",
            ),
            (Strong(Class.CONSISTENT.value), ": nothing speaks against it."),
            (Strong(Class.NOT_EXPLAINED.value), ": nothing that was tried says whose it is."),
            "Undone: the bits are the baseline's again, or only rounding is left. Several remedies may undo one stage.",
            ("Marks: ", joined(", ", ((Code(one.mark), f" {one.name.value}") for one in report.verdicts)), "."),
        ]
    )
    if report.only:
        yield paragraph(("Only ", Code(report.only), " was asked about."))


def _overview(report: Report, candidate: Candidate) -> Sequence[Text]:
    """Return a release in one line: how many cells changed, of which verdicts, whose that is, and what undoes most."""
    cells = _cells(report, candidate)
    marks = Counter(one.verdict.mark for one in cells)
    marks[Verdict.ROUNDING.mark] += len(candidate.left_out)
    counts = [(Code(mark), f" {count}") for mark, count in marks.items() if count]
    best = next((joined(Break(), one) for one in _by_switch(cells)), "nothing that was tried") if cells else ""
    return [candidate.name, _changed_of(cells, candidate), _whose(cells), best, joined(", ", counts)]


def _candidate(report: Report, candidate: Candidate) -> Iterator[Block]:
    yield Heading(2, candidate.name)
    yield from parts.incomplete(candidate.unknown)
    cells = _cells(report, candidate)
    if not cells:
        yield paragraph(
            f"Nothing to explain: all {candidate.cells} cells have the bits of the baseline."
            if not candidate.unknown
            else "Nothing to explain in what is known."
        )
        return
    yield paragraph(_in_short(cells, candidate))
    if _is_older(report, candidate) and any(not finding.package for cell in cells for finding in cell.findings):
        yield paragraph(
            f"{candidate.name} is older than the baseline. An older TensorFlow does not run with a newer Keras 2 or",
            "NumPy. So it is not given these, and often nothing tells whose a change is. Ask the other way round:",
            (
                Code(f"tfmatrix explain {report.baseline} --baseline {candidate.name}"),
                " gives the newer TensorFlow the",
            ),
            "older packages.",
        )
    yield bullets(joined(" ", one) for one in _by_switch(cells))
    rows = [_line(cell, group) for cell in cells for group in lines(cell)]
    yield table(["cell", "change", "whose", "in which operations", "undone by"], rows)
    if candidate.left_out:
        yield paragraph(
            (
                f"{counted(len(candidate.left_out), 'more cell')} with rounding only, not explained: ",
                joined(", ", map(Code, candidate.left_out)),
                prose(". `tfmatrix explain VERSION --cell NAME` explains one."),
            )
        )
    for cell in cells:
        yield Details(f"{cell.name}: what was tried", [*_tried(cell), *_operations(cell)])


def _is_older(report: Report, candidate: Candidate) -> bool:
    """Return whether a candidate comes before the baseline; a report has its environments from old to new."""
    order = [one.name for one in report.environments]
    return order.index(candidate.name) < order.index(report.baseline)


def _cells(report: Report, candidate: Candidate) -> Sequence[Cell]:
    return [cell for cell in report.cells if cell.environment == candidate.name]


def _changed_of(cells: Sequence[Cell], candidate: Candidate) -> str:
    return f"{len(cells) + len(candidate.left_out)} of {candidate.cells}"


def _whose(cells: Sequence[Cell]) -> str:
    """Return how many stages that changed are whose: ``154 by Keras, 14 by TensorFlow``."""
    owners = Counter(finding.package for cell in cells for finding in cell.findings)
    unknown = owners.pop("", 0)
    named = [f"{count} by {owner}" for owner, count in owners.most_common()]
    return ", ".join([*named, f"{unknown} {Class.NOT_EXPLAINED.value}"] if unknown else named)


def _in_short(cells: Sequence[Cell], candidate: Candidate) -> Text:
    findings = [(cell, finding) for cell in cells for finding in cell.findings]
    undoing = [cell.tried[finding.undone].both for cell, finding in findings if finding.undone is not None]
    here = f". Of these, {len(cells)} stand below" if candidate.left_out else ""
    told = f"{_changed_of(cells, candidate)} cells changed{here}, in {len(findings)} stages: {_whose(cells)}."
    if not undoing:
        return f"{told} Nothing that was tried undoes one of these stages."
    both = f", {undoing.count(True)} only if both releases have the switch" if any(undoing) else ""
    left = len(findings) - len(undoing)
    return (
        f"{told} Of these stages, {undoing.count(False)} are undone in {candidate.name} alone{both}, and {left} by "
        "nothing that was tried."
    )


def _by_switch(cells: Sequence[Cell]) -> Iterator[tuple[Text, Text]]:
    """Yield what undoes most, behind how many of all stages that is: in the candidate alone before on both sides."""
    undone: Counter[tuple[bool, tuple[str, ...]]] = Counter()
    for one in (one for cell in cells for one in cell.tried):
        undone[one.both, one.switches] += sum(one.undoes)
    how = {one.switches: one.how for cell in cells for one in cell.tried}
    every = sum(len(cell.findings) for cell in cells)
    found = [(both, names, count) for (both, names), count in undone.items() if count]
    for both, names, count in sorted(found, key=lambda one: (one[0], -one[2]))[:MOST_SWITCHES]:
        where = " if both releases have it" if both else ""
        yield f"undoes {count} of {every} stages{where}:", joined(", and ", map(prose, how[names]))


def lines(cell: Cell) -> Iterator[Sequence[Finding]]:
    """Yield the findings of a cell that have one verdict and one explanation, worst first."""
    groups: dict[object, list[Finding]] = {}
    for one in cell.findings:
        groups.setdefault((one.verdict, one.package, one.package_is, one.undone), []).append(one)
    yield from groups.values()


def changed(findings: Sequence[Finding]) -> Text:
    """Return where the first of some findings is, and how many more stages there are."""
    first, *more = findings
    behind = f", and {len(more)} more {'stages' if len(more) > 1 else 'stage'}" if more else ""
    return (Code(first.verdict.mark), " ", place(first), behind)


def _line(cell: Cell, findings: Sequence[Finding]) -> Sequence[Text]:
    first = findings[0]
    return [
        Code(cell.name),
        (changed(findings), Break(), shortened(first.reason, MOST_CHARACTERS)),
        whose(first),
        operations(cell, first),
        undone(cell, first),
    ]


def place(finding: Finding) -> Text:
    """Return where a finding is."""
    return "it does not run" if finding.stage == RUNS else (f"{finding.tier} ", Code(finding.at or finding.stage))


def operations(cell: Cell, finding: Finding) -> Text:
    """Return the operations that a finding is made of: kernels that changed, and operations that are others.

    Those of the finding's own part of the step, of its own layer first; where nothing changed in that part, of all.
    What no step computes, as an order of rows, has none.
    """
    phases = PHASES_OF.get(finding.stage)
    if not cell.ops or not phases:
        return ""
    every: list[Kernel | OtherOps] = [*cell.ops.kernels, *cell.ops.streams]
    parts = finding.at.split("/")
    found = sorted(
        [one for one in every if one.phase in phases] or every, key=lambda one: one.layer.split("/")[-1] not in parts
    )
    named = [_named(one) for one in found[:MOST_NAMED]]
    return (joined(Break(), named), f", and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")


def _named(one: Kernel | OtherOps) -> Text:
    """Return one change of operations in a phrase."""
    where: Text = (" in ", Code(one.layer)) if one.layer else ""
    behind = f", {one.phase}"
    if isinstance(one, Kernel):
        return ("kernel ", Code(one.op), where, behind, f" (atlas: {one.atlas})" if one.atlas else "")
    if one.gone and one.new:
        return (_types(one.gone), " became ", _types(one.new), where, behind)
    if one.gone or one.new:
        return (_types(one.gone or one.new), " gone" if one.gone else " more", where, behind)
    if one.settings:
        return (Code(one.settings[0]), where, behind)
    other = (one.rewired, " of other inputs") if one.rewired else (one.reordered, " in another order")
    return (joined(", ", map(Code, other[0])), other[1], where, behind)


def _types(found: Mapping[str, int]) -> Text:
    """Return types of operations, the first few."""
    named = [(Code(kind), f" x{count}" if count > 1 else "") for kind, count in found.items()]
    return (joined(", ", named[:MOST_TYPES]), ", …" if len(named) > MOST_TYPES else "")


def _operations(cell: Cell) -> Document:
    """Return what single operations say of a cell."""
    if cell.ops is None:
        return [paragraph("Single operations were not looked at yet.")] if cell.findings[0].stage != RUNS else []
    found = cell.ops
    told: list[Block] = [paragraph(f"Single operations: {found.obstacle}.")] if found.obstacle else []
    if found.recorded:
        reasons = "; ".join(f"{count} {reason}" for reason, count in found.reasons.items())
        told += [
            paragraph(
                f"Of {found.recorded} operations of one step, {found.replayed} were run alone in both releases"
                f"{f' (not: {reasons})' if reasons else ''}: {sum(one.ops for one in found.kernels)} have other bits."
            )
        ]
    if found.fed:
        told.append(
            paragraph(
                f"With the baseline's outputs in place of those of {counted(found.fed, 'operation')}, every operation",
                "of the step has the baseline's bits in the candidate: nothing else has a part in the change.",
            )
        )
    rows: list[list[Text]] = [
        [
            Code(one.op),
            Code(one.layer),
            one.phase,
            str(one.ops),
            ", ".join(one.inputs),
            number(one.distance.scaled_error),
        ]
        for one in found.kernels
    ]
    others: list[list[Text]] = [
        [Code(one.layer), one.phase, _types(one.gone), _types(one.new), _rest(one)] for one in found.streams
    ]
    return [
        *told,
        table(["kernel", "layer", "part of the step", "operations", "inputs", "scaled error"], rows),
        table(["layer", "part of the step", "gone", "new", "besides"], others),
    ]


def _rest(one: OtherOps) -> Text:
    order = f"in another order: {', '.join(one.reordered)}" if one.reordered else ""
    inputs = f"of other inputs: {', '.join(one.rewired)}" if one.rewired else ""
    return "; ".join(text for text in (*one.settings, order, inputs) if text)


def undone(cell: Cell, finding: Finding) -> Text:
    """Return what undoes a finding, as what is done."""
    if finding.undone is None:
        tried = sum(one.outcome == OBSERVED for one in cell.tried)
        none = f"it runs with none of {len(cell.tried)} that were tried" if cell.tried else "nothing was tried"
        return f"none of {tried} that were tried" if tried else none
    found = cell.tried[finding.undone]
    where = " on both sides" if found.both else ""
    exact = "" if found.after[cell.findings.index(finding)] == "identical" else " (rounding is left)"
    return (joined(", and ", map(prose, found.how)), f"{where}{exact}")


def _tried(cell: Cell) -> Document:
    """Return what came of each switch; those that undo nothing are named together."""
    nothing = [one for one in cell.tried if one.outcome == OBSERVED and not any(one.undoes)]
    rows: list[Sequence[Text]] = [(_name(one), _became(cell, one)) for one in cell.tried if one not in nothing]
    told = [paragraph(("Undoes nothing: ", joined(", ", map(_name, nothing)), "."))] if nothing else []
    return [table(["switch", "what became of it"], rows), *told]


def _name(one: Tried) -> Text:
    return (joined(" + ", map(Code, one.switches)), " on both sides" if one.both else "")


def _became(cell: Cell, one: Tried) -> Text:
    """Return what a switch undoes of a cell's findings, or why it was not run to its end."""
    if one.outcome != OBSERVED:
        told = f"{one.outcome}: {shortened(one.message, MOST_CHARACTERS)}"
        return "not tried yet" if one.outcome == MISSING else told
    gone = [finding for finding, here in zip(cell.findings, one.undoes, strict=True) if here]
    if len(gone) == len(cell.findings):
        return "undoes all"
    return (f"undoes {len(gone)} of {len(cell.findings)}: ", joined(", ", map(place, gone[:3])), "…" * (len(gone) > 3))


def _hidden(report: Report) -> Iterator[Block]:
    """Yield what those meet who do without op determinism."""
    if report.hidden:
        yield Heading(2, "What op determinism hides")
        yield paragraph(
            prose("With `enable_op_determinism()` some operations take another path. Without it, these also differ"),
            "from the baseline, or do not repeat themselves:",
        )
        rows: list[list[Text]] = [
            [one.environment, Code(f"{one.model}/{one.mode}"), _only_without(one)] for one in report.hidden
        ]
        yield table(["release", "cell", "without op determinism"], rows)


def _only_without(one: Hidden) -> Text:
    if one.unstable:
        return f"does not repeat itself in {one.unstable}"
    return (joined(", ", map(Code, one.stages[:MOST_NAMED])), ", …" * (len(one.stages) > MOST_NAMED))


def _switches(report: Report) -> Iterator[Block]:
    used = {name for cell in report.cells for one in cell.tried for name in one.switches}
    rows: list[list[Text]] = [
        [Code(one.name), one.costs, prose(one.source)] for one in report.switches if one.name in used
    ]
    if rows:
        yield Heading(2, "What was tried")
        yield paragraph(
            f"If a change stays while every other package is kept, it is {TENSORFLOW}'s own. A switch that undoes a",
            "change only on both sides says what the change is made of; it does not bring the old numbers back.",
        )
        yield table(["switch", "costs", "described in"], rows)
