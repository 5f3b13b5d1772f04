"""A table of situations of pins, each held against what uv would install: nothing that moves is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pins.projects import write
from tfmatrix import config as configuration
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.gate import staged
from tfmatrix.gate.levels import Level
from tfmatrix.gate.pinned import environment_in, outlook, reasons

from . import situations
from .situations import Situation, Truth

GREEN = {"keras==2.15.0", "numpy==1.26.4"}
"""What the lock of 2.15.1 has."""


@pytest.fixture(scope="module")
def table(stub_index: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Situation]]:
    """Return every situation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_DEFAULT_INDEX", stub_index)
        yield list(situations.situations(tmp_path_factory.mktemp("wheels") / "here"))


def laid(folder: Path, files: situations.Files) -> Config:
    """Write a project of tfmatrix's, and return its configuration."""
    write(folder, {"pyproject.toml": situations.TABLE, **files})
    return configuration.load(folder)


def told_of(config: Config, before: Path) -> str | None:
    """Return what the hook says of a change that nothing vouches for; None where it says nothing."""
    try:
        if staged.is_moved(config, before):
            return "moved"
        staged.require_read(config)
    except UserError as error:
        return str(error)
    return None


def told_when_pinned(config: Config) -> str:
    """Return why what a project installs is not 2.15.1 as its lock has it; empty where it is."""
    found = outlook(config)
    try:
        environment = environment_in(config, found)
    except UserError as error:
        return str(error)
    told = [one.text for one in reasons(config, found, environment) if one.level is Level.INCOMPLETE]
    return "; ".join(told) or ("" if environment.name == "2.15.1" else f"it is {environment.name}")


def installs(found: Truth) -> dict[str, frozenset[str]]:
    """Return what of a truth installs anything that is watched."""
    return {typed: packages for typed, packages in found.items() if packages}


def moves(was: Mapping[str, frozenset[str]], now: Mapping[str, frozenset[str]]) -> bool:
    """Return whether a command installs something else, or one that comes or goes what no other one installs."""
    if any(was[typed] != now[typed] for typed in set(was) & set(now)):
        return True
    before, after = ({*sets.values()} for sets in (was, now))
    came, went = ({sets[typed] for typed in set(sets) - set(other)} for sets, other in ((now, was), (was, now)))
    return bool(came - before or went - after)


def is_green(found: Truth) -> bool:
    """Return whether all that installs TensorFlow installs 2.15.1 as its lock has it, and nothing is refused."""
    sets = list(installs(found).values())
    pinned = [{*GREEN, f"{name}==2.15.1"} for name in ("tensorflow", "tensorflow-cpu")]
    return bool(sets) and all(each in pinned for each in sets)


@pytest.mark.parametrize("number", range(1, 13))
def test_nothing_that_moves_is_passed_over(table: list[Situation], tmp_path: Path, number: int) -> None:
    """The hook speaks where uv would install something else, and only there; what is pinned passes where it is so."""
    for at, situation in enumerate(table[number - 1 :: 12]):
        folder = tmp_path / str(at)
        laid(folder / "before", situation.before)
        config = laid(folder / "staged", situation.staged)
        was, now = (installs(situations.truth(files)) for files in (situation.before, situation.staged))
        told = told_of(config, folder / "before")
        pinned = told_when_pinned(config)
        if situation.red:
            assert told, situation.name
            assert re.search(situation.red, f"{told}; {pinned}"), (situation.name, told, pinned)
            assert pinned, situation.name
        elif situation.moves:
            assert told, situation.name
        else:
            refused = any("refused" in packages for packages in now.values())
            assert bool(told) == (moves(was, now) or refused), (situation.name, told, was, now)
            assert (not pinned) == is_green(now), (situation.name, pinned, now)


def test_the_table_is_long_enough(table: list[Situation]) -> None:
    """It has every kind of change in every kind of place, each under a name of its own."""
    assert len({situation.name for situation in table}) == len(table) > 250
