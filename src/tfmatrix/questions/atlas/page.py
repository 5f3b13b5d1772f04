"""The page of the atlas, made of the same report as `atlas.json`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tfmatrix.questions.atlas.answer import NOUNS, PART_NAMES, many, parts_of, problems
from tfmatrix.questions.atlas.groups import Group, Worded, case_of, groups, of_kind, worded
from tfmatrix.questions.atlas.judge import (
    ARGUMENTS,
    BEHAVES,
    CAME,
    CONFIG,
    DEFAULT,
    ENDS,
    GONE,
    KINDS,
    MEANING,
    NEW,
    OTHER_INPUT,
    RAISES,
    RANDOM,
    REDRAWN,
    ROUNDING,
    RUNS,
    UNSTABLE,
    WENT,
    WORDS,
)
from tfmatrix.questions.atlas.plan import BEHAVIOUR, KERAS, part_of
from tfmatrix.questions.atlas.screen import screen
from tfmatrix.questions.atlas.summary import NotCovered, Report, Step
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
    filled,
    joined,
    paragraph,
    prose,
    table,
)
from tfmatrix.report.text import counted, few, number, shortened

FEW = 4
"""Types, cases or classes that are named of a group."""

MOST_CHARACTERS = 120
"""Of what a row raises, and of a default."""

MEASURED = {MEANING: "another meaning", ROUNDING: "rounding"}
"""Kinds that have a table of distances."""

DRAWN = {
    REDRAWN: "These draw other numbers from the same seed. A test finds the same distribution.",
    RANDOM: "These draw other numbers of the same shape and type from the same seed. No test tells the distribution.",
}
"""What is said of what is drawn."""

SAID = {
    CAME: "Not named in the signature before; `**kwargs` may have taken it.",
    WENT: "Not named in the signature any more; `**kwargs` may still take it.",
    CONFIG: "Entries of `get_config()` of an object that was made with the same arguments.",
}
"""What is said of arguments and configurations, besides defaults."""

OTHERS = {
    RAISES: "These raise now, and gave a result before.",
    RUNS: "These give a result now, and raised before.",
    ENDS: "These end the process in one of the two releases.",
    UNSTABLE: "These give other bits in another process, in at least one release. Other bits of them are no change.",
    OTHER_INPUT: "These got other inputs (weights of another shape, for example), so nothing is known of them.",
}
"""What is said of rows that cannot be measured against each other."""

PRESENCE = {NEW: "new", GONE: "gone"}


def page(report: Report) -> Document:
    """Return the whole page."""
    return [
        screen(report),
        *_head(report),
        *parts.incomplete(problems(report)),
        *(block for before, after in pairwise(report.releases) for block in _boundary(report, before, after)),
        *_coverage(report),
        Heading(2, "Environments"),
        parts.environments(report.environments, ["distribution", "Python", "NumPy", "Keras"]),
        paragraph(parts.machine(report.machine)),
        Heading(2, "Run it again"),
        Listing("console", f"$ {_command(report)}"),
    ]


def _command(report: Report) -> str:
    names = ["--ops", shlex.quote(report.settings.names)] if report.settings.names else []
    versions = ",".join(one.name for one in report.environments)
    return " ".join(["tfmatrix", "atlas", "--versions", versions, *names])


def _head(report: Report) -> Iterator[Block]:
    settings = report.settings
    yield Heading(1, "Atlas: what changed in TensorFlow's own ops and in Keras")
    yield paragraph(
        ("Report ", Code(report.id), f" of tfmatrix {report.tfmatrix}. "),
        "Every op that a CPU can run was run alone, eagerly, on inputs with the same bits in each release. Each type",
        "that its definition allows was tried in three sizes, and once with NaN, infinities, -0, denormal numbers and",
        "the largest integers. The gradient was taken too, if the op has one. One type of each op was also run within",
        "a function, and within a function that XLA compiles.",
        prose("Every class and function of `tf.keras` was run alone too, from given weights and from a given seed."),
        "Its arguments, their defaults and its configuration were read.",
        "Small pieces of Python were run too: types of results, casts, strings, the order of data.",
        "Each release is compared with the one before it.",
    )
    if settings.names:
        yield paragraph(("Only names like ", Code(settings.names), " were asked about."))
    yield paragraph(
        (Strong("Rounding"), ": every element lies within "),
        f"{settings.most_ulp} ULPs, or within {settings.most_scaled} ULPs of the largest element. ",
        (Strong("Another meaning"), ": anything beyond; a NaN or an infinity on one side only; another type or"),
        "shape; integers, booleans or strings that differ at all; a piece of Python that comes to something else.",
    )
    if len(report.releases) > 1:
        yield table(
            [
                "between",
                "of",
                *MEASURED.values(),
                "other draws",
                "other defaults",
                "raise, or no longer",
                *PRESENCE.values(),
            ],
            [
                [f"{before} to {after}", PART_NAMES[part], *map(str, counts)]
                for before, after in pairwise(report.releases)
                for part in parts_of(report)
                if any(counts := _counts(report, after, part))
            ],
            right=tuple(range(2, 9)),
        )


def _counts(report: Report, after: str, part: str) -> list[int]:
    """Return how many names of a part changed at the boundary before a release, by column."""
    found = groups(report, after, part)
    names = {kind: {one.op for one in found if one.kind == kind} for kind in KINDS}
    whole = {kind: {one.op for one in found if one.kind == kind and _is_whole(one)} for kind in PRESENCE}
    said = worded(report, after, part)
    behaves, defaults = (
        {name for one in said if one.kind == kind for name in one.names} for kind in (BEHAVES, DEFAULT)
    )
    meaning = names[MEANING] | behaves
    told = [meaning, names[ROUNDING] - meaning, names[REDRAWN] | names[RANDOM], defaults]
    return [len(one) for one in (*told, names[RAISES] | names[RUNS], whole[NEW], whole[GONE])]


def _is_whole(group: Group) -> bool:
    """Return whether what is new or gone is a class or function of Keras as a whole; of an op a type counts too."""
    return part_of(group.op) != KERAS or ARGUMENTS in group.of


def _boundary(report: Report, before: str, after: str) -> Iterator[Block]:
    yield Heading(2, f"{before} to {after}")
    blocks = [block for part in parts_of(report) for block in _part(report, after, part)]
    yield from blocks or [paragraph("Nothing changed.")]


def _part(report: Report, after: str, part: str) -> Iterator[Block]:
    """Yield what changed in one part at a boundary: what a reader wants first is first, and long lists are folded."""
    found = groups(report, after, part)
    title = PART_NAMES[part].capitalize()
    noun, of = NOUNS[part][0], "rows of" if part == KERAS else "types"
    for kind, named in MEASURED.items():
        if some := of_kind(found, kind):
            yield Heading(3, f"{title}, {named}: {_names(some)}")
            headings = [noun, of, "rows", "farthest", "elements", "ULPs", "ULPs of the largest"]
            yield table(headings, map(_measured, some), right=(2, 4, 5, 6))
    words = worded(report, after, part)
    yield from _behaves(words) if part == BEHAVIOUR else _worded(words)
    for kind, sentence in {**DRAWN, **OTHERS}.items():
        if some := of_kind(found, kind):
            blocks: list[Block] = [paragraph(sentence), bullets(map(_told, some))]
            yield Details(f"{title}, {kind}: {_names(some)}", blocks)
    for kind, named in PRESENCE.items():
        some = of_kind(found, kind)
        whole = [one for one in some if _is_whole(one)]
        if whole:
            entries = _by_family(whole) if part == KERAS else _by_type(whole)
            yield Details(
                f"{title}, {named}{'' if part == KERAS else ' (or a type of it)'}: {_names(whole)}", [entries]
            )
        if more := [one for one in some if one not in whole]:
            listed = bullets((Code(one.op), f" {few(one.of, FEW)}") for one in more)
            yield Details(f"{title}, {named} in part: {_names(more)}", [listed])


def _behaves(found: Sequence[Worded]) -> Iterator[Block]:
    """Yield which pieces of Python come to something else."""
    if found:
        yield Heading(3, f"Behaviour: {many(len(found), BEHAVIOUR)}")
        yield filled([NOUNS[BEHAVIOUR][0], "was", "is"], ([Code(o.what), _value(o.was), _value(o.now)] for o in found))


def _worded(found: Sequence[Worded]) -> Iterator[Block]:
    """Yield what is said of arguments and configurations: other defaults openly, all else folded."""
    for kind in WORDS:
        some = [one for one in found if one.kind == kind]
        if not some:
            continue
        names = {name for one in some for name in one.names}
        title = f"Keras, {kind}: {many(len(names), KERAS)}"
        told = filled(
            ["class or function", "entry" if kind == CONFIG else "argument", "was", "is"],
            ([_classes(one.names), Code(one.what), _value(one.was), _value(one.now)] for one in some),
        )
        if kind == DEFAULT:
            yield Heading(3, title)
            yield told
        else:
            yield Details(title, [paragraph(prose(SAID[kind])), told])


def _classes(names: Sequence[str]) -> Text:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return (joined(", ", map(Code, names[:FEW])), more)


def _value(told: str) -> Text:
    return Code(shortened(told, MOST_CHARACTERS)) if told else ""


def _names(some: Sequence[Group]) -> str:
    """Return how many names some groups are of: an op and its gradient are one."""
    return many(len({one.op for one in some}), part_of(some[0].op))


def _measured(group: Group) -> list[Text]:
    row, step = group.farthest
    where = case_of(row) if part_of(group.op) == KERAS else f"{row.types} {row.case}".strip()
    return [Code(group.name), few(group.of, FEW), str(len(group.found)), where, *_figures(step)]


def _figures(step: Step) -> list[Text]:
    """Return how many elements differ, and how far; where the two are not comparable, what differs."""
    if step.note:
        return [shortened(step.note, MOST_CHARACTERS), "", ""]
    differing = f"{step.differing} of {step.elements}"
    return [differing, "" if step.max_ulp is None else number(step.max_ulp), number(step.scaled_error)]


def _told(group: Group) -> Text:
    row, step = group.farthest
    why = f": {shortened(step.note, MOST_CHARACTERS)}" if step.note else ""
    where = "" if part_of(group.op) == KERAS else f" ({counted(len(group.found), 'row')}, {row.case})"
    return (Code(group.name), f" {few(group.of, FEW)}{where}{why}")


def _by_type(some: Sequence[Group]) -> Block:
    names = [one for one in some if not one.gradient] or some
    return bullets((Code(one.name), f" {few(one.of, FEW)}") for one in names)


def _by_family(some: Sequence[Group]) -> Block:
    families: dict[str, list[str]] = {}
    for one in some:
        family, _, name = one.op.rpartition(".")
        families.setdefault(family, []).append(name)
    return bullets((Code(family), ": ", joined(", ", map(Code, names))) for family, names in families.items())


def _coverage(report: Report) -> Iterator[Block]:
    yield Heading(2, "What was run")
    yield table(
        ["release", "of", "there are", "run", "rows", "of gradients", "not the same twice"],
        (
            [
                one.environment,
                PART_NAMES[one.of],
                str(one.ops),
                str(one.covered),
                str(one.rows),
                str(one.gradients),
                _unstable(one.unstable),
            ]
            for one in report.coverage
        ),
        right=(2, 3, 4, 5),
    )
    yield paragraph(
        prose(
            "Counted are all ops of `tf.raw_ops`, all classes and functions of `tf.keras`, each under one name, and "
            "the pieces of Python that tfmatrix has."
        ),
        "Each row was run in two processes with other hash seeds.",
    )
    for part in parts_of(report):
        found = {one.environment: one.reasons for one in report.coverage if one.of == part}
        if reasons := dict.fromkeys(reason for one in found.values() for reason in one):
            yield paragraph(f"Why some {NOUNS[part][1]} were not run, and how many:")
            yield table(
                ["reason", *found],
                ([reason, *(str(one.get(reason, "")) for one in found.values())] for reason in reasons),
                right=tuple(range(1, len(found) + 1)),
            )
        if some := [one for one in report.not_covered if part_of(one.op) == part]:
            listed = bullets(_not_covered(some, report.releases))
            yield Details(f"All {NOUNS[part][1]} that were not run: {len(some)}", [listed])
    if report.ended:
        yield Heading(3, "What ends the process")
        yield paragraph("Each of these rows ended its process, and was run again alone; all other rows went on.")
        yield bullets(
            (Code(one.row), f" {one.how}: {releases.told(one.environments, report.releases)}") for one in report.ended
        )


def _not_covered(some: Sequence[NotCovered], known: Sequence[str]) -> Iterator[Text]:
    for one in some:
        told = "" if len(one.environments) == len(known) else f" ({releases.told(one.environments, known)})"
        yield (Code(one.op), f": {shortened(one.reason, MOST_CHARACTERS)}{told}")


def _unstable(rows: Sequence[str]) -> Text:
    return joined(", ", map(Code, rows)) if rows else "none"
