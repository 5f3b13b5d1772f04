"""Devices: whether a trial ran where its launch asks for, by what ran there and not by what was asked."""

from __future__ import annotations

import sys
from typing import Any, List

from .outcomes import Elsewhere

CPU, GPU = "cpu", "gpu"

BELOW = ("seeds", "atlas")
"""Purposes whose work is done in processes below the trial's, of whose devices it knows nothing."""


def require(device: str, purpose: str) -> None:
    """Raise Elsewhere where a trial of a purpose is over and did not run on the device that its launch asks for.

    Called after the work: it brings TensorFlow's runtime into being where nothing else did.
    """
    if not device or purpose in BELOW:
        return
    used = gpus_used(sys.modules.get("tensorflow"))
    if device == GPU and not used:
        raise Elsewhere("nothing ran on a GPU, which its launch asks for")
    if device == CPU and used:
        raise Elsewhere("it ran on a GPU, and its launch asks for the CPU")


def gpus_used(tf: Any) -> List[str]:
    """Return the GPUs on which this process ran something, as TensorFlow calls them: ``GPU:0``.

    TensorFlow takes the first memory of a GPU when the first op runs there or a tensor is copied to it. It has told of
    that since 2.5. Of an earlier release it is known only which GPUs it has made ready to run on.
    """
    experimental: Any = getattr(getattr(tf, "config", None), "experimental", None)
    if not hasattr(experimental, "list_logical_devices"):  # no TensorFlow, or 1.13, whose package has no GPU in it
        return []
    ready = [one.name.replace("/device:", "") for one in experimental.list_logical_devices("GPU")]
    if not hasattr(experimental, "get_memory_info"):
        return ready
    return [name for name in ready if experimental.get_memory_info(name)["peak"]]
