"""Devices: what a launch can ask for, the variables by which it asks, and why it can't be had on a machine."""

from __future__ import annotations

from collections.abc import Mapping

from tfmatrix.records import Environment, Launch, Machine

CPU, GPU = "cpu", "gpu"

VARIABLES: Mapping[str, Mapping[str, str]] = {
    CPU: {"CUDA_VISIBLE_DEVICES": "-1"},  # CUDA looks no further than the first number that no device has
    GPU: {"TF_FORCE_GPU_ALLOW_GROWTH": "true"},  # else one process takes all of a GPU's memory
}
"""The variables that a process starts with whose launch asks for a device, by its name."""

CPU_ALONE = frozenset({"tensorflow-cpu", "tf-nightly-cpu"})
"""Distributions that have no kernel for a GPU."""


def lacking(launch: Launch, environment: Environment, machine: Machine) -> str:
    """Return what keeps an environment on a machine from the device of a launch; empty where nothing does."""
    if launch.device != GPU:
        return ""
    if not machine.gpus:
        return "no GPU on this machine"
    distribution = environment.distribution
    return (
        f"{distribution} runs on no GPU; set distribution to tensorflow[and-cuda]" if distribution in CPU_ALONE else ""
    )
