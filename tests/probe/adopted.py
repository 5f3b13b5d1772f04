"""The probe's modules in this process, under the name that the probe gives to its folder.

Those that import TensorFlow get a stand-in for it, which has what their import asks for and computes nothing. A test
puts what it needs into its place; what TensorFlow itself does is tested on real releases.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import runpy
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tfmatrix.records import Tensor
from tfmatrix.store.fingerprints import to_array

from .client import PROBE

PROGRAM = runpy.run_path(str(PROBE / "__main__.py"), run_name="the_probe")
PROGRAM["adopt_folder"]()


def _module(name: str) -> Any:
    return importlib.import_module(f"{PROGRAM['NAME']}.{name}")


class _StandIn(ModuleType):
    """A module of TensorFlow's: whatever is imported from it is there, and computes nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a stand-in for TensorFlow and every module of it."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        inside = fullname.partition(".")[0] == "tensorflow"
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if inside else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def _module_with_stand_in(name: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "meta_path", [_StandIns(), *sys.meta_path])
        try:
            return _module(name)
        finally:
            for module in [module for module in sys.modules if module.partition(".")[0] == "tensorflow"]:
                del sys.modules[module]


canonical = _module("canonical")
contents = _module("contents")
devices = _module("devices")
evidence = _module("evidence")
fingerprint = _module("fingerprint")
folders = _module("folders")
importing = _module("importing")
inputs = _module("inputs")
isolation = _module("isolation")
keeping = _module("keeping")
kinds = _module("kinds")
loading = _module("loading")
messages = _module("messages")
names = _module("names")
outcomes = _module("outcomes")
processes = _module("processes")
progress = _module("ops.progress")
reads = _module("reads")
recorded_module = _module("recorded")
recorder = _module("recorder")
subgraph = _module("ops.subgraph")
unseen = _module("unseen")
log = _module("watch.log")
rows = _module("watch.rows")
commands = _module("commands")
named = _module("named")
tensorflow_files = _module("tensorflow_files")

atlas_rows = _module_with_stand_in("atlas.rows")
atlas_running = _module_with_stand_in("atlas.running")
atlas_inputs = _module_with_stand_in("atlas.inputs")
atlas_keras_names = _module_with_stand_in("atlas.keras_names")
atlas_keras_rows = _module_with_stand_in("atlas.keras_rows")
building = _module_with_stand_in("ops.building")
engines = _module_with_stand_in("engines")
functional = _module_with_stand_in("functional")
graphs = _module_with_stand_in("graphs")
builders = _module_with_stand_in("builders")
first_draws = _module_with_stand_in("first_draws")
injected = _module_with_stand_in("injected")
modes = _module_with_stand_in("modes")
networks = _module_with_stand_in("networks")
observers = _module_with_stand_in("observers")
op_seeds = _module_with_stand_in("op_seeds")
op_steps = _module_with_stand_in("ops.steps")
optimizers = _module_with_stand_in("optimizers")
saveable = _module_with_stand_in("saveable")
trial = _module_with_stand_in("trial")


def recorded(recorder: Any) -> dict[str, NDArray[Any]]:
    """Return what a recorder's payload holds, ``tier stage`` to array, in the order of the trace."""
    payload = recorder.payload()
    at = 8 + int.from_bytes(payload[:8], "little")
    manifest = json.loads(payload[8:at])
    arrays: dict[str, NDArray[Any]] = {}
    for digest, dtype, shape, size, whole in manifest["tensors"]:
        arrays[digest] = to_array(Tensor(dtype, tuple(shape), payload[at : at + size], whole))
        at += size
    assert at == len(payload)
    return {f"{tier} {stage}": arrays[digest] for tier, stage, digest in manifest["trace"]}


def bits(array: Any) -> tuple[str, tuple[int, ...], bytes]:
    """Return all that tells two arrays apart: dtype, shape and bytes."""
    array = np.asarray(array)
    return array.dtype.str, array.shape, array.tobytes()
