"""The answer in a few lines: what changed of what each model uses, by which atlas, and what it does not cover."""

from __future__ import annotations

from collections.abc import Iterator

from tfmatrix.questions.static.summary import Answer, Change, Report
from tfmatrix.report.blocks import Document, Text, paragraph, table
from tfmatrix.report.text import counted, few, number, plain

FEW_GAPS = 4
"""Things that are named of those that are not covered."""


def answer(report: Report) -> Document:
    """Return a line for each change, and whose word it is; what is not covered, where that is no problem by itself."""
    rows = [[one.name, *line] for one in report.answers for change in one.changed for line in _lines(change)]
    same = [one.name for one in report.answers if one.recorded and not one.changed]
    left = [one for one in report.answers if one.not_covered] if is_changed(report) else []
    return [
        table((), rows),
        *([paragraph(f"nothing changed that the atlas covers: {', '.join(same)}")] if same else []),
        *(paragraph(f"{one.name}: not in the atlas: {gap(one)}") for one in left),
        paragraph(by(report)),
    ]


def _lines(change: Change) -> Iterator[list[Text]]:
    """Yield a line for each boundary at which something changed."""
    for step in change.steps:
        where = "special values alone" if change.is_special else ", ".join(step.cases)
        sizes = [
            *([f"{number(step.max_ulp)} ULP{'s' * (step.max_ulp != 1)}"] if step.max_ulp is not None else []),
            *([f"{number(step.scaled_error)} ULPs of the largest"] if step.scaled_error is not None else []),
        ]
        yield [
            step.kind,
            f"{change.name} {change.types}".strip(),
            f"{step.before} to {step.after}",
            where,
            ", ".join(sizes),
        ]


def by(report: Report) -> str:
    """Return by which atlas it is, and whether that is of this machine's class."""
    where = "a machine of this class" if report.atlas.same_machine else "another machine class"
    return f"by the atlas {report.atlas.id} of tfmatrix {report.atlas.tfmatrix}, on {where}"


def uses(one: Answer) -> str:
    """Return how much a model uses."""
    count = len(one.classes)
    classes = f" and {count} Keras {'class' if count == 1 else 'classes'}" if count else ""
    return f"{counted(len(one.ops), 'op')}{classes}"


def gap(one: Answer) -> str:
    """Return of how much that a model uses the atlas says nothing, and the first of it: ``2 of 31 ops: Foo, Bar``."""
    names = list(dict.fromkeys(left.what for left in one.not_covered))
    return f"{len(names)} of {uses(one)}: {few(names, FEW_GAPS)}"


def problems(report: Report) -> list[str]:
    """Return a sentence for each thing that is not known though it was asked for.

    What is not covered is one where nothing is known to have changed: that nothing did is no answer then.
    """
    left = [] if is_changed(report) else [one for one in report.answers if one.not_covered]
    return list(map(plain, [*report.unanswered, *(f"{one.name}: not in the atlas: {gap(one)}" for one in left)]))


def is_changed(report: Report) -> bool:
    """Return whether something is known to have changed."""
    return any(one.changed for one in report.answers)
