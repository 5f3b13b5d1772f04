"""Levels: what becomes of a verdict under presets and rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmatrix.compare.judging import TIERS
from tfmatrix.compare.policy import LEVELLED, require_known
from tfmatrix.compare.stages import CHAIN
from tfmatrix.compare.verdicts import Passing, Verdict
from tfmatrix.config import PRESETS
from tfmatrix.errors import UserError
from tfmatrix.gate.levels import WORST_PASSING, Level, level_of, worst_level
from tfmatrix.gate.trying import Place, require_a_failing_place
from tfmatrix.records import Policy, Rule

NEVER = [verdict for verdict in Verdict if verdict.passing is Passing.NEVER]


def test_the_configuration_knows_the_presets() -> None:
    """The names that a configuration may have are those of the table."""
    assert set(PRESETS) == set(WORST_PASSING)


@pytest.mark.parametrize(
    ("preset", "passing"),
    [
        ("bitwise", {"identical"}),
        ("rounding", {"identical", "rounding"}),
        ("redraw", {"identical", "rounding", "redrawn"}),
    ],
)
def test_a_preset_passes_what_its_name_says(preset: str, passing: set[str]) -> None:
    """Another random stream passes under one preset alone, another meaning under none."""
    policy = Policy(preset)
    found = {v.value for v in Verdict if level_of(policy, v, "native", "init") is Level.PASS}
    assert found == passing


@pytest.mark.parametrize(
    ("rule", "tier", "kind", "level"),
    [
        (Rule(levels=(("different", "warn"),)), "native", "init", Level.WARN),
        (Rule(stage="init", levels=(("different", "pass"),)), "native", "init", Level.PASS),
        (Rule(stage="init", levels=(("different", "pass"),)), "native", "loss", Level.FAIL),
        (Rule(stage="injected/*", levels=(("different", "pass"),)), "native", "init", Level.FAIL),
        (Rule(stage="injected/*", levels=(("different", "pass"),)), "injected", "loss", Level.PASS),
        (Rule(stage="init", levels=(("redrawn", "pass"),)), "native", "init", Level.FAIL),
        (Rule(ratio=3.0), "native", "init", Level.FAIL),
    ],
)
def test_a_rule_holds_where_it_says(rule: Rule, tier: str, kind: str, level: Level) -> None:
    """By stage pattern and by verdict; where it does not hold the preset does."""
    assert level_of(Policy(rules=(rule,)), Verdict.DIFFERENT, tier, kind) is level


def test_the_last_rule_that_holds_counts() -> None:
    """Exceptions stand behind what they are from."""
    rules = (Rule(levels=(("different", "pass"),)), Rule(stage="gradient", levels=(("different", "fail"),)))
    assert level_of(Policy(rules=rules), Verdict.DIFFERENT, "native", "gradient") is Level.FAIL
    assert level_of(Policy(rules=rules), Verdict.DIFFERENT, "native", "loss") is Level.PASS


def test_a_rule_about_a_stage_is_not_about_a_whole_cell() -> None:
    """A cell that exists on one side only has no stage, so only a rule without one lets it pass."""
    for verdict in (Verdict.GONE, Verdict.NEW):
        word = ((verdict.value, "pass"),)
        assert level_of(Policy(rules=(Rule(stage="*", levels=word),)), verdict) is Level.FAIL
        assert level_of(Policy(rules=(Rule(model="mlp", levels=word),)), verdict) is Level.PASS


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_passes_what_is_on_one_side_only(preset: str) -> None:
    """A model that is gone, or new, passes where a rule says so and nowhere else."""
    assert {level_of(Policy(preset), verdict) for verdict in (Verdict.GONE, Verdict.NEW)} == {Level.FAIL}


levels = st.lists(st.tuples(st.sampled_from([v.value for v in Verdict]), st.sampled_from(["pass", "warn"])), max_size=9)
rules = st.lists(st.builds(Rule, stage=st.sampled_from(["", "*", "init"]), levels=levels.map(tuple)), max_size=4)


@given(preset=st.sampled_from(PRESETS), rules=rules, kind=st.sampled_from(CHAIN))
def test_what_is_not_known_never_passes(preset: str, rules: list[Rule], kind: str) -> None:
    """Missing, failed and unstable fail under every preset and whatever rules say, and identical always passes."""
    policy = Policy(preset, rules=tuple(rules))
    for tier in ("native", "injected"):
        assert all(level_of(policy, verdict, tier, kind) is Level.FAIL for verdict in NEVER)
        assert level_of(policy, Verdict.IDENTICAL, tier, kind) is Level.PASS


@pytest.mark.parametrize("word", ["missing", "failed", "unstable", "identical", "unsupported", "diferent"])
def test_a_level_for_what_has_none_is_refused(word: str) -> None:
    """A rule that gives a level to what never or always passes, or to no verdict at all, is one sentence."""
    with pytest.raises(UserError, match=r"policy\], rule 1: .*not comparable, gone, new, different, redrawn, rounding"):
        require_known(Policy(rules=(Rule(levels=((word, "pass"),)),)), ["mlp"])
    require_known(Policy(rules=(Rule(levels=tuple((v.value, "warn") for v in LEVELLED)),)), ["mlp"])


def everywhere(cells: Iterable[tuple[str, str]]) -> list[Place]:
    """Return every stage of the chain, in every tier, of some models and modes."""
    return [Place(model, mode, tier, kind) for model, mode in cells for tier in TIERS for kind in CHAIN]


@pytest.mark.parametrize(
    ("some", "ends"),
    [
        ([Rule(levels=(("different", "pass"),))], True),
        ([Rule(levels=(("different", "warn"),))], True),
        ([Rule(stage="native/*", levels=(("different", "pass"),))], False),
        ([Rule(stage=f"{tier}/*", levels=(("different", "pass"),)) for tier in ("native", "injected")], True),
        ([Rule(mode=mode, levels=(("different", "pass"),)) for mode in ("tf2", "v1")], True),
        ([Rule(model="mlp", levels=(("different", "pass"),))], False),
        ([Rule(levels=(("different", "pass"),)), Rule(stage="loss", levels=(("different", "fail"),))], False),
        ([Rule(levels=(("redrawn", "pass"),))], False),
    ],
)
def test_a_policy_that_can_never_fail_is_refused(some: list[Rule], ends: bool) -> None:
    """Where another meaning passes at every stage of every expected cell, there is no gate."""
    places = everywhere((model, mode) for model in ("mlp", "linear") for mode in ("tf2", "v1"))
    policy = Policy(rules=tuple(some))
    if ends:
        with pytest.raises(UserError, match="can never fail"):
            require_a_failing_place(policy, places)
    else:
        require_a_failing_place(policy, places)


@given(st.lists(st.sampled_from(Level), min_size=1))
def test_the_worst_level_is_no_better_than_any(found: list[Level]) -> None:
    """Whatever passes besides, one that does not is what counts, in any order."""
    assert worst_level(found) in found
    assert worst_level(found) is worst_level(reversed(found))
    assert all(worst_level(found).severity <= level.severity for level in found)


def test_nothing_at_all_does_not_pass() -> None:
    """The worst of no levels is no pass."""
    none: list[Any] = []
    assert not worst_level(none).passes


def test_a_rule_that_passes_every_variant_leaves_no_gate() -> None:
    """A rule about a file holds for each of its variants, so where these are all that is expected it is refused."""
    policy = Policy(rules=(Rule(model="optimizers", levels=(("different", "pass"),)),))
    variants = [("optimizers[adam]", "tf2"), ("optimizers[sgd]", "tf2")]
    with pytest.raises(UserError, match="can never fail"):
        require_a_failing_place(policy, everywhere(variants))
    require_a_failing_place(policy, everywhere([*variants, ("mlp", "tf2")]))
