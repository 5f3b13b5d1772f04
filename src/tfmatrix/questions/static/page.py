"""The page of the static answer, made of the same report as `static.json`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfmatrix.questions.atlas import GONE, KINDS, MEANING, RAISES, ROUNDING
from tfmatrix.questions.static.answer import by, gap, problems, uses
from tfmatrix.questions.static.summary import Answer, Change, Report, Step
from tfmatrix.report import parts
from tfmatrix.report.blocks import Block, Code, Details, Document, Heading, Listing, Text, bullets, paragraph, table
from tfmatrix.report.text import few, number, shortened

FEW_CASES = 4
"""Cases that are named of a change."""

MOST_CHARACTERS = 120
"""Of what a row raises."""

TITLES = {MEANING: "Another meaning", ROUNDING: "Rounding", RAISES: "A new error", GONE: "Gone"}
"""What a reader looks for; of other kinds the word itself is the title."""


def page(report: Report) -> Document:
    """Return the whole page."""
    models = ",".join(dict.fromkeys(one.model for one in report.answers))
    command = f"$ tfmatrix atlas {report.until} --since {report.since} --model {models}"
    return [
        *_head(report),
        *parts.incomplete(problems(report)),
        *(block for one in report.answers for block in _answer(one)),
        Heading(2, "The atlas"),
        paragraph(f"This answer is {by(report)}."),
        paragraph(parts.machine(report.atlas.machine)),
        Heading(2, "Ask again"),
        Listing("console", command),
    ]


def _head(report: Report) -> Iterator[Block]:
    yield Heading(1, f"Changes from {report.since} to {report.until} that a model uses")
    yield paragraph(
        ("Report ", Code(report.id), f" of tfmatrix {report.tfmatrix}. "),
        "No model was run in another release. The ops and classes that a model uses were recorded once, and looked up",
        "in the atlas, for which each op was run alone in every release, with each type. This does not show whether",
        "the model executes other ops there, nor attributes and shapes that the atlas lacks:",
        (Code("tfmatrix run"), " does."),
    )
    kinds = [kind for kind in KINDS if any(one.kind == kind for answer in report.answers for one in answer.changes)]
    yield table(
        ["cell", "recorded in", "ops", "classes", *(TITLES.get(kind, kind).lower() for kind in kinds), "not covered"],
        (
            [
                Code(one.name),
                one.recorded or "not recorded",
                str(len(one.ops)),
                str(len(one.classes)),
                *(str(len({change.what for change in one.changed if change.kind == kind})) for kind in kinds),
                str(len({left.what for left in one.not_covered})),
            ]
            for one in report.answers
        ),
        right=tuple(range(2, 5 + len(kinds))),
    )


def _answer(one: Answer) -> Iterator[Block]:
    yield Heading(2, one.name)
    if not one.recorded:
        yield paragraph(f"Not recorded: {one.obstacle or 'nobody asked for it yet'}.")
        return
    yield paragraph(f"It uses {uses(one)}, as recorded in {one.recorded}.")
    if not one.changed:
        yield paragraph("Nothing changed that the atlas covers.")
    for kind in dict.fromkeys(change.kind for change in one.changed):
        some = [change for change in one.changed if change.kind == kind]
        yield Heading(3, f"{TITLES.get(kind, kind.capitalize())}: {len({change.what for change in some})}")
        yield _table(some)
    if one.came_back:
        yield Details(f"Changed on the way, and came back: {len(one.came_back)}", [_table(one.came_back)])
    if one.not_covered:
        reasons: dict[str, dict[str, None]] = {}
        for left in one.not_covered:
            reasons.setdefault(left.reason, {})[f"{left.what} {left.types}".strip()] = None
        yield paragraph(f"Not in the atlas: {gap(one)}.")
        yield bullets(f"{reason}: {', '.join(names)}" for reason, names in reasons.items())
    yield Details("Everything that it uses", [bullets([", ".join(one.ops), ", ".join(one.classes) or "no class"])])


def _table(some: Sequence[Change]) -> Block:
    rows: list[list[Text]] = []
    for change in some:
        name: list[Text] = [Code(change.name), change.types]
        for step in change.steps:
            rows.append([*name, f"{step.before} to {step.after}", step.kind, *_figures(step)])
            name = ["", ""]
    return table(
        ["what", "types", "between", "what changed", "cases", "rows", "ULPs", "ULPs of the largest"],
        rows,
        right=(5, 6, 7),
    )


def _figures(step: Step) -> list[Text]:
    cases = few(step.cases, FEW_CASES)
    told = f"{cases}: {shortened(step.note, MOST_CHARACTERS)}" if step.note else cases
    return [told, str(step.rows), "" if step.max_ulp is None else number(step.max_ulp), number(step.scaled_error)]
