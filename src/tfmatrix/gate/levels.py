"""Levels: what becomes of a verdict under a policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum

from tfmatrix.compare.policy import is_about, stage_names
from tfmatrix.compare.verdicts import Passing, Verdict
from tfmatrix.errors import unreachable
from tfmatrix.records import Policy, Rule


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
    rule = _last_rule(policy, verdict, tier, kind)
    return Level(dict(rule.levels)[verdict.value]) if rule else None


def _last_rule(policy: Policy, verdict: Verdict, tier: str, kind: str) -> Rule | None:
    """Return the last rule that names a verdict at a stage; None where none does."""
    names = stage_names(tier, kind) if kind else ()
    naming = (rule for rule in reversed(policy.rules) if verdict.value in dict(rule.levels))
    return next((rule for rule in naming if is_about(rule, names)), None)


def rule_that_passes(policy: Policy, verdict: Verdict, tier: str = "", kind: str = "") -> Rule | None:
    """Return the rule by which a verdict passes at a stage that would fail by the preset; None where there is none."""
    without = replace(policy, rules=())
    if not level_of(policy, verdict, tier, kind).passes or level_of(without, verdict, tier, kind).passes:
        return None
    return _last_rule(policy, verdict, tier, kind)


def told(rule: Rule) -> str:
    """Return a rule as its table has it: ``the rule { stage = "init", pass = ["redrawn"] }``."""
    said = {name: value for name in ("model", "mode", "stage", "dtype") if (value := getattr(rule, name))}
    parts = [f'{name} = "{value}"' for name, value in said.items()]
    parts += [f"ratio = {rule.ratio:.10g}"] if rule.ratio is not None else []
    for level in dict.fromkeys(level for _, level in rule.levels):
        words = ", ".join(f'"{word}"' for word, given in rule.levels if given == level)
        parts.append(f"{level} = [{words}]")
    return f"the rule {{ {', '.join(parts)} }}"
