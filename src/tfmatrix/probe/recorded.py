"""The module `tfmatrix` as a model has it within a trial: its `record` writes down what the model wants to be seen."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Callable, List

Take = Callable[[str, Any], None]

_TAKING: List[Take] = []


def offer() -> None:
    """Give that module to whatever imports it in this process."""
    module = ModuleType("tfmatrix")
    module.record = _record  # type: ignore[attr-defined]
    sys.modules["tfmatrix"] = module


def take(taking: Take) -> None:
    """Have what is recorded from now on be handed to a function of its name and the tensor."""
    _TAKING[:] = [taking]


def _record(name: str, tensor: Any) -> None:
    """Hand a tensor on; where nothing is watched, nothing is done."""
    for taking in _TAKING:
        taking(name, tensor)
