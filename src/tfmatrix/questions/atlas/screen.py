"""The first screen of the atlas in HTML: every row that changed, with filters by family, type and kind."""

from __future__ import annotations

import json
from typing import Any

from tfmatrix.questions.atlas.answer import many, parts_of
from tfmatrix.questions.atlas.groups import case_of
from tfmatrix.questions.atlas.judge import BEHAVES, KINDS, MEANING
from tfmatrix.questions.atlas.plan import KERAS, OPS, part_of
from tfmatrix.questions.atlas.summary import Report, Row
from tfmatrix.report import html
from tfmatrix.report.blocks import Screen

MEANINGS = (MEANING, BEHAVES)
"""Kinds of which the headline counts the names."""

NONE = -1
"""In the place of a kind: nothing changed in that release."""


def screen(report: Report) -> Screen:
    """Return the first screen of a report."""
    package = "tfmatrix.questions.atlas"
    return Screen(
        headline=headline(report),
        markup=html.asset("screen.html", package),
        style=html.asset("screen.css", package),
        script=html.asset("screen.js", package),
        data=json.dumps(data(report), ensure_ascii=False, separators=(",", ":")),
    )


def headline(report: Report) -> str:
    """Return how many names of each part got another meaning, each named once however often it did."""
    if len(report.releases) < 2:
        return "There are no two releases to compare."
    moved = {row.op for row in report.rows if any(step.kind in MEANINGS for step in row.steps)}
    told = [
        f"{many(sum(part_of(name) == part for name in moved), part)}{' of Keras' if part == KERAS else ''}"
        for part in parts_of(report)
    ]
    return f"{report.releases[0]} to {report.releases[-1]}: another meaning of {', '.join(told)}."


def data(report: Report) -> dict[str, Any]:
    """Return what the script reads.

    ``releases``, ``families`` and ``kinds`` by name, and of each row that changed: its family, its name, its type, its
    case, its letters with spaces between them, and of each release the kind of its step there, as a place in the list.
    What a reader looks at first comes first.
    """
    rows = sorted((row for row in report.rows if row.steps), key=_by_worst)
    families = sorted({_family(row) for row in rows})
    kinds = [kind for kind in KINDS if any(step.kind == kind for row in rows for step in row.steps)]
    return {
        "releases": report.releases,
        "families": families,
        "kinds": kinds,
        "rows": [
            [
                families.index(_family(row)),
                row.op,
                row.types,
                case_of(row),
                " ".join(row.letters),
                _steps(row, report, kinds),
            ]
            for row in rows
        ],
    }


def _by_worst(row: Row) -> tuple[int, str]:
    return min(KINDS.index(step.kind) for step in row.steps), row.op


def _family(row: Row) -> str:
    """Return the place of a name of Keras; ops have one family."""
    return OPS if part_of(row.op) == OPS else row.op.rpartition(".")[0]


def _steps(row: Row, report: Report, kinds: list[str]) -> list[int]:
    found = {step.after: kinds.index(step.kind) for step in reversed(row.steps)}
    return [found.get(release, NONE) for release in report.releases]
