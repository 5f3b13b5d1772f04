"""What is known of each change, in `docs/known/changes.toml`, and what its script printed, in `seen.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfmatrix.reading import toml_of
from tfmatrix.tables import SWITCHES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "known"
CHANGES = FOLDER / "changes.toml"
SEEN = FOLDER / "seen.json"

MEANING, DRAWS, ROUNDING, REFUSED, NAME = KINDS = (
    "another meaning",
    "other random numbers",
    "rounding",
    "refused",
    "another name",
)
OWNERS = ("TensorFlow", "Keras", "NumPy")


@dataclass(frozen=True)
class Change:
    """One change between two environments."""

    name: str
    """The script's; one script may show several changes."""
    title: str
    before: str
    after: str
    kind: str
    """One of `KINDS`."""
    owner: str
    """One of `OWNERS`."""
    what: str
    seen: tuple[str, ...]
    """Where tfmatrix sees it: cells and stages, rows of the atlas."""
    undo: str = ""
    """The switch that undoes it; empty: none is known."""
    undone: str = ""
    """The environment that the switch is thrown in; empty: the later one."""
    spoken: tuple[str, ...] = ()
    """Issues and release notes that speak of it, by number and title."""

    @property
    def key(self) -> str:
        """The name of what was printed."""
        return f"{self.name} {self.after}"

    @property
    def script(self) -> Path:
        """The file that shows it."""
        return FOLDER / f"{self.name}.py"


@dataclass(frozen=True)
class Printed:
    """What a change's script printed."""

    before: str
    after: str
    undone: str = ""
    """With the switch thrown; empty where none is known."""


def load(path: Path = CHANGES) -> tuple[Change, ...]:
    """Return every change, in order; raises ``ValueError`` where a table says too little, or what is not."""
    found = []
    for table in toml_of(path)["changes"]:
        row: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
        one = Change(**row)
        if one.kind not in KINDS or one.owner not in OWNERS or not one.seen:
            raise ValueError(f"{one.key}: it has one of {KINDS}, an owner of {OWNERS}, and where it is seen")
        if one.undo and one.undo not in SWITCHES:
            raise ValueError(f"{one.key}: {one.undo!r} is no switch")
        if not one.script.is_file():
            raise ValueError(f"{one.key}: there is no script {one.script.name}")
        found.append(one)
    return tuple(found)


def load_seen(path: Path = SEEN) -> dict[str, Printed]:
    """Return what was printed, by key; nothing where nothing was run."""
    if not path.is_file():
        return {}
    return {key: Printed(**printed) for key, printed in json.loads(path.read_text(encoding="utf-8")).items()}


def write_seen(seen: Mapping[str, Printed], changes: Iterable[Change], path: Path = SEEN) -> None:
    """Keep what was printed of the changes, in their order."""
    kept = {one.key: asdict(seen[one.key]) for one in changes if one.key in seen}
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def fault(change: Change, printed: Printed) -> str:
    """Return what is wrong with what was printed, or nothing.

    Kernels that round otherwise depend on the processor: the same of both is no fault there.
    """
    if printed.before == printed.after:
        return "" if change.kind == ROUNDING else "both print the same"
    if change.undo and printed.undone != printed.before:
        return f"{change.undo} does not undo it: {printed.undone}"
    return ""
