"""Stage names: ``gradient@3/dense_1/kernel`` is the stage ``gradient``, step 3, of the variable ``dense_1/kernel``."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

NATIVE, START, INJECTED, SEEDS, EFFECTS = "native", "start", "injected", "seeds", "effects"
"""Tiers: each stage fed by the one before; the same once more, from the baseline's start; each fed canonical inputs;
initial weights under other seeds; what layers that draw make of one input, call after call."""


class Stage(NamedTuple):
    """A stage's name, taken apart."""

    kind: str
    step: int | None
    variable: str


VARIABLE, SLOT, DRAW, REPORT = "variable", "slot", "draw", "report"
"""What the names of a stage are of: a model's variables; slots, each behind its variable; draws of one step; what a
training loop says of itself, its loss and metrics."""


class _Row(NamedTuple):
    kind: str
    drawn: str = ""
    """The test that fits what it draws, a word of `redraw.TESTS`; empty where it draws nothing."""
    terminal: Callable[[Stage], bool] = lambda _: False
    """Whether no other stage is fed by it: what another seed does shows in the stages that draw from it."""
    of_training: bool = False
    """Whether only training has it: a trace with one of these has weights too, or they were lost."""
    carried: bool = False
    """Whether a training carries on what differs here in one step: a later step then differs as well."""
    handed: Callable[[Stage], bool] = lambda _: False
    """Whether a trial that begins from the baseline's start is handed it."""
    names: str = ""
    """What its names are of, by which they are aligned between traces; empty where they are compared as they are."""


def _always(_: Stage) -> bool:
    return True


def _of_step(stage: Stage) -> bool:
    return stage.step is not None


_CHAIN = (
    _Row("seed", drawn="seed", terminal=_always),
    # Of a pass over the data its rows are told apart by their digests, so that their order can be handed over.
    _Row("data", handed=_of_step),
    # Random numbers drawn by themselves feed nothing; those of a step are its masks and noise.
    _Row(
        "draw",
        drawn="numbers",
        terminal=lambda stage: stage.step is None,
        carried=True,
        handed=_of_step,
        names=DRAW,
    ),
    _Row("shuffle", drawn="order", carried=True, handed=_of_step),
    _Row("init", drawn="initial values", handed=_always, names=VARIABLE),
    _Row("batch", carried=True),
    _Row("dropout", drawn="mask", carried=True),
    _Row("forward", carried=True),
    _Row("statistics", carried=True, names=VARIABLE),
    # A loss or metric with a name is what the loop reports, a running mean mostly; no gradient is made of it.
    _Row("loss", terminal=lambda stage: bool(stage.variable), names=REPORT),
    _Row("gradient", of_training=True, carried=True, names=VARIABLE),
    _Row("update", of_training=True, carried=True, names=VARIABLE),
    _Row("slots", of_training=True, carried=True, names=SLOT),
    _Row("weights", of_training=True, carried=True, names=VARIABLE),
    _Row("recorded"),
    _Row("history", terminal=_always, of_training=True, names=REPORT),
    _Row("evaluate", terminal=_always, names=REPORT),
    _Row("predict"),
    _Row("saved", names=VARIABLE),
    _Row("loaded", names=VARIABLE),
    _Row("final", names=VARIABLE),
)

_ROWS = {row.kind: row for row in _CHAIN}

CHAIN = tuple(_ROWS)
"""Every stage, in the causal order of a training run."""

RANDOM = {row.kind: row.drawn for row in _CHAIN if row.drawn}
"""Stages that draw random numbers, and may therefore be redrawn, with the test that fits what they draw."""

NAMES_OF = {row.kind: row.names for row in _CHAIN if row.names}
"""What the names of a stage are of, where they are aligned between traces."""

CARRIED = frozenset(row.kind for row in _CHAIN if row.carried)
"""Stages of which a training carries on what differs in one step; predictions, for one, feed no later ones."""

OF_TRAINING = frozenset(row.kind for row in _CHAIN if row.of_training)
"""Stages that only training has."""

_NAME = re.compile(r"(?P<kind>[a-z]+)(?:@(?P<step>[0-9]+))?(?:/(?P<variable>.*))?", re.DOTALL)


@cache
def parse(name: str) -> Stage:
    """Return the parts of a stage's full name; what is not one of ours is a kind of its own."""
    found = _NAME.fullmatch(name)
    if not found:
        return Stage(name, None, "")
    step = found["step"]
    return Stage(found["kind"], None if step is None else int(step), found["variable"] or "")


def full_name(stage: Stage) -> str:
    """Return the name of which these are the parts."""
    step = "" if stage.step is None else f"@{stage.step}"
    return f"{stage.kind}{step}/{stage.variable}" if stage.variable else f"{stage.kind}{step}"


def is_terminal(stage: Stage) -> bool:
    """Return whether no other stage is fed by one."""
    return stage.kind in _ROWS and _ROWS[stage.kind].terminal(stage)


def is_handed(stage: Stage) -> bool:
    """Return whether a trial that begins from the baseline's start is handed a stage."""
    return stage.kind in _ROWS and _ROWS[stage.kind].handed(stage)


def place(kind: str) -> int:
    """Return where a stage stands in the chain; an unknown one stands behind the known."""
    return CHAIN.index(kind) if kind in CHAIN else len(CHAIN)
