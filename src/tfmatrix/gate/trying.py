"""Trying a policy: a made-up cell that differs everywhere has to fail, and every rule has to be about something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tfmatrix.compare.judging import TIERS
from tfmatrix.compare.policy import is_about, stage_names, within
from tfmatrix.compare.results import CellState
from tfmatrix.compare.stages import CHAIN, INJECTED, NATIVE, START, parse
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.errors import UserError
from tfmatrix.gate.levels import Level, level_of, told
from tfmatrix.records import OBSERVED, UNSUPPORTED, Policy, Rule
from tfmatrix.store.store import Store

MADE_UP = (NATIVE, INJECTED)
"""The tiers that a made-up cell has: not every model has the start tier, and one that has it only where something that
is drawn differs."""


class Place(NamedTuple):
    """A tensor of a cell that a rule may be about."""

    model: str
    mode: str
    tier: str
    stage: str
    """Full name; of a cell of which no trace is known the kind of a stage."""
    dtype: str = ""


def require_a_policy_that_works(policy: Policy, sides: Iterable[tuple[CellState, CellState]], store: Store) -> None:
    """Raise ``UserError`` where a policy lets another meaning pass everywhere, or has a rule that is about nothing.

    ``sides`` are the expected cells, the baseline's and the candidate's of each.
    """
    if not policy.rules:
        return  # every preset fails another meaning everywhere
    expected = list(sides)
    places = list(dict.fromkeys(place for pair in expected for state in pair for place in _places(state, store)))
    require_a_failing_place(policy, places)
    if all(state.outcome in {OBSERVED, UNSUPPORTED} for pair in expected for state in pair):
        _require_matches(policy, places)


def _places(state: CellState, store: Store) -> Iterator[Place]:
    """Yield the places of one side of a cell: those that it has, or every one there is, where that is not known."""
    model, mode = state.cell.model.name, state.cell.mode
    if state.outcome == UNSUPPORTED:
        return
    if state.trace is None:
        yield from (Place(model, mode, tier, kind) for tier in TIERS for kind in CHAIN)
        return
    trace = store.trace(state.trace)
    layouts = store.layouts({print_.digest for print_ in trace})
    for tier, stage, digest in trace:
        yield Place(model, mode, tier, stage, layouts[digest][0] if digest in layouts else "")


def require_a_failing_place(policy: Policy, places: Iterable[Place]) -> None:
    """Raise ``UserError`` where another meaning passes at every place."""
    kinds = {(model, mode, tier, parse(stage).kind) for model, mode, tier, stage, _ in places if tier in MADE_UP}
    if not any(
        level_of(within(policy, model, mode), Verdict.DIFFERENT, tier, kind) is Level.FAIL
        for model, mode, tier, kind in kinds
    ):
        raise UserError(
            "[tool.tfmatrix.policy] can never fail: its rules let `different` pass at every stage of every expected "
            "cell; name the models, modes or stages that they are meant for."
        )


def _require_matches(policy: Policy, places: Iterable[Place]) -> None:
    """Raise ``UserError`` where a rule names a stage or dtype that no expected cell has which it is about."""
    tried = list(places)
    for number, rule in enumerate(policy.rules, 1):
        only = Policy(rules=(rule,))
        about = [place for place in tried if within(only, place.model, place.mode).rules]
        # A rule about a model or a mode that is not asked for is meant for what was run all the same.
        if about and not any(_matches(rule, place) for place in about):
            raise UserError(
                f"[tool.tfmatrix.policy], rule {number}: {told(rule)} applies to nothing: none of the cells that it "
                "names has such a stage; remove it, or name what it is meant for."
            )


def _matches(rule: Rule, place: Place) -> bool:
    tiers = {place.tier, START} if place.tier == NATIVE else {place.tier}
    kind = parse(place.stage).kind
    stages = {kind} if rule.ratio is None else {kind, place.stage}
    names = [name for tier in tiers for stage in stages for name in stage_names(tier, stage)]
    return is_about(rule, names) and rule.dtype in {"", place.dtype}
