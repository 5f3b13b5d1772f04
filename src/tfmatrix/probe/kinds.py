"""The kinds of model. A kind is a row of `kinds.json`, which the host reads too."""

from __future__ import annotations

import contextlib
import importlib
import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

from .outcomes import Unsupported


class Kind(NamedTuple):
    """One kind of model: the columns of its row. Those that name code have ``module.name`` in the probe."""

    name: str
    marks: Dict[str, List[str]]
    """The functions, any of which makes a file one of this kind, and the parameters of each."""
    functions: Dict[str, List[str]]
    """The other functions that it may define, and the parameters of each."""
    needs: List[str]
    """What a file of this kind needs besides."""
    tiers: List[str]
    """The tiers that its trace may have."""
    modes: List[str]
    """The modes that it can be run in; none: in every one."""
    watched: bool
    """Whether its training is seen from outside, and by taps."""
    equivalent: bool
    """Whether another way to compute the same tells how much of it is rounding."""
    observe: str
    """A function of the model and the setting: loads what is to be observed, and records it."""
    drawn: str
    """A function of the two and of seeds: yields what each has it draw before its first update, by stage; empty where
    nothing that it draws is seen."""
    effects: str
    """A function of the two and of layers' paths: records the effects of these; empty where it has no layers."""
    ops: str
    """A function of the two: records a step of training, or a prediction, op by op; empty where there is neither."""
    saveable: str
    """The class whose objects formats of the exchange write and read; empty where there is nothing to save."""


KINDS = {
    name: Kind(name, **row)
    for name, row in json.loads(Path(__file__).with_name("kinds.json").read_text(encoding="utf-8")).items()
}
"""Every kind by its name."""


def code(place: str) -> Any:
    """Return what a place such as ``module.name`` names; raise Unsupported where it needs what a release lacks."""
    module, _, name = place.rpartition(".")
    try:
        return getattr(importlib.import_module("." + module, __package__), name)
    except ImportError as error:
        if str(error.name).partition(".")[0] not in ("tensorflow", "tensorflow_core"):
            raise
        raise Unsupported("this release lacks what that needs: {}".format(str(error).partition(" (")[0])) from error


def import_all() -> None:
    """Import the modules that the rows name, once for all trials."""
    for kind in KINDS.values():
        for place in filter(None, (kind.observe, kind.drawn, kind.effects, kind.ops, kind.saveable)):
            with contextlib.suppress(Unsupported):  # it is said where it is asked for
                code(place)
