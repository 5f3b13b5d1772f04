"""The machine: what of it may change a result's bits."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path

import psutil

from tfmatrix.records import Machine

INHERITED = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
"""The variables that a trial has from its caller and that may change its bits: which GPUs and libraries it finds."""


@cache
def this_machine() -> Machine:
    """Return a description of the machine that this runs on."""
    first = _first_processor()
    return Machine(
        cpu=first.get("model name") or platform.processor() or "unknown",
        flags=tuple(sorted(first.get("flags", first.get("Features", "")).split())),
        architecture=platform.machine(),
        libc=" ".join(platform.libc_ver()).strip(),
        gpus=_gpus(),
        kernel=platform.release(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
    )


@cache
def machine_id(machine: Machine) -> str:
    """Return the digest of what may change bits: another kernel or more memory is the same machine."""
    chosen = {
        key: value for key, value in asdict(machine).items() if key in {"cpu", "flags", "architecture", "libc", "gpus"}
    }
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode("utf-8")).hexdigest()


def inherited(chosen: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what a trial covers of its caller's variables, where its launch has chosen some itself.

    Each is its name and its value as JSON: unset, which shows every GPU, is not empty, which shows none.
    """
    found = {**os.environ, **chosen}
    return tuple((f"variable {name}", json.dumps(found.get(name))) for name in INHERITED)


def _first_processor() -> dict[str, str]:
    """Return the first processor's lines of /proc/cpuinfo by name, nothing where there is no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {}
    lines = text.split("\n\n")[0].splitlines()
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _gpus() -> tuple[str, ...]:
    """Return name and driver of each GPU that NVIDIA's tool lists, nothing where it is missing or fails."""
    if not shutil.which("nvidia-smi"):
        return ()
    listed = subprocess.run(
        ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    )
    return tuple(listed.stdout.strip().splitlines()) if listed.returncode == 0 else ()
