"""The policy: how much is rounding, where; and names that have to exist."""

from __future__ import annotations

import pytest

from tfmatrix.compare.policy import DTYPES, LEVELLED, digest, ratio_for, require_known, within
from tfmatrix.errors import UserError
from tfmatrix.records import Policy, Rule

ROUNDING_RATIO = 16.0
"""The default, written out: whoever changes it changes what every report says."""

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
    """What a report was judged by can be told from its digest; the default written out is another one."""
    assert digest(Policy()) == digest(Policy())
    # The ratio that holds where none is given is another one in a dtype of few numbers.
    assert digest(Policy()) != digest(Policy(rounding_ratio=ROUNDING_RATIO))
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


@pytest.mark.parametrize(
    ("rule", "known"),
    [
        (Rule(stage="gradient", ratio=1), True),
        (Rule(stage="native/*", ratio=1), True),
        (Rule(stage="grad*", ratio=1), True),
        (Rule(stage="injected/gradient@3/conv/kernel", ratio=1), True),
        (Rule(stage="gradient@3/conv/kernel", ratio=1), True),
        (Rule(stage="gradient/conv", ratio=1), True),
        (Rule(stage="grad*/conv", ratio=1), True),
        (Rule(stage="*/gradient/conv", ratio=1), True),
        (Rule(stage="native/gradients/conv", ratio=1), False),
        (Rule(stage="gradients/conv", ratio=1), False),
        (Rule(stage="gradients@*", ratio=1), False),
        (Rule(stage="nativ/gradient", ratio=1), False),
        (Rule(stage="native/", ratio=1), False),
        (Rule(stage="gradient", levels=(("different", "pass"),)), True),
        (Rule(stage="injected/gradient", levels=(("different", "pass"),)), True),
        (Rule(stage="gradient@3", levels=(("different", "pass"),)), False),
        (Rule(stage="gradient/conv", levels=(("different", "pass"),)), False),
        (Rule(stage="native/gradient/conv", levels=(("different", "pass"),)), False),
        (Rule(ratio=0), True),
    ],
)
def test_a_pattern_names_what_can_be(rule: Rule, known: bool) -> None:
    """A ratio may be of single tensors and a level of whole stages, and either of stages that there are."""
    if known:
        require_known(Policy(rules=(rule,)), ["mlp"])
        return
    with pytest.raises(UserError, match=r"rule 1: there is no stage '.*'; there are seed, .*, final, native/\.\.\., "):
        require_known(Policy(rules=(rule,)), ["mlp"])


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (Rule(model="mpl", ratio=1), "there is no model 'mpl'; there are mlp, optimizers, optimizers[adam]."),
        (Rule(mode="tf3", ratio=1), "there is no mode 'tf3'; there are "),
        (
            Rule(dtype="int8", ratio=1),
            "there is no dtype 'int8'; there are bfloat16, complex128, complex64, float16, float32, float64.",
        ),
        (
            Rule(levels=(("differing", "pass"),)),
            "there is no verdict 'differing'; there are not comparable, gone, new, different, redrawn, rounding.",
        ),
        (Rule(levels=(("identical", "warn"),)), "identical always passes; a rule may be about not comparable, "),
        (Rule(levels=(("unsupported", "warn"),)), "unsupported counts neither way, since nothing was compared; a rule"),
        (Rule(levels=(("failed", "pass"),)), "failed never passes, whatever a rule says; a rule may be about not"),
    ],
)
def test_what_a_rule_may_not_name_is_said_with_what_it_may(rule: Rule, told: str) -> None:
    """The second of two rules is told by its number, with what there is instead."""
    good = Rule(model="optimizers", mode="tf2", stage="loss", dtype="float32", ratio=2)
    with pytest.raises(UserError) as refused:
        require_known(Policy(rules=(good, rule)), ["optimizers[adam]", "mlp"])
    assert str(refused.value).startswith(f"[tool.tfmatrix.policy], rule 2: {told}")
    assert len(DTYPES) == 6
    assert [verdict.value for verdict in LEVELLED] == [
        "not comparable",
        "gone",
        "new",
        "different",
        "redrawn",
        "rounding",
    ]


def test_the_default_ratio_is_that_of_the_policy() -> None:
    """Where no rule with a ratio holds it is the policy's, and sixteen where that has none; zero is a ratio."""
    levels = Rule(levels=(("different", "pass"),))
    assert ratio_for(Policy(rules=(levels,)), *STAGE) == ROUNDING_RATIO
    assert ratio_for(Policy(rounding_ratio=0, rules=(levels,)), *STAGE) == 0
    assert ratio_for(Policy(rules=(Rule(ratio=0), levels)), *STAGE) == 0
    rules = (Rule(mode="v1", ratio=1), Rule(model="mlp", ratio=2), Rule(mode="tf2", ratio=3))
    assert within(Policy(rounding_ratio=5, rules=rules), "mlp", "tf2") == Policy(rounding_ratio=5, rules=rules[1:])
