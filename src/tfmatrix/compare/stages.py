"""Stage names: ``gradient@3/dense_1/kernel`` is the stage ``gradient``, step 3, of the variable ``dense_1/kernel``."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple


class _Row(NamedTuple):
    kind: str
    drawn: str = ""
    """The test that fits what it draws, a word of `redraw.TESTS`; empty where it draws nothing."""
    terminal: bool = False
    """Whether no other stage is fed by it: what another seed does shows in the stages that draw from it."""


_CHAIN = (
    _Row("seed", drawn="seed", terminal=True),
    _Row("data"),
    _Row("draw", drawn="numbers", terminal=True),
    _Row("shuffle", drawn="order"),
    _Row("init", drawn="initial values"),
    _Row("batch"),
    _Row("dropout", drawn="mask"),
    _Row("forward"),
    _Row("statistics"),
    _Row("loss"),
    _Row("gradient"),
    _Row("update"),
    _Row("slots"),
    _Row("weights"),
    _Row("predict"),
    _Row("saved"),
    _Row("loaded"),
)

CHAIN = tuple(row.kind for row in _CHAIN)
"""Every stage, in the causal order of a training run."""

RANDOM = {row.kind: row.drawn for row in _CHAIN if row.drawn}
"""Stages that draw random numbers, and may therefore be redrawn, with the test that fits what they draw."""

TERMINAL = frozenset(row.kind for row in _CHAIN if row.terminal)
"""Random stages that no other stage is fed by."""

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
