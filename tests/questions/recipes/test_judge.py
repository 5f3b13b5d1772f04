"""Judging: which trials are worth running next, and what may be said of what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building import ones, traced
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.recipes import judge
from tfmatrix.questions.recipes.judge import Cell, Tried
from tfmatrix.questions.recipes.variations import (
    CONTROL,
    HARMLESS,
    NEVER_PROMISED,
    REST,
    TOGETHER,
    VARIATIONS,
    Variation,
)
from tfmatrix.records import FROM_OUTSIDE, Trial
from tfmatrix.store.fingerprints import trace_digest

TF2 = tuple(v for v in VARIATIONS.values() if "tf2" in v.modes)
WITHIN = [v.name for v in TF2 if v.kind == HARMLESS and v.within]
STARTED = [v.name for v in TF2 if v.kind == HARMLESS and not v.within]

World = Callable[[Variation, int], Any]


def tried(value: Any) -> Tried:
    """Return a trial whose weights are a value, or that ended as a word says, or was killed by what it names."""
    if value in FROM_OUTSIDE:
        return Tried(Trial("k", "crashed", kind=value, message="m"))
    if isinstance(value, str):
        return Tried(Trial("k", value, message="m"))
    trace, _ = traced(ones(weights=[float(value)] * 4))
    return Tried(Trial("k", "observed", trace=trace_digest(trace)), trace)


class Run:
    """One cell in a world that answers each trial; it runs what is wanted until nothing is."""

    def __init__(self, world: World, trials: int = 3) -> None:
        self.ran: list[tuple[str, int]] = []
        self._known: dict[tuple[str, int, tuple[str, ...]], Tried] = {}
        self.cell = Cell("tf2", TF2, trials, self._find)
        while missing := [one for one in judge.wanted(self.cell) if self._find(*one).trial is None]:
            for variation, number in missing:
                self.ran.append((variation.name, number))
                self._known[variation.name, number, variation.doings] = tried(world(variation, number))

    def _find(self, variation: Variation, number: int) -> Tried:
        return self._known.get((variation.name, number, variation.doings), Tried(None))

    @property
    def answer(self) -> judge.Answer:
        """Return what is said at the end."""
        return judge.answer(self.cell)


def breaking(*names: str) -> World:
    """Return a world in which some variations change the weights, alone and with others."""
    whole = [v for v in VARIATIONS.values() if v.name in names]

    def world(variation: Variation, number: int) -> float:
        parts = {TOGETHER: True, REST: any(v.name in names and _on(v, variation) for v in whole)}
        return 9.0 if parts.get(variation.name, variation.name in names) and names else 3.0

    return world


def _on(one: Variation, several: Variation) -> bool:
    """Return whether one variation is among several."""
    if one.within:
        return set(one.doings) <= set(several.doings)
    return several.start.joined(one.start) == several.start


def test_a_recipe_reproduces_where_every_trial_agrees() -> None:
    """Two controls and one trial under all harmless variations of the same bits: reproduces, in 3 of 3 trials."""
    run = Run(breaking())
    assert run.ran == [("control", 1), ("control", 2), (TOGETHER, 1)]
    assert (run.answer.verdict, run.answer.agreeing, run.answer.tried) == (Verdict.IDENTICAL, 3, 3)


def test_more_trials_are_run_under_all_harmless_variations() -> None:
    """Of five trials two are controls; one that disagrees is enough."""
    assert Run(breaking(), trials=5).ran[2:] == [(TOGETHER, 1), (TOGETHER, 2), (TOGETHER, 3)]
    rare = Run(lambda variation, number: 9.0 if (variation.name, number) == (TOGETHER, 3) else 3.0, trials=5)
    assert rare.answer.verdict is Verdict.UNSTABLE


def test_nothing_is_varied_where_two_processes_disagree_already() -> None:
    """Where the control disagrees with itself nothing else is run, and the first stage that differs is named."""
    run = Run(lambda variation, number: float(number))
    assert run.ran == [("control", 1), ("control", 2)]
    assert run.answer.first == judge.Effect("control", "differs", "weights@1/w")
    assert (run.answer.verdict, run.answer.agreeing, run.answer.tried, run.answer.blame) == (Verdict.UNSTABLE, 1, 2, ())


@pytest.mark.parametrize("name", [*WITHIN, *STARTED])
def test_the_variation_to_blame_is_found(name: str) -> None:
    """One variation that breaks a recipe is the only one that is blamed."""
    answer = Run(breaking(name)).answer
    assert answer.verdict is Verdict.UNSTABLE
    assert [effect.variation for effect in answer.blame] == [name]
    assert answer.blame[0].stage == "weights@1/w"


@given(st.sets(st.sampled_from([*WITHIN, *STARTED]), min_size=1))
def test_every_variation_to_blame_is_found(names: set[str]) -> None:
    """Whichever variations break a recipe, each by itself: these are blamed and no others."""
    answer = Run(breaking(*names)).answer
    assert {effect.variation for effect in answer.blame} == names


def test_what_is_done_within_a_process_is_tried_first_and_the_rest_cleared_at_once() -> None:
    """Where something within the process is to blame and the others together are not, these are tried once."""
    run = Run(breaking("run-twice"))
    assert [name for name, _ in run.ran[3:]] == [*WITHIN, REST]
    assert run.answer.cleared


def test_variations_that_break_only_together_are_not_blamed_alone() -> None:
    """Where only all at once change a bit, nothing is blamed, and the answer names all at once."""
    answer = Run(lambda variation, number: 9.0 if variation.name == TOGETHER else 3.0).answer
    assert (answer.verdict, answer.blame) == (Verdict.UNSTABLE, ())
    assert answer.first
    assert answer.first.variation == TOGETHER


@pytest.mark.parametrize("outcome", ["failed", "crashed"])
def test_a_recipe_that_fails_is_told_with_its_message(outcome: str) -> None:
    """A control that is not observed is a failure with its message, and never a pass."""
    run = Run(lambda variation, number: outcome)
    assert run.ran == [("control", 1), ("control", 2)]
    assert run.answer.verdict is Verdict.FAILED
    assert run.answer.first == judge.Effect("control", outcome, message="m")


@pytest.mark.parametrize("name", ["control", TOGETHER])
@pytest.mark.parametrize("outcome", ["timed-out", *FROM_OUTSIDE])
def test_an_end_that_may_have_come_from_outside_says_nothing_of_a_recipe(name: str, outcome: str) -> None:
    """What a busy machine, a killer or a broken installation ends is unknown: no pass, and no failure of the recipe."""
    run = Run(lambda variation, number: outcome if (variation.name, number) == (name, 1) else 3.0)
    assert run.answer.verdict is Verdict.MISSING
    assert run.answer.first
    assert run.answer.first.message == "m"


def test_a_trial_that_ends_badly_under_a_variation_is_no_pass() -> None:
    """A crash under one harmless variation breaks the recipe, and is what is blamed."""
    world = Run(lambda variation, number: "crashed" if variation.name in {TOGETHER, "hash-seed"} else 3.0)
    assert world.answer.verdict is Verdict.UNSTABLE
    assert [(effect.variation, effect.outcome) for effect in world.answer.blame] == [("hash-seed", "crashed")]


@given(st.sets(st.sampled_from([*WITHIN, *STARTED])), st.integers(0, 40))
def test_whatever_is_missing_is_never_a_pass(names: set[str], lost: int) -> None:
    """Without any one of the trials that an answer rests on there is no answer."""
    run = Run(breaking(*names))
    known = run._known
    del known[list(known)[lost % len(known)]]
    assert run.answer.verdict is Verdict.MISSING


def test_stages_that_only_one_trial_has_differ() -> None:
    """A stage too many or too few is a difference, at its name."""
    short, _ = traced({"native init/w": [1.0]})
    long, _ = traced({"native init/w": [1.0], "native weights/w": [2.0]})
    observed = Trial("k", "observed")
    for one, other in ((short, long), (long, short)):
        found = judge.effect(Tried(observed, one), "v", Tried(observed, other))
        assert (found.outcome, found.stage) == ("differs", "weights/w")


@given(st.permutations(["init/a", "init/b", "weights/a"]), st.sets(st.sampled_from(["init/a", "init/b", "weights/a"])))
def test_the_first_stage_in_the_order_of_the_run_is_named(order: Iterable[str], other: set[str]) -> None:
    """Of several stages that differ the one that the control passed first is named."""
    names = list(order)
    control, _ = traced({f"native {name}": [1.0] for name in names})
    varied, _ = traced({f"native {name}": [2.0 if name in other else 1.0] for name in names})
    observed = Trial("k", "observed")
    found = judge.effect(Tried(observed, control), "v", Tried(observed, varied))
    assert found.stage == next((name for name in names if name in other), "")
    assert found.outcome == ("differs" if other else "same")


def test_what_was_never_promised_is_told_one_by_one() -> None:
    """Each variation that TensorFlow never promised has an effect of its own, and no part in the verdict."""
    cell = Cell(
        "tf2", TF2, 3, lambda v, n: tried(9.0 if v.name == "xla-on" else "crashed" if v.name == "xla-isa" else 3)
    )
    effects = {variation.name: effect.outcome for variation, effect in judge.never_promised(cell)}
    assert set(effects) == {v.name for v in TF2 if v.kind == NEVER_PROMISED}
    assert (effects["xla-on"], effects["xla-isa"], effects["onednn-off"]) == ("differs", "crashed", "same")
    assert judge.answer(cell).verdict is Verdict.IDENTICAL


def test_the_control_is_no_variation() -> None:
    """The control varies nothing."""
    assert CONTROL.within
    assert not CONTROL.doings
