"""The policy: how much is rounding, where; and names that have to exist."""

from __future__ import annotations

import pytest

from tfmatrix.compare.judging import ROUNDING_RATIO
from tfmatrix.compare.policy import digest, ratio_for, require_known, within
from tfmatrix.errors import UserError
from tfmatrix.records import Policy, Rule

STAGE = ("injected", "gradient/conv/kernel", "float32")


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (Rule(ratio=99), True),
        (Rule(model="convnet", ratio=99), True),
        (Rule(model="optimizers", ratio=99), False),
        (Rule(mode="v1", ratio=99), False),
        (Rule(stage="gradient", ratio=99), True),
        (Rule(stage="injected/gradient", ratio=99), True),
        (Rule(stage="native/gradient", ratio=99), False),
        (Rule(stage="gradient/conv/*", ratio=99), True),
        (Rule(stage="gradient@*", ratio=99), False),
        (Rule(dtype="float32", ratio=99), True),
        (Rule(dtype="float16", ratio=99), False),
    ],
)
def test_a_rule_holds_where_it_says(rule: Rule, holds: bool) -> None:
    """By model, mode, stage pattern and dtype; elsewhere the default holds."""
    policy = within(Policy(rules=(rule,)), "convnet", "tf2")
    assert ratio_for(policy, *STAGE) == (99 if holds else ROUNDING_RATIO)


def test_the_last_rule_that_holds_counts() -> None:
    """Of several rules about one tensor the last one is taken, so that exceptions stand behind what they are from."""
    policy = Policy(rounding_ratio=8, rules=(Rule(stage="gradient", ratio=2), Rule(stage="injected/*", ratio=3)))
    assert ratio_for(policy, *STAGE) == 3
    assert ratio_for(policy, "native", "gradient@0/w", "float32") == 2
    assert ratio_for(policy, "native", "loss@0", "float32") == 8


@pytest.mark.parametrize(
    "rule",
    [
        Rule(model="mpl", ratio=1),
        Rule(mode="tf3", ratio=1),
        Rule(stage="gradients", ratio=1),
        Rule(stage="inject/gradient", ratio=1),
        Rule(dtype="float33", ratio=1),
    ],
)
def test_a_rule_about_what_does_not_exist_is_refused(rule: Rule) -> None:
    """A misspelt model, mode, stage or dtype is one sentence that numbers the rule and says what there is."""
    with pytest.raises(UserError, match=r"policy\], rule 1: there is no .*; there are "):
        require_known(Policy(rules=(rule,)), ["mlp", "optimizers[adam]"])


def test_another_policy_has_another_digest() -> None:
    """What a report was judged by can be told from its digest; the default written out is the default."""
    assert digest(Policy()) == digest(Policy(rounding_ratio=ROUNDING_RATIO))
    assert digest(Policy()) != digest(Policy(rounding_ratio=17))
    assert digest(Policy()) != digest(Policy(rules=(Rule(stage="loss", ratio=1),)))


@pytest.mark.parametrize(
    ("named", "model", "holds"),
    [
        ("optimizers", "optimizers[adam]", True),
        ("optimizers", "optimizers", True),
        ("optimizers[adam]", "optimizers[adam]", True),
        ("optimizers[adam]", "optimizers[sgd]", False),
        ("optimizers[adam]", "optimizers", False),
        ("optimizer", "optimizers[adam]", False),
    ],
)
def test_a_rule_about_a_model_holds_for_its_variants(named: str, model: str, holds: bool) -> None:
    """A file's name stands for all of its variants, and a variant's name for that one alone."""
    rule = Rule(model=named, ratio=99)
    assert within(Policy(rules=(rule,)), model, "tf2").rules == ((rule,) if holds else ())
