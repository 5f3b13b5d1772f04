"""Alignment: which name of one trace is which of another, where two releases call the same thing otherwise.

Variables are aligned by name where both sides have the same names, else by their order and shape; so are the slots of
one variable, and the draws of one step. What a training loop reports is aligned by a name that Keras is known to have
given it, else by its bits. What is left has no counterpart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from tfmatrix.compare.stages import DRAW, NAMES_OF, NATIVE, REPORT, SLOT, VARIABLE, full_name, parse

Names = Mapping[tuple[str, str], str]
"""A trace by name: (tier, full stage name) to digest, in the order of the run."""

Layout = tuple[str, tuple[int, ...]]
"""Dtype and shape."""

LayoutsOf = Callable[[Collection[str]], Mapping[str, Layout]]
"""From digests to the layouts of those that are kept."""

USUAL = {"acc": "accuracy", "lr": "learning_rate"}
"""What Keras calls a report in newer releases, by its name in older ones; the whole name, or its last part."""

Group = Hashable
Digests = Mapping[str, str]
"""From name to digest, in the order of the run."""

T = TypeVar("T")


class Renamed(NamedTuple):
    """One thing that goes by two names."""

    what: str
    """A variable, a slot (behind its variable), a draw of some step, or a report."""
    baseline: str
    candidate: str


class Aligned(NamedTuple):
    """How the names of two traces were aligned, as a report says it."""

    by_name: int
    """How many variables have the same name on both sides."""
    renamed: tuple[Renamed, ...] = ()
    """What goes by two names."""


class Alignment(NamedTuple):
    """Which stage of a candidate's trace is which of the baseline's."""

    own: Mapping[str, str]
    """The candidate's stages by those that they are here; only those of which the names differ."""
    told: Aligned

    def named(self, names: Names) -> Names:
        """Return a trace of the candidate's by the names that its stages have here."""
        here = {own: name for name, own in self.own.items()}
        return {(tier, here.get(stage, stage)): digest for (tier, stage), digest in names.items()} if here else names


def align(a: Names, b: Names, layouts_of: LayoutsOf) -> Alignment:
    """Return how the names of a candidate's trace are aligned with those of the baseline's, which comes first."""
    if a.keys() == b.keys():
        return Alignment({}, Aligned(len(initial_values(a))))
    variables = initial_values(a), initial_values(b)
    slots = _slots(a, variables[0]), _slots(b, variables[1])
    draws = _draws(a), _draws(b)
    groups = [*variables, *(group for both in (slots, draws) for side in both for group in side.values())]
    layouts = layouts_of({digest for group in groups for digest in group.values()})
    by_variable = matched(*variables, layouts)
    by_slot = {
        mine: matched(slots[0].get(mine, {}), slots[1].get(own, {}), layouts) for own, mine in by_variable.items()
    }
    by_draw = {step: _matched_draws(draws[0].get(step, {}), found, layouts) for step, found in draws[1].items()}
    by_report = {
        kind: _matched_reports(_reports(a, kind), _reports(b, kind)) for kind, of in NAMES_OF.items() if of == REPORT
    }

    def here(name: str) -> str:
        """Return the name of one of the candidate's stages here."""
        stage = parse(name)
        what, variable = NAMES_OF.get(stage.kind), stage.variable
        if what == VARIABLE:
            variable = by_variable.get(variable, variable)
        elif what == SLOT:
            own, slot = _of_slot(variable, variables[1])
            if own in by_variable:
                variable = f"{by_variable[own]}/{by_slot[by_variable[own]].get(slot, slot)}"
        elif what == DRAW:
            variable = by_draw.get(stage.step, {}).get(variable, variable)
        elif what == REPORT:
            variable = by_report[stage.kind].get(variable, variable)
        return name if variable == stage.variable else full_name(stage._replace(variable=variable))

    renamed = [
        *(Renamed(VARIABLE, mine, own) for own, mine in by_variable.items() if own != mine),
        *(
            Renamed(SLOT, f"{mine}/{slot}", f"{own}/{other}")
            for own, mine in by_variable.items()
            for other, slot in by_slot[mine].items()
            if other != slot
        ),
        *(Renamed(DRAW, mine, own) for pairs in by_draw.values() for own, mine in pairs.items() if own != mine),
        *(Renamed(REPORT, mine, own) for pairs in by_report.values() for own, mine in pairs.items() if own != mine),
    ]
    same = sum(own == mine for own, mine in by_variable.items())
    return Alignment(_own(b, here), Aligned(same, tuple(dict.fromkeys(renamed))))


def _own(b: Names, here: Callable[[str], str]) -> Mapping[str, str]:
    """Return a candidate's stages by those that they are here, where these differ; no two are the same one."""
    names = {stage: here(stage) for _, stage in b}
    own: dict[str, str] = {}
    for stage in sorted(names, key=lambda stage: names[stage] == stage):  # what has no counterpart gives way
        name = names[stage]
        while name in own:
            name += " of the candidate"
        own[name] = stage
    return {name: stage for name, stage in own.items() if name != stage}


