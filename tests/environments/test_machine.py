"""The machine: what of it may change bits, and what may not."""

from __future__ import annotations

import os
import stat
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from building import MACHINE_OF_TESTS
from tfmatrix.environments import machine
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.records import Machine

CHANGES: dict[str, Any] = {
    "cpu": "Other CPU",
    "revision": "cpu family 6, model 143, stepping 8",
    "flags": ("avx",),
    "architecture": "aarch64",
    "libc": "glibc 2.40",
    "gpus": ("H200, 570.1",),
    "kernel": "6.2.0",
    "cores": 5,
    "memory_gib": 17.0,
}
SAME = {"kernel", "cores", "memory_gib"}

TWO_PROCESSORS = """\
processor\t: 0
model name\t: Test CPU: fast
flags\t\t: sse avx fma

processor\t: 1
model name\t: Another
flags\t\t: none
"""


@pytest.mark.parametrize("name", [field.name for field in fields(Machine)])
def test_what_may_change_bits_makes_another_machine(name: str) -> None:
    """Processor, instruction sets, libc and GPUs tell machines apart; kernel, cores and memory do not."""
    other = replace(MACHINE_OF_TESTS, **{name: CHANGES[name]})
    assert (machine_id(other) == machine_id(MACHINE_OF_TESTS)) == (name in SAME)


def test_a_flag_that_the_kernel_makes_up_is_no_other_machine() -> None:
    """Another kernel shows and hides words of its own among the flags, and only instruction sets count."""
    more = tuple(sorted({*MACHINE_OF_TESTS.flags, "user_shstk", "pti"}))
    assert machine_id(replace(MACHINE_OF_TESTS, flags=more)) == machine_id(MACHINE_OF_TESTS)
    unknown = (*MACHINE_OF_TESTS.flags, "avx_of_tomorrow")
    assert machine_id(replace(MACHINE_OF_TESTS, flags=unknown)) != machine_id(MACHINE_OF_TESTS)


def test_a_processor_is_told_by_more_than_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Virtual machines give many processors one name: family, model, stepping and cache tell them apart."""
    told = {"model name": "AMD EPYC", "cpu family": "25", "model": "1", "cache size": "512 KB", "cpu MHz": "2445"}
    monkeypatch.setattr(machine, "_first_processor", lambda: told)
    assert this_machine.__wrapped__().revision == "cpu family 25, model 1, cache size 512 KB"


def test_this_machine_is_the_same_twice() -> None:
    """A machine that is described anew has the same id, since trials are filed under it."""
    assert machine_id(machine.this_machine.__wrapped__()) == machine_id(this_machine())
    assert this_machine().cores >= 1
    assert list(this_machine().flags) == sorted(this_machine().flags)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TWO_PROCESSORS, {"processor": "0", "model name": "Test CPU: fast", "flags": "sse avx fma"}),
        ("CPU implementer\t: 0x41\nFeatures\t: fp asimd\n", {"CPU implementer": "0x41", "Features": "fp asimd"}),
        ("", {}),
        (None, {}),
    ],
    ids=["x86", "arm", "empty", "no such file"],
)
def test_the_first_processor_is_read(monkeypatch: pytest.MonkeyPatch, text: str | None, found: dict[str, str]) -> None:
    """The description is the first processor's, colons in its name included, and nothing where there is none."""

    def read(self: Path, encoding: str) -> str:
        if text is None:
            raise FileNotFoundError(str(self))
        return text

    monkeypatch.setattr(Path, "read_text", read)
    assert machine._first_processor() == found


@pytest.mark.parametrize(
    ("script", "gpus"),
    [
        ("echo 'H200, 570.1'; echo 'H200, 570.1'", ("H200, 570.1", "H200, 570.1")),
        ("echo broken; exit 9", ()),
        (":", ()),
        (None, ()),
    ],
    ids=["two", "fails", "none", "no tool"],
)
def test_gpus_are_those_that_nvidias_tool_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, gpus: tuple[str, ...]
) -> None:
    """Each GPU is its name and driver, and where the tool is missing or fails there is none."""
    if script is not None:
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        tool.chmod(tool.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin" if script else str(tmp_path))
    assert machine._gpus() == gpus
