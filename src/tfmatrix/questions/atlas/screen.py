"""The first screen of the atlas in HTML: every row that changed, with filters by family, type and kind."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from tfmatrix.questions.atlas.answer import PART_NAMES, counts, parts_of
from tfmatrix.questions.atlas.groups import case_of
from tfmatrix.questions.atlas.judge import KINDS, MEANING
from tfmatrix.questions.atlas.plan import OPS, part_of
from tfmatrix.questions.atlas.summary import Report, Row
from tfmatrix.report import html
from tfmatrix.report.blocks import Screen

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
    """Return how much has another meaning at some boundary, of each part."""
    told = []
    for part in parts_of(report):
        count = sum(counts(report, after, part)[MEANING] for _, after in pairwise(report.releases))
        told.append(f"{count} of {PART_NAMES[part]}")
    if len(report.releases) < 2:
        return "There are no two releases to lay beside each other."
    return (
        f"{report.releases[0]} to {report.releases[-1]}: another meaning in {' and '.join(told)}, release by release."
    )


def data(report: Report) -> dict[str, Any]:
    """Return what the script reads.

    ``releases``, ``families`` and ``kinds`` by name, and of each row that changed: its family, its name, its type, its
    case, its letters with spaces between them, and of each release the kind of its step there, as a place in the list.
    """
    rows = [row for row in report.rows if row.steps]
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


def _family(row: Row) -> str:
    """Return the place of a name of Keras; ops have one family."""
    return OPS if part_of(row.op) == OPS else row.op.rpartition(".")[0]


def _steps(row: Row, report: Report, kinds: list[str]) -> list[int]:
    found = {step.after: kinds.index(step.kind) for step in reversed(row.steps)}
    return [found.get(release, NONE) for release in report.releases]
