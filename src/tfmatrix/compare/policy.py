"""The judging part of a policy: how far beyond the noise floor a difference still counts as rounding.

Which verdicts pass is the gate's to say; that a policy names only what exists is checked here for both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from fnmatch import fnmatchcase

from tfmatrix.compare.judging import TIERS, rounding_ratio
from tfmatrix.compare.stages import CHAIN, parse
from tfmatrix.compare.verdicts import Passing, Verdict
from tfmatrix.errors import UserError, unreachable
from tfmatrix.records import Policy, Rule
from tfmatrix.tables import MODES

DTYPES = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128"})
"""What a ratio can be given for: the dtypes that round."""

LEVELLED = tuple(verdict for verdict in Verdict if verdict.passing is Passing.IF_ALLOWED)
"""Verdicts that a rule may let pass, warn or fail, worst first: whatever is worse never passes, identical always."""


def within(policy: Policy, model: str, mode: str) -> Policy:
    """Return a policy with only those rules that hold for one model in one mode."""
    rules = (r for r in policy.rules if r.model in {"", model, _stem(model)} and r.mode in {"", mode})
    return replace(policy, rules=tuple(rules))


def ratio_for(policy: Policy, tier: str, stage: str, dtype: str) -> float:
    """Return how many times the noise floor still counts as rounding for one tensor; ``stage`` is its full name."""
    rule = ratio_rule(policy, tier, stage, dtype)
    if rule and rule.ratio is not None:
        return rule.ratio
    return rounding_ratio(dtype) if policy.rounding_ratio is None else policy.rounding_ratio


def ratio_rule(policy: Policy, tier: str, stage: str, dtype: str) -> Rule | None:
    """Return the rule that says so of one tensor, which is the last about it; None where none is."""
    names = (*stage_names(tier, stage), *stage_names(tier, parse(stage).kind))
    rules = (rule for rule in reversed(policy.rules) if rule.ratio is not None and rule.dtype in {"", dtype})
    return next((rule for rule in rules if is_about(rule, names)), None)


def is_about(rule: Rule, names: Iterable[str]) -> bool:
    """Return whether a rule is about a stage that goes by any of some names."""
    return not rule.stage or any(fnmatchcase(name, rule.stage) for name in names)


def stage_names(tier: str, stage: str) -> tuple[str, str]:
    """Return what a pattern may call a stage: with its tier, or without, for every tier."""
    return f"{tier}/{stage}", stage


def digest(policy: Policy) -> str:
    """Return the SHA-256 of a policy's canonical JSON: another policy, another report."""
    return hashlib.sha256(json.dumps(asdict(policy), sort_keys=True).encode("utf-8")).hexdigest()


def require_known(policy: Policy, models: Iterable[str]) -> None:
    """Raise ``UserError`` where a rule names a model, mode, stage, dtype or verdict that does not exist."""
    names = {name for model in models for name in (model, _stem(model))}
    for number, rule in enumerate(policy.rules, 1):
        full = rule.ratio is not None
        for what, value, known in (
            ("model", rule.model, rule.model in names),
            ("mode", rule.mode, rule.mode in MODES),
            ("stage", rule.stage, is_stage(rule.stage, full=full)),
            ("dtype", rule.dtype, rule.dtype in DTYPES),
        ):
            if value and not known:
                raise UserError(
                    f"[tool.tfmatrix.policy], rule {number}: there is no {what} {value!r}; "
                    f"there are {', '.join(_known(what, names))}."
                )
        for word, _ in rule.levels:
            if word not in {verdict.value for verdict in LEVELLED}:
                raise UserError(f"[tool.tfmatrix.policy], rule {number}: {_why_no_level(word)}.")


def _why_no_level(word: str) -> str:
    """Return why a word is no verdict that a rule may give a level."""
    levelled = ", ".join(verdict.value for verdict in LEVELLED)
    verdict = next((verdict for verdict in Verdict if verdict.value == word), None)
    if verdict is None or verdict.passing is Passing.IF_ALLOWED:
        return f"there is no verdict {word!r}; there are {levelled}"
    match verdict.passing:
        case Passing.ALWAYS:
            why = "always passes"
        case Passing.NEITHER:
            why = "counts neither way, since nothing was compared"
        case Passing.NEVER:
            why = "never passes, whatever a rule says"
        case _:
            unreachable(verdict.passing)
    return f"{word} {why}; a rule may be about {levelled}"


def is_stage(pattern: str, *, full: bool) -> bool:
    """Return whether a pattern names a stage of the chain, in one tier or all; ``full`` lets it name tensors."""
    if any(fnmatchcase(name, pattern) for tier in TIERS for kind in CHAIN for name in stage_names(tier, kind)):
        return True
    tier, _, rest = pattern.partition("/")
    if full and any(fnmatchcase(known, tier) for known in TIERS) and is_stage(rest, full=True):
        return True
    kind = pattern.partition("@")[0].partition("/")[0]
    return full and any(fnmatchcase(known, kind) for known in CHAIN)


def _known(what: str, models: Iterable[str]) -> list[str]:
    kinds = {"model": sorted(models), "mode": list(MODES), "stage": [*CHAIN, *(f"{t}/..." for t in TIERS)]}
    return list(kinds.get(what, sorted(DTYPES)))


def _stem(model: str) -> str:
    """Return what all variants of a model are called together."""
    return model.partition("[")[0]
