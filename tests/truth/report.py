"""`reports/truth.md`: how often tfmatrix is right, and every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tabulate import tabulate

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.report.blocks import Code
from tfmatrix.report.markdown import inline

from .judged import Explained, explanation
from .measuring import Change
from .rows import Row

INTRODUCTION = """Written by `nox -s truth`. A *thing* is one small computation or training; a *row* is a thing at the
boundary of two neighbouring releases. What is *true* of a row was measured by a plain script, without tfmatrix, which
computes the thing in both releases: the same bits, or not. What changed a person judged, with the reason: rounding,
another draw of the same distribution (redrawn), or another meaning (different). tfmatrix is given the same thing as its
user would, in mode `tf2`, and is *right* where its verdict is the true one and is given for a stage that the change is
in. Keras is the one that each release gets today: 2.N with TensorFlow 2.N up to 2.15, and 3.12 from 2.16 on."""

HEADINGS = ("thing", "boundary", "measured", "truth", "tfmatrix", "at")


def report(rows: Sequence[Row], lacking: Sequence[str], explained: Sequence[Explained] = ()) -> Iterator[str]:
    """Yield the page's lines; ``lacking`` are things that some releases do not have, ``explained`` why it is wrong."""
    wrong = [row for row in rows if not row.right]
    controls = [row for row in rows if row.truth is Verdict.IDENTICAL]
    yield "# How often tfmatrix is right"
    yield ""
    yield INTRODUCTION
    yield ""
    changed = [row for row in rows if row not in controls]
    yield (
        f"{len(rows)} rows of {len({row.thing for row in rows})} things: {len(changed)} that changed, "
        f"{len(controls)} that did not. **{len(wrong)} rows are wrong**, {_share(rows)}: {_share(changed)} of those "
        f"that changed, {_share(controls)} of those that did not."
    )
    yield ""
    yield from _tables(rows, wrong, explained)
    if lacking:
        yield "## What some releases do not have"
        yield ""
        yield "Such a boundary has no row."
        yield ""
        yield from (f"- {line}" for line in lacking)
        yield ""


def _tables(rows: Sequence[Row], wrong: Sequence[Row], explained: Sequence[Explained]) -> Iterator[str]:
    kinds = Counter(map(_kind, wrong))
    yield tabulate([(kind, kinds[kind]) for kind in KINDS], ["what is wrong", "rows"], "pipe", disable_numparse=True)
    yield ""
    yield "## Rows that are wrong"
    yield ""
    if wrong:
        told = [
            (*_cells(row), _kind(row), explanation(explained, row.thing, row.after) or "**not explained**")
            for row in sorted(wrong, key=lambda row: KINDS.index(_kind(row)))
        ]
        yield tabulate(told, [*HEADINGS, "wrong", "why"], "pipe", disable_numparse=True)
    else:
        yield "None."
    yield ""
    yield "## By boundary"
    yield ""
    names = list(dict.fromkeys(row.boundary for row in rows))
    lines = []
    for name in names:
        own = [row for row in rows if row.boundary == name]
        lines.append(
            (
                name,
                len(own),
                *(sum(row.truth is one for row in own) for one in COMPARED),
                sum(not row.right for row in own),
            )
        )
    yield tabulate(
        lines, ["boundary", "rows", *(one.value for one in COMPARED), "wrong"], "pipe", disable_numparse=True
    )
    yield ""
    yield "## What changed, and why"
    yield ""
    told = [
        (*_cells(row), row.judged.reason if row.judged else "**judged by nobody**")
        for row in rows
        if row.change or row.judged
    ]
    yield tabulate(told, [*HEADINGS, "reason"], "pipe", disable_numparse=True)
    yield ""
    yield "## Controls"
    yield ""
    yield "What has the same bits on both sides, by thing: the releases that it came unchanged to."
    yield ""
    things = dict.fromkeys(row.thing for row in rows)
    controls = [
        (
            inline(Code(thing)),
            ", ".join(row.after for row in rows if row.thing == thing and row.truth is Verdict.IDENTICAL),
        )
        for thing in things
    ]
    yield tabulate([line for line in controls if line[1]], ["thing", "unchanged in"], "pipe", disable_numparse=True)
    yield ""


KINDS = (
    "**a change is called identical**",
    "**another meaning is called a redraw**",
    "**another meaning is called rounding**",
    "a redraw is called rounding",
    "rounding or a redraw is called different",
    "rounding is called a redraw",
    "nothing changed, and something is said",
    "the right verdict, of another stage",
    "not compared, or judged by nobody",
)


COMPARED = (Verdict.DIFFERENT, Verdict.REDRAWN, Verdict.ROUNDING, Verdict.IDENTICAL)
"""The verdicts of two traces that could be compared, worst first."""

WRONG = {
    (Verdict.DIFFERENT, Verdict.REDRAWN): KINDS[1],
    (Verdict.DIFFERENT, Verdict.ROUNDING): KINDS[2],
    (Verdict.REDRAWN, Verdict.ROUNDING): KINDS[3],
    (Verdict.REDRAWN, Verdict.DIFFERENT): KINDS[4],
    (Verdict.ROUNDING, Verdict.DIFFERENT): KINDS[4],
    (Verdict.ROUNDING, Verdict.REDRAWN): KINDS[5],
}
"""What is wrong where a change is called another one, by what is true and what is said."""


def _kind(row: Row) -> str:
    """Return what is wrong with a row, as one of `KINDS`."""
    said, truth = row.answer.verdict, row.truth
    if truth is None or said not in COMPARED:
        return KINDS[8]
    if said is truth:
        return KINDS[7]
    if Verdict.IDENTICAL in (said, truth):
        return KINDS[0] if said is Verdict.IDENTICAL else KINDS[6]
    return WRONG[truth, said]


def _cells(row: Row) -> tuple[str, ...]:
    truth = row.truth.value if row.truth else "?"
    stages = ", ".join(row.answer.stages)
    return inline(Code(row.thing)), row.boundary, inline(in_words(row.change)), truth, row.answer.verdict.value, stages


def in_words(change: Change | None) -> str:
    """Return what plain results show."""
    if not change:
        return "the same bits"
    size = f"{change.error:.2g} eps" if change.error is not None else "another shape or type"
    if change.one_sided:
        size += f", {len(change.one_sided)} on one side only"
    return f"{size}, first {change.first}"


def _share(rows: Sequence[Row]) -> str:
    """Return how many of some rows are wrong, in per cent."""
    return f"{100 * sum(not row.right for row in rows) / len(rows):.1f} %" if rows else "none"
