"""What the atlas wants: each release twice, in batches, and nothing that is stored."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from building import missing_from, remove_stale
from tfmatrix.errors import UserError
from tfmatrix.keys import HASH_SEEDS
from tfmatrix.questions.atlas.plan import BATCHES, make_atlas_plan
from tfmatrix.runner.observing import by_process, request_of
from tfmatrix.store.store import Store

from .world import VERSIONS, exp, fill, plan_of


def test_each_batch_of_a_release_is_run_in_two_processes(tmp_path: Path) -> None:
    """Which have other hash seeds, and are asked for the same."""
    plan = plan_of(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        wanted = missing_from(store, plan)
    assert len(wanted) == len(VERSIONS) * sum(BATCHES.values()) * 2
    requests = {
        (one.cell.environment.name, one.hash_seed, asked["purpose"], asked["of"], asked["batch"], asked["batches"])
        for one in wanted
        if (asked := request_of(one, plan.config, fresh=False))
    }
    assert requests == {
        (version, seed, "atlas", part, at, count)
        for version in VERSIONS
        for seed in HASH_SEEDS
        for part, count in BATCHES.items()
        for at in range(count)
    }
    assert len(by_process(wanted)) == 2 * len(VERSIONS)


def test_of_a_release_that_is_added_only_that_is_run(tmp_path: Path) -> None:
    """All others are stored, and no key of theirs is another one."""
    before = plan_of(tmp_path, VERSIONS[:2])
    with Store(tmp_path / "store.sqlite") as store:
        fill(before, store, dict.fromkeys(VERSIONS, exp(1.0)))
        assert missing_from(store, before) == []
        wanted = missing_from(store, plan_of(tmp_path, VERSIONS))
    assert {one.cell.environment.name for one in wanted} == {VERSIONS[2]}


@pytest.mark.parametrize(
    ("names", "batches"),
    [
        ("", {"keras": 8, "behaviour": 1, "ops": 16}),
        ("MatMul", {"ops": 1}),
        ("keras.layers.Dense", {"keras": 1}),
        ("MatMul*", {"ops": 16}),
        ("keras.layers.*", {"keras": 8}),
        ("*.Dense", {"keras": 8, "behaviour": 1, "ops": 16}),
        ("behaviour.numpy.*", {"behaviour": 1}),
        ("k*", {"keras": 8, "ops": 16}),
    ],
)
def test_of_some_names_only_batches_are_run_that_may_have_them(
    tmp_path: Path, names: str, batches: dict[str, int]
) -> None:
    """Whole ones, so that what is stored of them is of use for all names too."""
    plan = make_atlas_plan(plan_of(tmp_path).config, names)
    assert Counter(part for part, _ in plan.batches) == batches
    with Store(tmp_path / "store.sqlite") as store:
        some, every = ({one.key for one in missing_from(store, of)} for of in (plan, plan_of(tmp_path)))
    assert some <= every


def test_what_is_stored_is_of_use_until_the_probe_is_another(tmp_path: Path) -> None:
    """Removing what is stale leaves it."""
    plan = plan_of(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        fill(plan, store, dict.fromkeys(VERSIONS, exp(1.0)))
        assert remove_stale(store, plan) == (0, 0)


def test_one_release_alone_is_the_users_to_mend(tmp_path: Path) -> None:
    """There is nothing to lay it beside."""
    with pytest.raises(UserError, match=r"2\.15\.1 is the only one"):
        plan_of(tmp_path, ["2.15.1"])
