"""`tfmatrix versions` on the command line: what is listed, what is left to --json, and what is newer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tfmatrix import cli
from tfmatrix.environments import locks, offered
from tfmatrix.environments.offered import Wheel
from tfmatrix.errors import Unavailable

from .project import Tell


@pytest.fixture
def _index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an index offer some releases, of which one is locked."""
    offering = {
        "tensorflow-cpu": {
            "2.22.0rc0": ["3.11", "3.12", "3.13"],
            "2.21.0": ["3.9", "3.10", "3.12"],
            "2.21.0rc1": ["3.10"],
            "2.15.1": ["3.10", "3.11"],
            "2.4.0": ["3.8"],
        },
        "tf-nightly-cpu": {"2.23.0.dev20260102": [""]},
        "tensorflow": {"2.15.1": ["3.10"]},
    }

    def ask(_: str, package: str) -> list[Wheel]:
        return [Wheel(version, one) for version, pythons in offering.get(package, {}).items() for one in pythons]

    monkeypatch.setattr(offered, "wheels_of", ask)
    monkeypatch.setattr(offered, "indexes", lambda _: ("https://index.test/simple",))
    monkeypatch.setattr(locks, "OWN_LOCKS", tmp_path / "own")
    (tmp_path / "own").mkdir()
    for name in ("tensorflow-cpu-2.15.1-py310", "tensorflow-cpu-2.3.0-py38", "tensorflow-2.15.1-py310"):
        (tmp_path / "own" / f"{name}.txt").write_text("", encoding="utf-8")


@pytest.mark.usefixtures("_index")
def test_what_is_offered_is_listed_beside_what_is_locked(tell: Tell) -> None:
    """Releases and what may become one; what is older than any that is known is counted."""
    said = tell("versions")
    assert (said.code, said.err) == (cli.SAME, "")
    assert [" ".join(line.split()) for line in said.out.splitlines()] == [
        "tensorflow-cpu at index.test, newest first:",
        "tf-nightly-cpu 2.23.0.dev20260102 nightly any Python not locked, not yet known to tfmatrix",
        "2.22.0rc0 pre-release 3.11 to 3.13 not locked, not yet known to tfmatrix",
        "2.21.0 final 3.9, 3.10, 3.12 not locked",
        "2.15.1 final 3.10, 3.11 locked for Python 3.10",
        "and 2 older releases and pre-releases, which --json lists",
        "locked and not offered any more: 2.3.0",
        "newer than 2.15.1, the newest that is locked: "
        "tf-nightly-cpu 2.23.0.dev20260102, 2.22.0rc0, 2.21.0, 2.21.0rc1; `tfmatrix lock VERSION` locks one.",
    ]


@pytest.mark.usefixtures("_index")
def test_json_has_all_of_it(tell: Tell) -> None:
    """And nothing else is printed."""
    read = json.loads(tell("versions", "--json").out)
    assert {one["version"] for one in read["offers"]} >= {"2.4.0", "2.21.0rc1", "2.22.0rc0"}
    assert read["newest_locked"] == "2.15.1"


@pytest.mark.usefixtures("_index")
def test_the_distribution_is_the_configured_one_or_that_of_the_option(tmp_path: Path, tell: Tell) -> None:
    """Where nothing is newer it says so."""
    (tmp_path / "pyproject.toml").write_text("[tool.tfmatrix]\ndistribution = 'tensorflow'\n", encoding="utf-8")
    said = tell("versions")
    assert said.out.startswith("tensorflow at index.test")
    assert said.out.endswith("nothing is newer than 2.15.1, the newest that is locked.\n")
    assert tell("versions", "--distribution", "tensorflow-cpu").out.startswith("tensorflow-cpu at")
    (tmp_path / "own" / "tensorflow-2.15.1-py310.txt").unlink()
    assert tell("versions").out.endswith("no tensorflow is locked.\n")


@pytest.mark.usefixtures("_index")
@pytest.mark.parametrize("name", ["tensorflow-gpu", ""])
def test_a_distribution_that_is_none_is_one_sentence(tell: Tell, name: str) -> None:
    """The code is 2."""
    said = tell("versions", "--distribution", name)
    assert (said.code, said.out, said.err.count("\n")) == (cli.INCOMPLETE, "", 1)


def test_offline_it_is_one_sentence(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is listed, so that it does not look like an answer."""

    def offline(_: str, __: str) -> list[Wheel]:
        raise Unavailable("the package index cannot be reached.")

    monkeypatch.setattr(offered, "wheels_of", offline)
    for arguments in (["versions"], ["versions", "--json"]):
        assert tell(*arguments) == (cli.INCOMPLETE, "", "tfmatrix: the package index cannot be reached.\n")
