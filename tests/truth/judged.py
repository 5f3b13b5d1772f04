"""What a person judged of the changes that plain results show, with the reason: `judged.toml`."""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tfmatrix.compare.verdicts import Verdict

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]  # only below Python 3.11

PATH = Path(__file__).with_name("judged.toml")
MEASURED = Path(__file__).with_name("measured.json")
"""The changes that plain results show, by release and thing: what is to be judged."""

CHANGES = (Verdict.ROUNDING, Verdict.REDRAWN, Verdict.DIFFERENT)


class Explained(NamedTuple):
    """Why tfmatrix is wrong about some rows."""

    at: tuple[str, ...]
    """As of a judgement; so are the things."""
    things: tuple[str, ...]
    reason: str


class Judged(NamedTuple):
    """One judgement, of one thing or several, at one boundary or several."""

    at: tuple[str, ...]
    """Releases that it came with: ``2.16.2`` for the boundary of 2.15.1 and 2.16.2."""
    things: tuple[str, ...]
    """Names of things, or patterns of them: ``layers[*dropout*]``."""
    verdict: Verdict
    reason: str
    stages: tuple[str, ...] = ()
    """Where it may be placed; of what is rounding it may be anywhere."""
    also: tuple[Verdict, ...] = ()
    """Verdicts that say the same in another way: what one release draws and the other does not can't be compared."""
    beneath: bool = False
    """The thing's results are the same, and what is seen beneath them is not."""


def covers(one: Judged | Explained, thing: str, release: str) -> bool:
    """Return whether a row is among those that something is said of."""
    return release in one.at and any(thing == name or fnmatch.fnmatchcase(thing, _glob(name)) for name in one.things)


def _glob(name: str) -> str:
    """Return a pattern in which brackets stand for themselves."""
    return name.replace("[", "[[]")


def load(path: Path = PATH) -> tuple[Judged, ...]:
    """Return every judgement; raises ``ValueError`` where one says too little."""
    found = []
    for table in tomllib.loads(path.read_text(encoding="utf-8"))["judged"]:
        one = Judged(
            at=tuple(table["at"]),
            things=tuple(table["things"]),
            verdict=Verdict(table["verdict"]),
            reason=" ".join(table["reason"].split()),
            stages=tuple(table.get("stages", ())),
            also=tuple(Verdict(word) for word in table.get("also", ())),
            beneath=table.get("beneath", False),
        )
        if one.verdict not in CHANGES or (one.verdict is not Verdict.ROUNDING and not one.stages) or not one.reason:
            raise ValueError(f"{one.things} at {one.at}: a change has a verdict, a reason and, beyond rounding, stages")
        found.append(one)
    return tuple(found)


def load_explained(path: Path = PATH) -> tuple[Explained, ...]:
    """Return what is known of the rows that tfmatrix is wrong about."""
    tables = tomllib.loads(path.read_text(encoding="utf-8")).get("explained", ())
    return tuple(Explained(tuple(one["at"]), tuple(one["things"]), " ".join(one["reason"].split())) for one in tables)


def explanation(explained: Iterable[Explained], thing: str, release: str) -> str:
    """Return why a row is wrong; empty where nobody knows."""
    return next((one.reason for one in explained if covers(one, thing, release)), "")


def judgement(judged: Iterable[Judged], thing: str, release: str, *, changed: bool) -> Judged | None:
    """Return the one judgement of a row, the last that covers it; None where nobody judged it."""
    covering = [one for one in judged if covers(one, thing, release) and one.beneath != changed]
    return covering[-1] if covering else None
