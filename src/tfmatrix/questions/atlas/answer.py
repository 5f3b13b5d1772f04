"""The answer in a few lines: how much changed at each boundary, and what is not known."""

from __future__ import annotations

from itertools import pairwise

from tfmatrix.questions.atlas.groups import groups, of_kind, worded
from tfmatrix.questions.atlas.judge import KINDS
from tfmatrix.questions.atlas.plan import BEHAVIOUR, KERAS, OPS, PARTS
from tfmatrix.questions.atlas.summary import Report
from tfmatrix.report.blocks import Document, Paragraph, paragraph, table
from tfmatrix.report.text import plain

PART_NAMES = {KERAS: "Keras", BEHAVIOUR: "behaviour", OPS: "ops"}

NOUNS = {
    KERAS: ("class or function", "classes and functions"),
    BEHAVIOUR: ("piece of Python", "pieces of Python"),
    OPS: ("op", "ops"),
}
"""What one name of a part is, and several."""


def answer(report: Report) -> Document:
    """Return how much of each part changed in which way between each two neighbours."""
    rows = []
    for before, after in pairwise(report.releases):
        for part in parts_of(report):
            told = ", ".join(f"{count} {kind}" for kind, count in counts(report, after, part).items() if count)
            rows.append([f"{before} to {after}", PART_NAMES[part], told or "nothing"])
    return [table((), rows), *(_covered(report, part) for part in parts_of(report))]


def _covered(report: Report, part: str) -> Paragraph:
    """Return how much of one part was run in the first release and in the last one."""
    found = {
        one.environment: f"{one.covered} of {one.ops} in {one.environment}" for one in report.coverage if one.of == part
    }
    ends = [found[one] for one in dict.fromkeys((*report.releases[:1], *report.releases[-1:])) if one in found]
    return paragraph(f"what was run of {PART_NAMES[part]}: {', '.join(ends) or 'nothing'}")


def counts(report: Report, after: str, part: str) -> dict[str, int]:
    """Return how many names of a part changed in each way at the boundary before a release."""
    found, words = groups(report, after, part), worded(report, after, part)
    names = {kind: {one.op for one in of_kind(found, kind)} for kind in KINDS}
    for one in words:
        names[one.kind].update(one.names)
    return {kind: len(some) for kind, some in names.items()}


def parts_of(report: Report) -> list[str]:
    """Return the parts of which something is known."""
    return [part for part in PARTS if any(one.of == part for one in report.coverage)]


def problems(report: Report) -> list[str]:
    """Return a sentence for each thing that is not known though it was asked for."""
    return list(map(plain, report.unanswered))


def many(count: int, part: str) -> str:
    """Return how many names of a part there are: ``1 op``, ``2 pieces of Python``."""
    return f"{count} {NOUNS[part][count != 1]}"
