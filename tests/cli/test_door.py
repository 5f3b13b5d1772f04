"""What a project's files may be, however they came to be so: one sentence and 2, no traceback, nothing waited for."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from building import ones
from gate.project import accept, gated, of_candidate
from tfmatrix import cli

from .project import Tell, stored

Spoil = Callable[[Path], object]


def configured(line: str) -> Spoil:
    """Return a function that writes a configuration of one line besides the usual ones."""

    def write(folder: Path) -> None:
        path = folder / "pyproject.toml"
        text = path.read_text(encoding="utf-8")
        name = line.partition(" ")[0]
        kept = [old for old in text.splitlines() if old.partition(" ")[0] != name]
        path.write_text("\n".join([kept[0], line, *kept[1:]]) + "\n", encoding="utf-8")

    return write


def model(content: str | bytes, name: bytes = b"more.py") -> Spoil:
    """Return a function that adds a model file."""
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    return lambda folder: Path(os.fsdecode(os.fsencode(folder / "reference_models") + b"/" + name)).write_bytes(data)


SPOILT: dict[str, tuple[Spoil, str]] = {
    "TOML nested deeply": (configured("x = " + "[" * 3000 + "]" * 3000), "nested too deeply"),
    "an integer of 5,001 digits": (configured("seed = " + "9" * 5001), "cannot be read"),
    "an integer of many digits in hexadecimal": (configured("seed = 0x" + "f" * 5001), "seed must be at most"),
    "an optimizer's integer without end": (
        configured(
            'models.m = { model = "m:b", data = "m:d", optimizer = { name = "Adam", learning_rate = 0x'
            + "f" * 5001
            + " } }"
        ),
        "which is no number that an optimizer takes",
    ),
    "a million trials": (configured("trials = 1000000"), "trials must be at most 1000"),
    "a million jitters": (configured("jitters = 1000000"), "jitters must be at most 1000"),
    "seconds without end": (configured("timeout = 1e300"), "timeout must be at most"),
    "whole seconds without end": (configured("timeout = 0x" + "f" * 300), "timeout must be at most"),
    "a long string": (configured(f"modes = '{'x' * 10**6}'"), "..."),
    "a model that is no UTF-8": (model("", b"m\xff.py"), "has a name that is not UTF-8"),
    "half a character in VARIANTS": (model('VARIANTS = {"\\ud800": {}}\n'), "half a character is no text"),
}


@pytest.mark.parametrize("command", ["check", "report"])
@pytest.mark.parametrize(("spoil", "saying"), SPOILT.values(), ids=SPOILT)
def test_a_project_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, tell: Tell, spoil: Spoil, saying: str, command: str
) -> None:
    """Deep, long and half characters in configuration and models, and pipes among these, end at the door."""
    stored(tmp_path, lambda _: ones())
    spoil(tmp_path)
    gc.collect()  # what other tests left would complain if it were finalised at the limit of recursion
    said = tell(*{"check": ("check", "2.16.2", "--baseline", "2.15.1"), "report": ("report",)}[command])
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert saying in said.err
    assert len(said.err.splitlines()) == 1
    assert len(said.err) < 1000


BROKEN_MODELS: dict[str, Spoil] = {
    "100,000 tokens in each other": model("x = " + "-" * 100_000 + "1\n"),
    "100,000 sums in each other": model("x = " + "a + " * 100_000 + "a\n"),
    "a pipe": lambda folder: os.mkfifo(folder / "reference_models" / "more.py"),
    "a folder": lambda folder: (folder / "reference_models" / "more.py").mkdir(),
    "a link to nowhere": lambda folder: (folder / "reference_models" / "more.py").symlink_to(folder / "nowhere.py"),
}


@pytest.mark.parametrize("command", ["check", "report"])
@pytest.mark.parametrize("spoil", BROKEN_MODELS.values(), ids=BROKEN_MODELS)
def test_a_model_that_cannot_be_read_is_told(tmp_path: Path, tell: Tell, spoil: Spoil, command: str) -> None:
    """What is too deep to be parsed, and what is no file, is named, not waited for, and no bug of ours."""
    stored(tmp_path, lambda _: ones())
    spoil(tmp_path)
    said = tell(*{"check": ("check", "2.16.2", "--baseline", "2.15.1"), "report": ("report",)}[command])
    assert said.code == cli.INCOMPLETE
    assert "more" in said.out + said.err
    assert "Traceback" not in said.err


def test_a_model_that_is_no_python_stops_no_other(tmp_path: Path, tell: Tell) -> None:
    """A number of too many digits is no Python, whose trials will say so: every command goes on."""
    stored(tmp_path, lambda _: ones())
    model("x = " + "9" * 5001)(tmp_path)
    said = tell("check", "2.16.2", "--baseline", "2.15.1")
    assert said.code == cli.INCOMPLETE
    assert "missing" in said.out


LEDGERS = {
    "the last day there is": ("until = .*", "until = 9999-12-31", "at most 366 days after on"),
    "accepted on the last day": (r"\non = .*", "\non = 9999-12-31", "not before it"),
    "nested deeply": ("schema = 1", "schema = " + "[" * 3000 + "]" * 3000, "cannot be read"),
    "a long number": ("schema = 1", "schema = " + "9" * 5001, "cannot be read"),
    "a truth for a number": ("schema = 1", "schema = true", "has the schema True"),
    "a broken number": ("schema = 1", "schema = 1.0", "has the schema 1.0"),
}


@pytest.mark.parametrize(("old", "new", "saying"), LEDGERS.values(), ids=LEDGERS)
def test_a_ledger_of_another_shape_is_one_sentence(tmp_path: Path, tell: Tell, old: str, new: str, saying: str) -> None:
    """Days at the end of time, and what only looks like a schema, are mistakes of the ledger."""
    gated(tmp_path, of_candidate(weights=[9.0] * 4), ["same"])
    accept(tell, "same/tf2", "--stage", "weights")
    path = tmp_path / "tfmatrix-accepted.toml"
    changed = path.read_text(encoding="utf-8")
    changed = re.sub(old, new, changed, count=1)
    assert new in changed
    path.write_text(changed, encoding="utf-8")
    for command in (
        ("check", "2.16.2"),
        ("accept", "2.16.2", "--cell", "same/tf2", "--stage", "weights", "--reason", "r", "--by", "b"),
    ):
        said = tell(*command, *(("--expires", "2027-03-01") if command[0] == "accept" else ()))
        assert (said.code, said.out) == (cli.INCOMPLETE, "")
        assert saying in said.err
        assert len(said.err.splitlines()) == 1


def test_a_record_at_the_end_of_time_is_of_a_day_that_has_not_come(tmp_path: Path, tell: Tell) -> None:
    """Days to which no year can be added are days all the same, and cover nothing today."""
    gated(tmp_path, of_candidate(weights=[9.0] * 4), ["same"])
    accept(tell, "same/tf2", "--stage", "weights")
    path = tmp_path / "tfmatrix-accepted.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub("on = .*\nuntil = .*", "on = 9999-12-01\nuntil = 9999-12-31", text), encoding="utf-8")
    said = tell("check", "2.16.2")
    assert said.code == cli.CHANGED
    assert "was accepted on 9999-12-01, a day that has not come" in said.out


@pytest.mark.parametrize(
    "choices",
    [
        {"--expires": "9999-12-31"},
        {"--reason": "half \udcff"},
        {"--by": "half \udcff"},
        {"--cell": "half \udcff"},
        {"--stage": "half \udcff"},
    ],
    ids=str,
)
def test_what_cannot_be_accepted_is_one_sentence(tmp_path: Path, tell: Tell, choices: dict[str, str]) -> None:
    """A last day at the end of time, and a word of bytes that are no UTF-8, are refused before anything is written."""
    gated(tmp_path, of_candidate(weights=[9.0] * 4), ["same"])
    usual = {"--cell": "same/tf2", "--stage": "weights", "--reason": "r", "--by": "b", "--expires": "2027-03-01"}
    said = tell("accept", "2.16.2", *(part for pair in {**usual, **choices}.items() for part in pair), "--write")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "tfmatrix-accepted.toml").exists()
