"""The variations: which are switched on together, and whether a process saw them."""

from __future__ import annotations

import pytest

from tfmatrix.questions.recipes.variations import (
    HARMLESS,
    NEVER_PROMISED,
    REST,
    VARIATIONS,
    Variation,
    together,
    was_seen,
)
from tfmatrix.records import Start
from tfmatrix.tables import DEFAULT_MODES

EVERY = pytest.mark.parametrize("variation", VARIATIONS.values(), ids=list(VARIATIONS))


@EVERY
def test_a_variation_is_in_the_process_or_reported_by_it(variation: Variation) -> None:
    """What a process starts with is something that it reports of itself; what is done within it is a doing."""
    assert variation.kind in {HARMLESS, NEVER_PROMISED}
    assert bool(variation.doings) != bool(variation.sees)
    assert variation.within == bool(variation.doings)


@pytest.mark.parametrize("mode", DEFAULT_MODES)
def test_together_switches_on_every_harmless_variation_of_a_mode(mode: str) -> None:
    """All harmless variations are on at once, none overwritten by another, and no other one."""
    whole = together(mode)
    for variation in VARIATIONS.values():
        on = variation.kind == HARMLESS and mode in variation.modes
        assert (whole.start.joined(variation.start) == whole.start) == (on or variation.start == Start())
        assert all((doing in whole.doings) == on for doing in variation.doings)


def test_rest_leaves_out_what_is_to_blame() -> None:
    """The rest is everything but what was named, under a name of its own."""
    rest = together("v1", ["run-twice", "hash-seed"])
    assert rest.name == REST
    assert "run-twice" not in rest.doings
    assert "PYTHONHASHSEED" not in dict(rest.start.variables)
    assert "load" in rest.doings


@pytest.mark.parametrize(("saw", "seen"), [({"hash": 2}, True), ({"hash": 1}, False), ({}, True)])
def test_a_variation_was_seen_where_the_process_reports_another_value(saw: dict[str, int], seen: bool) -> None:
    """A variation took place where what the process reports differs from what the control's reports."""
    assert was_seen(VARIATIONS["hash-seed"], {"hash": 1, "here": "a"}, {**saw, "here": "b"}) is seen


def test_a_start_joined_with_another_has_what_either_changes() -> None:
    """Joining keeps what only one of two starts changes, and takes the second's where both do."""
    one = Start("a", (("X", "1"), ("Y", "1")), here="h", processors=1)
    other = Start("", (("Y", "2"),), home="m", fixed_addresses=True, imports=("keras",))
    assert one.joined(other) == Start("a", (("X", "1"), ("Y", "2")), "h", "m", 1, True, ("keras",))
    assert Start().joined(one) == one == one.joined(Start())
