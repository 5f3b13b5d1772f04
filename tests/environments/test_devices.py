"""Devices: what a launch may ask for, and why it can't be had."""

from __future__ import annotations

from dataclasses import replace

import pytest

from building import MACHINE_OF_TESTS
from probe.adopted import devices as of_probe
from tfmatrix.environments import devices
from tfmatrix.environments.devices import CPU, GPU, VARIABLES, lacking
from tfmatrix.records import Environment, Launch, Machine

WITH_GPU = replace(MACHINE_OF_TESTS, gpus=("H200, 570.1",))

FOR_GPUS = Environment("2.15.1", distribution="tensorflow")


@pytest.mark.parametrize(
    ("device", "environment", "machine", "reason"),
    [
        (GPU, FOR_GPUS, WITH_GPU, ""),
        (GPU, FOR_GPUS, MACHINE_OF_TESTS, "no GPU on this machine"),
        (GPU, Environment("2.15.1"), MACHINE_OF_TESTS, "no GPU on this machine"),
        (
            GPU,
            Environment("2.15.1"),
            WITH_GPU,
            "tensorflow-cpu runs on no GPU; set distribution to tensorflow[and-cuda]",
        ),
        (
            GPU,
            Environment("2.22.0.dev20260905", distribution="tf-nightly-cpu"),
            WITH_GPU,
            "tf-nightly-cpu runs on no GPU; set distribution to tensorflow[and-cuda]",
        ),
        (CPU, FOR_GPUS, WITH_GPU, ""),
        (CPU, FOR_GPUS, MACHINE_OF_TESTS, ""),
        ("", FOR_GPUS, MACHINE_OF_TESTS, ""),
    ],
)
def test_a_gpu_needs_one_that_is_there_and_a_tensorflow_that_runs_on_it(
    device: str, environment: Environment, machine: Machine, reason: str
) -> None:
    """What is lacking is said; a launch that asks for no GPU lacks nothing."""
    assert lacking(Launch("x", device=device), environment, machine) == reason


def test_the_probe_has_the_same_words_for_devices() -> None:
    """It imports nothing of ours, so they stand in both."""
    assert {of_probe.CPU, of_probe.GPU} == {devices.CPU, devices.GPU} == set(VARIABLES)
