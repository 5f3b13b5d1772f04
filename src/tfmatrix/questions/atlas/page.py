"""The page of the atlas, made of the same report as `atlas.json`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tfmatrix.questions.atlas.answer import problems
from tfmatrix.questions.atlas.groups import Group, groups, of_kind
from tfmatrix.questions.atlas.judge import (
    ENDS,
    GONE,
    MEANING,
    NEW,
    OTHER_INPUT,
    RAISES,
    ROUNDING,
    RUNS,
    UNSTABLE,
)
from tfmatrix.questions.atlas.summary import Report, Step
from tfmatrix.report import parts, releases
from tfmatrix.report.blocks import (
    Block,
    Code,
    Details,
    Document,
    Heading,
    Listing,
    Strong,
    Text,
    bullets,
    joined,
    paragraph,
    prose,
    table,
)
from tfmatrix.report.text import counted, few, number, shortened

FEW_TYPES = 4
"""Types that are named of an op."""

MOST_CHARACTERS = 120
"""Of what a row raises."""

OTHERS = {
    RAISES: "Raise there, and made something before.",
    RUNS: "Make something there, and raised before.",
    ENDS: "End the process in one of the two.",
    UNSTABLE: "Give other bits in another process, in one of the two at least.",
    OTHER_INPUT: "Were given something else, so that nothing is said of them.",
}
"""What is said of ops whose rows cannot be measured against each other."""

PRESENCE = {NEW: "New (the op, or a type of it)", GONE: "Gone"}


def page(report: Report) -> Document:
    """Return the whole page."""
    return [
        *_head(report),
        *parts.incomplete(problems(report)),
        *(block for before, after in pairwise(report.releases) for block in _boundary(report, before, after)),
        *_coverage(report),
        Heading(2, "Environments"),
        parts.environments(report.environments, ["distribution", "Python", "NumPy", "Keras"]),
        paragraph(parts.machine(report.machine)),
        Heading(2, "Run it again"),
        Listing("console", f"$ tfmatrix atlas --versions {','.join(one.name for one in report.environments)}"),
    ]


def _head(report: Report) -> Iterator[Block]:
    settings = report.settings
    yield Heading(1, "Atlas: what changed in TensorFlow's own ops")
    yield paragraph(
        ("Report ", Code(report.id), f" of tfmatrix {report.tfmatrix}. "),
        "Every op that a CPU can run by itself was run alone, eagerly, on inputs of the same bits in each release.",
        "Each type that its definition allows was tried, in three sizes, and once with NaN, infinities, -0, denormal",
        "numbers and the largest whole numbers. So was its gradient, where it has one.",
        "Each release is laid beside the one before.",
    )
    yield paragraph(
        (Strong("Rounding"), ": every element lies within "),
        f"{settings.most_ulp} ULPs, or within {settings.most_scaled} ULPs of the largest element. ",
        (Strong("Another meaning"), ": anything beyond; a NaN or an infinity in one of the two only; another type or"),
        "shape; whole numbers, booleans or strings that differ at all.",
    )
    if len(report.releases) > 1:
        yield table(
            ["between", "ops with another meaning", "ops with rounding alone", "raise, or no longer", "new", "gone"],
            (_counts(report, before, after) for before, after in pairwise(report.releases)),
            right=(1, 2, 3, 4, 5),
        )


def _counts(report: Report, before: str, after: str) -> list[Text]:
    found = groups(report, after)
    ops = {kind: {one.op for one in found if one.kind == kind} for kind in (MEANING, ROUNDING, RAISES, RUNS, NEW, GONE)}
    told = (ops[MEANING], ops[ROUNDING] - ops[MEANING], ops[RAISES] | ops[RUNS], ops[NEW], ops[GONE])
    return [f"{before} to {after}", *(str(len(one)) for one in told)]


def _boundary(report: Report, before: str, after: str) -> Iterator[Block]:
    found = groups(report, after)
    yield Heading(2, f"{before} to {after}")
    if not found:
        yield paragraph("Nothing changed.")
    for kind, title in ((MEANING, "Another meaning"), (ROUNDING, "Rounding")):
        some = of_kind(found, kind)
        if some:
            yield Heading(3, f"{title}: {_ops(some)}")
            yield table(
                ["op", "types", "rows", "farthest", "elements", "ULPs", "of the largest"],
                map(_measured, some),
                right=(2, 4, 5, 6),
            )
    for kind, sentence in OTHERS.items():
        if some := of_kind(found, kind):
            blocks: list[Block] = [paragraph(sentence), bullets(map(_told, some))]
            yield Details(f"{kind}: {_ops(some)}", blocks)
    for kind, title in PRESENCE.items():
        if some := of_kind(found, kind):
            names = [one for one in some if not one.gradient] or some
            yield Details(f"{title}: {_ops(names)}", [bullets(map(_named, names))])


def _ops(some: Sequence[Group]) -> str:
    """Return how many ops some groups are of: one and its gradient are one."""
    return counted(len({one.op for one in some}), "op")


def _measured(group: Group) -> list[Text]:
    row, step = group.farthest
    where = f"{row.types} {row.case}".strip()
    return [Code(group.name), _types(group.types), str(len(group.found)), where, *_figures(step)]


def _figures(step: Step) -> list[Text]:
    """Return how many elements differ, and how far; where the two are not comparable, what differs."""
    if step.note:
        return [shortened(step.note, MOST_CHARACTERS), "", ""]
    differing = f"{step.differing} of {step.elements}"
    return [differing, "" if step.max_ulp is None else number(step.max_ulp), number(step.scaled_error)]


def _told(group: Group) -> Text:
    row, step = group.farthest
    why = f": {shortened(step.note, MOST_CHARACTERS)}" if step.note else ""
    return (Code(group.name), f" {_types(group.types)} ({counted(len(group.found), 'row')}, {row.case}){why}")


def _named(group: Group) -> Text:
    return (Code(group.name), f" {_types(group.types)}")


def _types(types: Sequence[str]) -> str:
    return few(types, FEW_TYPES)


def _coverage(report: Report) -> Iterator[Block]:
    yield Heading(2, "What was run")
    yield table(
        ["release", "ops", "run", "rows", "of gradients", "not the same twice"],
        (
            [
                one.environment,
                str(one.ops),
                str(one.covered),
                str(one.rows),
                str(one.gradients),
                _unstable(one.unstable),
            ]
            for one in report.coverage
        ),
        right=(1, 2, 3, 4),
    )
    yield paragraph(
        prose("`ops` are all that `tf.raw_ops` has. Each row was run in two processes with other hash seeds.")
    )
    reasons = dict.fromkeys(reason for one in report.coverage for reason in one.reasons)
    if reasons:
        yield paragraph("Why an op was not run, and of how many ops that is so:")
        yield table(
            ["reason", *report.releases],
            ([reason, *(str(one.reasons.get(reason, "")) for one in report.coverage)] for reason in reasons),
            right=tuple(range(1, len(report.releases) + 1)),
        )
    yield Details(f"Every op that was not run: {len(report.not_covered)}", [bullets(_not_covered(report))])
    if report.ended:
        yield Heading(3, "What ends the process")
        yield paragraph("Each of these rows was run by itself after it had ended its process; all others went on.")
        yield bullets(
            (Code(one.row), f" {one.how}: {releases.told(one.environments, report.releases)}") for one in report.ended
        )


def _not_covered(report: Report) -> Iterator[Text]:
    for one in report.not_covered:
        where = releases.told(one.environments, report.releases)
        told = "" if len(one.environments) == len(report.releases) else f" ({where})"
        yield (Code(one.op), f": {shortened(one.reason, MOST_CHARACTERS)}{told}")


def _unstable(rows: Sequence[str]) -> Text:
    return joined(", ", map(Code, rows)) if rows else "none"
