"""What `tfmatrix doctor` sees, calls missing and says how to get."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from building import MACHINE_OF_TESTS, install, make_project
from tfmatrix import doctor
from tfmatrix.config import Config
from tfmatrix.doctor import Checkup, check_up
from tfmatrix.environments import catalogue, interpreters, locks, uv
from tfmatrix.errors import Unavailable
from tfmatrix.records import Environment

CheckUp = Callable[..., Checkup]


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CheckUp:
    """Return a function that looks at a machine of the test's own: its Pythons, its free disk and memory."""

    def look(
        *, pythons: tuple[str, ...] = ("3.10",), free: float = 100.0, memory: float = 8.0, **choices: Any
    ) -> Checkup:
        def find(python: str) -> Path:
            if python not in pythons:
                raise Unavailable("none")
            return Path(f"/pythons/{python}")

        monkeypatch.setattr(interpreters, "find_interpreter", find)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free * 1e9))
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=memory * 2**30))
        settings = {"root": tmp_path, "machine": MACHINE_OF_TESTS, "versions": ("2.9.3", "2.15.1"), **choices}
        return check_up(Config(**settings), is_project=True)

    return look


def test_a_machine_that_has_everything_misses_nothing(seen: CheckUp) -> None:
    """What is there is said, and what environments will take."""
    found = seen(pythons=("3.8", "3.10"))
    assert found.missing == ()
    assert {python for python, path in found.pythons.items() if path} == {"3.8", "3.10"}
    assert list(found.pythons) == ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]
    assert (found.free_gb, found.needed_gb, found.memory_gib) == (100.0, 2.4, 8.0)
    assert found.instruction_sets == ("avx", "avx2", "fma")
    assert [one.name for one in found.releases if not one.reason] == list(catalogue.RELEASES)
    assert [(one.name, one.is_made) for one in found.wanted] == [("2.9.3", False), ("2.15.1", False)]
    assert found.uv[0].isdigit()


def test_an_environment_that_is_made_takes_no_more(seen: CheckUp, tmp_path: Path) -> None:
    """It needs neither its Python nor room."""
    install(Environment("2.15.1"), make_project(tmp_path, versions=["2.15.1"]))
    found = seen(pythons=(), versions=("2.15.1",), free=0.5)
    assert [(one.name, one.is_made, one.reason) for one in found.wanted] == [("2.15.1", True, "")]
    assert (found.needed_gb, found.missing) == (0.0, ())


MISSING: dict[str, tuple[dict[str, Any], str]] = {
    "Python": ({"pythons": ()}, "2.9.3, 2.15.1: there is no Python 3.10; `uv python install 3.10` installs it."),
    "release of that Python": (
        {"python": "3.12", "pythons": ("3.12",)},
        "TensorFlow 2.9.3 does not run on Python 3.12",
    ),
    "Python of one release": ({"python_for": (("2.9", "3.5"),)}, "TensorFlow 2.9.3 does not run on Python 3.5"),
    "Python of one, gone": ({"python_for": (("2.9", "3.9"),)}, "2.9.3: there is no Python 3.9"),
    "release": ({"versions": ("2.99.0", "2.15.1")}, "no TensorFlow 2.99.0 is known"),
    "baseline": ({"baseline": "1.12.0"}, "TensorFlow 1.12.0 is too old"),
    "requirements": ({"requirements": ("-r gone.txt",)}, "requirements in [tool.tfmatrix] names gone.txt"),
    "no Python at all": ({"python": "three"}, "'three' is no Python version"),
    "disk": ({"free": 2.3}, "2.3 GB are free"),
    "memory": ({"memory": 1.5}, "1.5 GiB of memory are free"),
    "architecture": ({"machine": replace(MACHINE_OF_TESTS, architecture="aarch64")}, "this is aarch64 with glibc 2.36"),
    "C library": ({"machine": replace(MACHINE_OF_TESTS, libc="")}, "this is x86_64 with another C library"),
    "AVX": ({"machine": replace(MACHINE_OF_TESTS, flags=("sse",))}, "need AVX"),
}


@pytest.mark.parametrize(("machine", "said"), MISSING.values(), ids=MISSING)
def test_what_is_missing_is_one_sentence_that_says_how_to_get_it(
    seen: CheckUp, machine: dict[str, Any], said: str
) -> None:
    """It begins with what it is about."""
    first = seen(**machine).missing[0]
    assert said in first
    assert first.endswith(".")


def test_a_release_can_run_on_another_python_that_is_there(seen: CheckUp) -> None:
    """The project's own comes first, then the newest; without one it is said which to install."""
    found = {one.name: one for one in seen(pythons=("3.9", "3.11", "3.12"), python="3.9").releases}
    assert [found[name].python for name in ("2.8.4", "2.15.1", "2.20.0", "2.21.0")] == ["3.9", "3.9", "3.9", "3.12"]
    lacking = {one.name: one for one in seen(pythons=("3.12",)).releases}
    assert (lacking["2.15.1"].python, lacking["2.15.1"].reason) == (
        "",
        "there is no Python 3.11; `uv python install 3.11` installs it.",
    )
    assert lacking["2.16.2"].reason == ""


def test_a_lock_that_is_not_there_is_not_missing(seen: CheckUp) -> None:
    """It is made when it is first needed."""
    found = seen(pythons=("3.11",), python="3.11", versions=("2.15.1", "2.16.2"))
    assert found.missing == ()


def test_one_reason_is_said_once(seen: CheckUp) -> None:
    """Two versions without their Python are one sentence."""
    assert len(seen(pythons=()).missing) == 1


def test_a_lock_that_is_refused_is_missing(seen: CheckUp, tmp_path: Path) -> None:
    """It is looked into, and what makes it anew is said."""
    folder = tmp_path / "locks"
    folder.mkdir()
    (folder / f"{locks.stem(Environment('2.15.1'))}.txt").write_text("# kind: today\nnumpy\n", encoding="utf-8")
    (said,) = seen().missing
    assert "tensorflow-cpu-2.15.1-py310.txt is refused" in said
    assert "`tfmatrix lock`" in said


@pytest.mark.parametrize("how", ["gone", "not a program"])
def test_without_uv_it_says_so(seen: CheckUp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str) -> None:
    """Its program may be gone, or no program."""

    def program() -> str:
        if how == "gone":
            raise Unavailable("gone")
        return str(tmp_path)

    monkeypatch.setattr(uv, "program", program)
    found = seen()
    assert found.uv == ""
    assert found.missing == ("the program of the package uv is missing; reinstall it with pip install uv.",)


def test_it_is_json(seen: CheckUp) -> None:
    """With a number for its form, and nothing that JSON does not have."""
    said = json.loads(json.dumps(seen().to_json()))
    assert said["schema"] == doctor.SCHEMA
    assert said["wanted"][0] == {"name": "2.9.3", "python": "3.10", "is_made": False, "reason": ""}


def test_all_is_every_release(seen: CheckUp) -> None:
    """And each is named once."""
    found = seen(versions=("all", "2.15.1"))
    assert [one.name for one in found.wanted] == list(catalogue.RELEASES)
    assert found.missing == ()
