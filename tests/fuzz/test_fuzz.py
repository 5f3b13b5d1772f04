"""A thousand mutated inputs: no traceback, no hang, and nothing that passes and must not."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from random import Random

import pytest

from building import CANDIDATE
from tfmatrix import cli

from . import targets
from .mutating import of_bytes, of_data
from .running import BAD, Part, parts, run
from .targets import HUNG, TARGETS, WRONG, Found, Said, Target

INPUTS, SEED = 1000, 20


@pytest.mark.parametrize("part", list(parts(INPUTS, SEED)), ids=lambda part: part.target)
def test_no_input_becomes_what_none_may(part: Part) -> None:
    """Every input ends with a code and a sentence, and passes only where a plain oracle knows why."""
    _, counts, faults = run(part)
    assert not faults, faults[0]
    assert counts.total() == part.inputs
    assert counts[cli.INCOMPLETE]


def test_the_inputs_are_a_thousand_of_every_kind() -> None:
    """Each kind has its share, and each input is made by a seed of its own."""
    some = list(parts(INPUTS, SEED))
    assert sum(part.inputs for part in some) >= INPUTS
    assert {part.target for part in some} == set(TARGETS)
    many = [part for part in parts(100_000, 1) if part.target == "store rows"]
    assert [part.first for part in many] == list(range(0, sum(part.inputs for part in many), 500))


def test_an_input_is_made_again_by_its_seed() -> None:
    """The same seed gives the same bytes and the same data, another seed others, and the first are left as they are."""
    data = {"a": [1, {"b": "c"}], "d": None}

    def made() -> list[str]:
        some = [Random(f"1/x/{number}") for number in range(50)]
        return [f"{of_bytes(b'a = 1' * 9, random)!r} {of_data(data, random)}" for random in some]

    assert made() == made()
    assert len(set(made())) == 50
    assert data == {"a": [1, {"b": "c"}], "d": None}


@pytest.mark.parametrize("name", ["requirement files", "environment.yml"])
def test_a_pin_is_read_as_long_as_nothing_changes_it(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is refused as it is would have every input of it be refused, and nothing be tried."""
    monkeypatch.chdir(tmp_path)
    TARGETS[name](tmp_path)
    assert (targets.command("pinned").out, targets.command("check", CANDIDATE).code) == (
        "2.15.1\n",
        cli.CHANGED,
    )


@pytest.mark.parametrize("name", TARGETS)
def test_an_input_leaves_no_trace(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an input the project is as it was: what the next one becomes is its own doing."""
    monkeypatch.chdir(tmp_path)
    target = TARGETS[name](tmp_path)

    def files() -> dict[str, str]:
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in tmp_path.rglob("*")
            if path.is_file()
            and "reports" not in path.parts[-2:]
            and not path.name.endswith((".lock", ".svg"))
            and (path.suffix != ".sqlite" or name == "store rows")  # where others have measured distances kept
        }

    before = files()
    for number in range(3):
        target.attempt(Random(number))
    assert files() == before


class Planted(targets.Requirements):
    """A target whose command does what a fault would."""

    said: Said | BaseException = Said(cli.SAME, "", "")


@pytest.mark.parametrize(
    ("said", "became"),
    [
        (Said(125, "", "Traceback"), 125),
        (Said(0, "2.16.2 against 2.15.1: pass", ""), WRONG),
        (Said(0, "2.15.1", ""), 0),
        (Said(1, "a", ""), 1),
        (Said(2, "", "tfmatrix: a."), 2),
        (Said(2, "", "a"), WRONG),
        (Said(2, "", ""), WRONG),
        (targets.Hung(), HUNG),
    ],
    ids=str,
)
def test_a_planted_fault_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said | BaseException, became: int | str
) -> None:
    """A traceback, a hang, a pass that is none and a 2 without a sentence are told from what may be."""
    monkeypatch.chdir(tmp_path)
    target = Planted(tmp_path)

    def command(*_: str) -> Said:
        if isinstance(said, BaseException):
            raise said
        return said

    monkeypatch.setattr(targets, "command", command)
    assert target.attempt(Random(1)).became == became


def test_what_takes_too_long_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that does not end is ended, and the alarm is as it was."""

    class Endless(Target):
        weight = 1

        def prepare(self) -> None:
            pass

        def one(self, random: Random) -> Found:
            while True:
                pass

    monkeypatch.setattr(targets, "PATIENCE", 0.01)
    before = signal.getsignal(signal.SIGALRM)
    here = Path.cwd()
    try:
        assert Endless(here).attempt(Random(1)).became == HUNG
    finally:
        os.chdir(here)
    assert signal.getsignal(signal.SIGALRM) is before
    assert HUNG in BAD
