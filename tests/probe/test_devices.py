"""Devices: what ran on a GPU is told by what TensorFlow says afterwards, here by a stand-in for it."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from .adopted import devices, outcomes

NOTHING = "nothing ran on a GPU, which its launch asks for"


def tensorflow(peaks: dict[str, int], *, tells_memory: bool = True) -> Any:
    """Return a TensorFlow that made some GPUs ready, each with the most memory that was taken of it."""
    told: dict[str, Any] = {
        "list_logical_devices": lambda kind: [SimpleNamespace(name=f"/device:{name}") for name in peaks if kind in name]
    }
    if tells_memory:
        told["get_memory_info"] = lambda name: {"current": 0, "peak": peaks[name]}
    return SimpleNamespace(config=SimpleNamespace(experimental=SimpleNamespace(**told)))


@pytest.mark.parametrize(
    ("found", "used"),
    [
        (tensorflow({}), []),
        (tensorflow({"GPU:0": 0}), []),
        (tensorflow({"GPU:0": 0, "GPU:1": 1280}), ["GPU:1"]),
        (tensorflow({"GPU:0": 0}, tells_memory=False), ["GPU:0"]),
        (tensorflow({}, tells_memory=False), []),
        (SimpleNamespace(config=SimpleNamespace(experimental=SimpleNamespace())), []),
        (SimpleNamespace(), []),
        (None, []),
    ],
    ids=["no GPU", "idle", "the second", "2.4, ready", "2.4, no GPU", "1.13", "none at all", "not imported"],
)
def test_a_gpu_was_used_whose_memory_was_taken(found: Any, used: list[str]) -> None:
    """One that is ready and idle was not; before TensorFlow told of memory, to be ready is all that is known."""
    assert devices.gpus_used(found) == used


@pytest.mark.parametrize(
    ("device", "peak", "told"),
    [
        ("gpu", 0, NOTHING),
        ("gpu", 1280, ""),
        ("cpu", 0, ""),
        ("cpu", 1280, "it ran on a GPU, and its launch asks for the CPU"),
        ("", 0, ""),
        ("", 1280, ""),
    ],
)
def test_what_ran_elsewhere_than_its_launch_asks_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, device: str, peak: int, told: str
) -> None:
    """By what ran there, and not by what was asked; a launch that asks for nothing takes what there is."""
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow({"GPU:0": peak}))
    if not told:
        devices.require(device, "train")
        return
    with pytest.raises(outcomes.Elsewhere) as raised:
        devices.require(device, "train")
    assert str(raised.value) == told


@pytest.mark.parametrize("purpose", devices.BELOW)
def test_work_of_processes_below_is_not_asked_about(monkeypatch: pytest.MonkeyPatch, purpose: str) -> None:
    """Of their devices the trial's own process knows nothing."""
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow({}))
    devices.require("gpu", purpose)