def matched(a: Digests, b: Digests, layouts: Mapping[str, Layout]) -> Mapping[str, str]:
    """Return what is what: the candidate's names to the baseline's.

    By name, where both have the same names. Else by position, where both have the same layouts in the same order. Else
    those of one name, and of the rest the n-th of a layout is the n-th of this layout, if both have as many.
    """
    if a.keys() == b.keys():
        return {name: name for name in b}
    mine, there = ({name: layouts.get(digest) for name, digest in side.items()} for side in (a, b))
    if list(mine.values()) == list(there.values()) and None not in mine.values():
        return dict(zip(there, mine, strict=True))
    return {name: name for name in b if name in a} | {
        own: name
        for names, owns in _alike(a, b, mine.get, there.get)
        if len(names) == len(owns)
        for own, name in zip(owns, names, strict=True)
    }


def _matched_draws(a: Digests, b: Digests, layouts: Mapping[str, Layout]) -> Mapping[str, str]:
    """Return what is what among the draws of a step.

    Where one layer's draws would be those of two, each stands for its own layer alone: one draws less than before.
    """
    found = matched(a, b, layouts)
    layers = {(layer_of_draw(own), layer_of_draw(name)) for own, name in found.items()}
    if len(layers) == len({own for own, _ in layers}) == len({name for _, name in layers}):
        return found
    return {own: name for own, name in found.items() if layer_of_draw(own) == layer_of_draw(name)}


def layer_of_draw(draw: str) -> str:
    """Return the path of the layer that a draw is made in, by its name without kind and step; empty: in none."""
    return draw.rpartition("/")[0]


def _alike(
    a: Iterable[str], b: Collection[str], of_a: Callable[[str], Group], of_b: Callable[[str], Group]
) -> list[tuple[list[str], list[str]]]:
    """Return the names that only one side has, of those that are alike the baseline's and the candidate's."""
    a = list(a)
    found: dict[Group, tuple[list[str], list[str]]] = {}
    for side, (names, others, of) in enumerate(((a, b, of_a), (b, a, of_b))):
        for name in names:
            if name not in others and of(name) is not None:
                found.setdefault(of(name), ([], []))[side].append(name)
    return list(found.values())


def _matched_reports(
    a: Mapping[str, Mapping[int | None, str]], b: Mapping[str, Mapping[int | None, str]]
) -> Mapping[str, str]:
    """Return what is what among the reports of one kind: the candidate's names to the baseline's.

    By name, then by Keras' other names, and last by having the same bits at every step, where nothing else has them and
    they are not the same all the time: one number may be equal by chance.
    """
    usual = _single(_alike(a, b, _usual, _usual))
    rest_a = {name: bits for name, bits in a.items() if name not in usual.values()}
    rest_b = {name: bits for name, bits in b.items() if name not in usual}
    return usual | _single(_alike(rest_a, rest_b, lambda name: _course(a[name]), lambda name: _course(b[name])))


def _course(values: Mapping[int | None, str]) -> Group:
    """Return the bits of a report at every step; None where they never change."""
    return frozenset(values.items()) if len({*values.values()}) > 1 else None


def _single(alike: Iterable[tuple[list[str], list[str]]]) -> dict[str, str]:
    return {owns[0]: names[0] for names, owns in alike if len(names) == len(owns) == 1}


def _usual(name: str) -> str:
    head, underscore, last = name.rpartition("_")
    return head + underscore + USUAL.get(last, last)


def initial_values(names: Names) -> Digests:
    """Return the variables of a trace, with their initial values, in its order; what is read has those of its file."""
    found: dict[str, dict[str, str]] = {"init": {}, "loaded": {}}
    for (tier, name), digest in names.items():
        stage = parse(name)
        if tier == NATIVE and stage.kind in found:
            found[stage.kind][stage.variable] = digest
    return found["init"] or found["loaded"]


def _slots(names: Names, variables: Collection[str]) -> Mapping[str, Digests]:
    """Return the slots of each variable, as they were first recorded."""
    found: dict[str, dict[str, str]] = {}
    for (_, name), digest in names.items():
        stage = parse(name)
        if NAMES_OF.get(stage.kind) == SLOT:
            variable, slot = _of_slot(stage.variable, variables)
            found.setdefault(variable, {}).setdefault(slot, digest)
    return found


def _of_slot(name: str, variables: Collection[str]) -> tuple[str, str]:
    """Return the variable that a slot is of, and the slot's own name; the optimizer's own are of none."""
    at = len(name)
    while (at := name.rfind("/", 0, at)) > 0:
        if name[:at] in variables:
            return name[:at], name[at + 1 :]
    return "", name


def _draws(names: Names) -> Mapping[int | None, Digests]:
    """Return what is drawn in each step of the native tier; outside of steps a draw has but its name."""
    found: dict[int | None, dict[str, str]] = {}
    for (tier, name), digest in names.items():
        stage = parse(name)
        if tier == NATIVE and NAMES_OF.get(stage.kind) == DRAW and stage.step is not None:
            found.setdefault(stage.step, {})[stage.variable] = digest
    return found


def _reports(names: Names, kind: str) -> Mapping[str, Mapping[int | None, str]]:
    """Return what a loop reports of one kind, by name and step."""
    found: dict[str, dict[int | None, str]] = {}
    for (tier, name), digest in names.items():
        stage = parse(name)
        if tier == NATIVE and stage.kind == kind and stage.variable:
            found.setdefault(stage.variable, {})[stage.step] = digest
    return found
