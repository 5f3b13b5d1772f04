"""What a model itself wants to be seen: taken within a trial, and nothing anywhere else."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import tfmatrix

from .adopted import recorded_module as recorded


def test_outside_of_a_trial_nothing_is_done() -> None:
    """A script that records runs as it did, whatever it hands over."""
    tfmatrix.record("hidden", object())


def test_in_a_trial_it_is_handed_to_whoever_watches_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module that a model imports is the trial's own, and before anything is watched it does nothing."""
    monkeypatch.setitem(sys.modules, "tfmatrix", tfmatrix)
    monkeypatch.setattr(recorded, "_TAKING", [])
    recorded.offer()
    own: Any = sys.modules["tfmatrix"]
    assert own is not tfmatrix
    own.record("early", 0)
    first: list[tuple[str, Any]] = []
    second: list[tuple[str, Any]] = []
    recorded.take(lambda name, tensor: first.append((name, tensor)))
    recorded.take(lambda name, tensor: second.append((name, tensor)))
    own.record("hidden", 1)
    assert (first, second) == ([], [("hidden", 1)])
