"""The tables that host and probe share, read from the probe's own files: modes, kinds, switches, ways to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROBE = Path(__file__).parent / "probe"


@dataclass(frozen=True)
class Mode:
    """What the host asks of a mode's row."""

    name: str
    summary: str
    """What the mode is, in one line."""
    default: bool
    """Whether it is run where no modes are chosen."""
    engine: str
    """The word for what runs its programs: formats of saved models are of one engine or of both."""
    op_determinism: bool


@dataclass(frozen=True)
class Kind:
    """What the host asks of the row of a kind of model."""

    name: str
    marks: tuple[str, ...]
    """The functions, any of which makes a file one of this kind."""
    modes: tuple[str, ...]
    """The modes that it can be run in; none: in every one."""
    watched: bool
    """Whether its training is seen from outside."""
    equivalent: bool
    """Whether another way to compute the same tells how much of it is rounding."""


@dataclass(frozen=True)
class Way:
    """What the host asks of another way to read a saved model that a release refuses."""

    name: str
    rewritten: str
    """The format that the baseline writes it in; empty: it is read as it is."""
    further: str
    """The package that the environment needs besides; empty: none."""
    used: str
    """What a user does, with ``{baseline}``, ``{notes}``, ``{further}`` and ``{saved}`` in it."""


@dataclass(frozen=True)
class Switch:
    """What is tried to undo a difference: the columns of its row, of which a row has what it needs."""

    name: str
    how: str
    """What a user does, with ``{further}`` and ``{kept}`` in it."""
    costs: str
    """What it costs its user."""
    source: str
    """Where it is described."""
    further: str = ""
    """A package that is installed besides."""
    kept: tuple[str, ...] = ()
    """Packages that are kept as the baseline has them."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables, sorted by name."""
    settings: tuple[str, ...] = ()
    """What is set in the process: names of the probe's `SETTINGS`."""
    threads: int = 0
    """How many threads are used; 0: as many as the launch has."""
    mode: str = ""
    """The mode that it is run in, in place of its own."""
    modes: tuple[str, ...] = ()
    """The modes in which it means something; none: in every one."""
    both: bool = False
    """Whether it is tried on both sides too: it is no property of one release."""
    first: str = ""
    """The first minor release that knows it; empty: all do."""
    last: str = ""
    """The last one."""
    parts: tuple[str, ...] = ()
    """The switches that it consists of, which are tried where it undoes something."""
    part: bool = False
    """Whether it is tried only as a part of another."""


def _switch(name: str, row: Mapping[str, Any]) -> Switch:
    """Return a row's switch; JSON has no tuples."""
    variables = tuple(sorted(row.get("variables", {}).items()))
    listed = {column: tuple(value) for column, value in row.items() if isinstance(value, list)}
    return Switch(name, **{**row, **listed, "variables": variables})


def _rows(name: str) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = json.loads((PROBE / f"{name}.json").read_text(encoding="utf-8"))
    return found


MODES = {
    name: Mode(name, row["summary"], row["default"], row["engine"], row["op_determinism"])
    for name, row in _rows("modes").items()
}
"""Every mode by its name."""

DEFAULT_MODES = tuple(mode.name for mode in MODES.values() if mode.default)

WAYS = {name: Way(name, row["rewritten"], row["further"], row["used"]) for name, row in _rows("ways").items()}
"""Every other way to read a saved model by its name, in the order in which they are advised."""

SWITCHES = {name: _switch(name, row) for name, row in _rows("switches").items()}
"""Every switch by its name, in the order in which they are tried."""

KINDS = {
    name: Kind(name, tuple(row["marks"]), tuple(row["modes"]), row["watched"], row["equivalent"])
    for name, row in _rows("kinds").items()
}
"""Every kind of model by its name."""
