"""Processes: those below one are found, however they are called, and measured."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .adopted import processes
from .client import PROBE


@pytest.fixture
def odd_child(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Return a process below this one whose name looks like the fields of one that has ended."""
    cat = shutil.which("cat")
    assert cat is not None
    named = tmp_path / "a) Z 1 (b"
    named.symlink_to(cat)
    with subprocess.Popen(["cat"], executable=named, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"x")
        assert child.stdout.read(1) == b"x"  # it has started, and grows no more
        yield child


def test_a_process_is_found_whatever_its_name(odd_child: subprocess.Popen[bytes]) -> None:
    """Brackets and spaces in a name do not hide the process from the one that started it."""
    assert odd_child.pid in processes.descendants(os.getpid())


def test_a_process_below_a_child_is_found() -> None:
    """The descendants are children and those below them, and not the process itself."""
    code = "import subprocess, sys; print(subprocess.Popen(['cat'], stdout=2).pid, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        below = int(child.stdout.readline())
        found = processes.descendants(os.getpid())
        assert {child.pid, below} <= set(found)
        assert os.getpid() not in found
        assert processes.descendants(child.pid) == [below]


def test_a_process_that_has_ended_is_not_there() -> None:
    """One that ended and was not waited for yet counts no more, and has no size."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert child.pid not in processes.descendants(os.getpid())
        assert processes.resident_kib([child.pid]) == 0
    finally:
        child.wait()
    assert processes.resident_kib([child.pid]) == 0


def test_sizes_are_added(odd_child: subprocess.Popen[bytes]) -> None:
    """The resident size of two processes is that of both, in KiB."""
    alone = processes.resident_kib([odd_child.pid])
    assert alone > 0
    assert processes.resident_kib([odd_child.pid, odd_child.pid]) == 2 * alone


ENDS = """
import os, runpy, signal, sys
runpy.run_path(os.path.join(sys.argv[1], "__main__.py"), run_name="the_probe")["adopt_folder"]()
from tfmatrix_probe.processes import end_with
end_with(os.getppid() + int(sys.argv[2]), signal.SIGKILL)
print("lives on")
"""


@pytest.mark.parametrize(("off", "status", "output"), [(0, 0, "lives on\n"), (1, 1, "")])
def test_a_process_whose_parent_is_gone_ends_at_once(off: int, status: int, output: str) -> None:
    """Where the parent died before the death signal was asked for, the process does not go on."""
    command = [sys.executable, "-c", ENDS, str(PROBE), str(off)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (status, output), ran.stderr
