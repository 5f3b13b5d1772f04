"""Levels: what becomes of a verdict under a policy."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from tfmatrix.compare.judging import TIERS
from tfmatrix.compare.policy import is_about, stage_names, within
from tfmatrix.compare.stages import CHAIN, START
from tfmatrix.compare.verdicts import Passing, Verdict
from tfmatrix.errors import UserError, unreachable
from tfmatrix.records import Policy


class Level(Enum):
    """What became of a cell, or of one of its stages, at the gate; the members stand worst first."""

    INCOMPLETE = "incomplete"
    """Nothing can be said of it, or what was said no longer holds."""
    FAIL = "fail"
    WARN = "warn"
    ACCEPTED = "accepted"
    PASS = "pass"  # noqa: S105  # no password
    UNSUPPORTED = "unsupported"
    """The cell exists on neither side: it counts neither way, and its reason is a warning."""

    @property
    def severity(self) -> int:
        """Return its place, 0 being the worst."""
        return list(Level).index(self)

    @property
    def passes(self) -> bool:
        """Return whether something was compared, and may go through."""
        return self in {Level.WARN, Level.ACCEPTED, Level.PASS}


WORST_PASSING = {"bitwise": Verdict.IDENTICAL, "rounding": Verdict.ROUNDING, "redraw": Verdict.REDRAWN}
"""The worst verdict that each preset lets pass; what is worse fails."""


def worst_level(levels: Iterable[Level]) -> Level:
    """Return the worst of some levels; UNSUPPORTED where there is none."""
    return min(levels, key=lambda level: level.severity, default=Level.UNSUPPORTED)


def level_of(policy: Policy, verdict: Verdict, tier: str = "", kind: str = "") -> Level:
    """Return what becomes of a verdict at a stage under a policy that is `within` one model and mode.

    Without a stage it is the verdict of a whole cell that could not be compared, which no rule about a stage is about.
    Of several rules that name the verdict the last one counts. A verdict worse than those that have a level fails.
    """
    match verdict.passing:
        case Passing.NEVER | Passing.NEITHER:
            return Level.FAIL
        case Passing.ALWAYS:
            return Level.PASS
        case Passing.IF_ALLOWED:
            passes = verdict.severity >= WORST_PASSING[policy.preset].severity
        case _:
            unreachable(verdict.passing)
    return _by_rule(policy, verdict, tier, kind) or (Level.PASS if passes else Level.FAIL)


def level_beside(policy: Policy, tier: str, kind: str) -> Level:
    """Return what becomes of a report that one side alone makes: a warning, unless a rule about it says otherwise."""
    return _by_rule(policy, Verdict.NOT_COMPARABLE, tier, kind) or Level.WARN


def _by_rule(policy: Policy, verdict: Verdict, tier: str, kind: str) -> Level | None:
    """Return what the last rule says that names a verdict at a stage; None where none does."""
    names = stage_names(tier, kind) if kind else ()
    levels = [dict(rule.levels).get(verdict.value) for rule in policy.rules if is_about(rule, names)]
    chosen = [level for level in levels if level]
    return Level(chosen[-1]) if chosen else None


def require_a_failing_place(policy: Policy, cells: Iterable[tuple[str, str]]) -> None:
    """Raise ``UserError`` where another meaning passes at every stage of every cell, each a model and a mode."""
    for model, mode in dict.fromkeys(cells):
        here = within(policy, model, mode)
        # Not every model has the start tier, and one that has it only where something that is drawn differs.
        tiers = [tier for tier in TIERS if tier != START]
        if any(level_of(here, Verdict.DIFFERENT, tier, kind) is Level.FAIL for tier in tiers for kind in CHAIN):
            return
    raise UserError(
        "[tool.tfmatrix.policy] can never fail: its rules let `different` pass at every stage of every expected cell; "
        "name the models, modes or stages that they are meant for."
    )
