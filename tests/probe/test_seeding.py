"""Seeding: every generator starts from the trial's seed, and a record of it draws nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .adopted import modes, recorded, recorder, trial

SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True, scope="module")
def seeds_of_tensorflow() -> Iterator[list[int]]:
    """Return the seeds that TensorFlow was given, and leave the other generators as they were."""
    told: list[int] = []
    v1 = SimpleNamespace(
        set_random_seed=told.append, get_default_graph=lambda: SimpleNamespace(seed=told[-1] if told else None)
    )
    states = random.getstate(), np.random.get_state()
    with pytest.MonkeyPatch.context() as patch:
        for module in (modes, trial):
            patch.setattr(module, "tf", SimpleNamespace(compat=SimpleNamespace(v1=v1), executing_eagerly=lambda: False))
        yield told
    random.setstate(states[0])
    np.random.set_state(states[1])


@given(seed=SEEDS)
def test_every_generator_is_seeded(seeds_of_tensorflow: list[int], seed: int) -> None:
    """Python's, NumPy's and TensorFlow's generators start as fresh ones of that seed do."""
    modes.seed_generators(seed)
    assert random.random() == random.Random(seed).random()
    assert np.random.random_sample() == np.random.RandomState(seed).random_sample()
    assert seeds_of_tensorflow[-1] == seed


def seed_record(seed: int) -> dict[str, Any]:
    """Seed the generators and return what is recorded of them."""
    modes.seed_generators(seed)
    made = recorder.Recorder()
    trial.record_seed(made, recorder.NATIVE)
    return recorded(made)


@given(SEEDS)
def test_what_is_recorded_of_a_seed_is_drawn_next(seed: int) -> None:
    """The numbers recorded are those that the generators draw afterwards, so that recording has changed nothing."""
    found = seed_record(seed)
    assert list(found) == ["native seed/python", "native seed/numpy", "native seed/tensorflow"]
    size = trial.SEED_DRAWS
    assert found["native seed/python"].tolist() == [random.random() for _ in range(size)]
    assert found["native seed/numpy"].tolist() == np.random.random_sample(size).tolist()
    assert found["native seed/tensorflow"].tolist() == seed


@given(st.sets(SEEDS, min_size=2, max_size=2))
def test_another_seed_has_another_record(seeds: set[int]) -> None:
    """Under two seeds every generator is recorded with other numbers."""
    one, other = (seed_record(seed) for seed in seeds)
    for name, array in one.items():
        assert array.tobytes() != other[name].tobytes()
