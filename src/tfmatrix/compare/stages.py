"""Stage names: ``gradient@3/dense_1/kernel`` is the stage ``gradient``, step 3, of the variable ``dense_1/kernel``."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

CHAIN = (
    "seed", "data", "draw", "shuffle", "init", "batch", "dropout", "forward", "statistics", "loss", "gradient",
    "update", "slots", "weights", "predict", "saved", "loaded",
)  # fmt: skip
"""Every stage, in the causal order of a training run."""

RANDOM = frozenset({"seed", "draw", "shuffle", "init", "dropout"})
"""Stages that draw random numbers, and may therefore be redrawn."""

TERMINAL = frozenset({"seed", "draw"})
"""Random stages that no other stage is fed by: what another seed does shows in the stages that draw from it."""

_NAME = re.compile(r"(?P<kind>[a-z]+)(?:@(?P<step>[0-9]+))?(?:/(?P<variable>.*))?", re.DOTALL)


class Stage(NamedTuple):
    """A stage's name, taken apart."""

    kind: str
    step: int | None
    variable: str


@cache
def parse(name: str) -> Stage:
    """Return the parts of a stage's full name; what is not one of ours is a kind of its own."""
    found = _NAME.fullmatch(name)
    if not found:
        return Stage(name, None, "")
    step = found["step"]
    return Stage(found["kind"], None if step is None else int(step), found["variable"] or "")


def place(kind: str) -> int:
    """Return where a stage stands in the chain; an unknown one stands behind the known."""
    return CHAIN.index(kind) if kind in CHAIN else len(CHAIN)
