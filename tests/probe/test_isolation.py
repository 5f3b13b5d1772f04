"""Isolation: a trial is kept within its limits, and nothing that it started outlives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from .adopted import isolation
from .client import PROBE, wait_for_writers

KEEPER = Path(__file__).with_name("keeper.py")


def started(code: str, seconds: float, memory_mib: float, wanted: bool, *passed: int) -> subprocess.Popen[str]:
    """Start a keeper of a trial that runs some code; the trial has the descriptors that are passed."""
    choices = [str(seconds), str(memory_mib), "wanted" if wanted else "unwanted"]
    command = [sys.executable, "-s", str(KEEPER), str(PROBE), *choices, dedent(code)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=passed, text=True)


def kept(code: str, seconds: float = 60.0, memory_mib: float = 0.0) -> dict[str, Any]:
    """Return what a keeper tells of a trial that runs some code."""
    output, _ = started(code, seconds, memory_mib, True).communicate("the keeper's own input", timeout=120)
    told: dict[str, Any] = json.loads(output)
    assert told["left"] == []
    return told


@pytest.fixture
def meeting() -> Iterator[tuple[int, int]]:
    """Return a pipe: as long as a process has the end to write to, the other end is open."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def test_a_trial_that_ends_without_an_answer_is_told_by_its_status() -> None:
    """The status is the process's own, and nothing arrived."""
    told = kept("import os; os._exit(7)")
    assert (told["reason"], os.WEXITSTATUS(told["status"])) == (isolation.ENDED, 7)
    assert told["answer"] == [None, 0, False]
    assert told["peak_kib"] > 1000


def test_a_trial_is_over_once_it_has_answered() -> None:
    """A trial that answered and then waits for ever is not waited for."""
    told = kept("import signal; say({'outcome': 'observed'}, b'x' * 300_000); signal.pause()")
    assert told["answer"] == [{"outcome": "observed"}, 300_000, True]
    assert (told["reason"], os.WTERMSIG(told["status"])) == (isolation.ENDED, signal.SIGKILL)
    assert told["seconds"] < 60


def test_a_trial_out_of_time_says_where_it_is() -> None:
    """What was waited for too long is ended, and its stack has the call that it was in."""
    told = kept("import signal\ndef waits_for_ever():\n    signal.pause()\nwaits_for_ever()", seconds=0.3)
    assert told["reason"] == isolation.TIMED_OUT
    assert "line 3 in waits_for_ever" in told["stacks"]
    assert os.WTERMSIG(told["status"]) == signal.SIGABRT
    assert told["seconds"] >= 0.3


def test_a_trial_that_does_not_heed_its_end_is_killed() -> None:
    """One that ignores the signal that asks for its stack is killed after its last words."""
    code = "import signal; signal.signal(signal.SIGABRT, signal.SIG_IGN)\nwhile True: signal.pause()"
    told = kept(code, seconds=0.1)
    assert (told["reason"], os.WTERMSIG(told["status"])) == (isolation.TIMED_OUT, signal.SIGKILL)
    assert told["seconds"] >= isolation.LAST_WORDS


def test_a_trial_over_its_memory_is_ended() -> None:
    """One that takes more than its limit is killed, and the peak says how much it had."""
    told = kept("import signal; held = b'x' * (200 << 20); signal.pause()", memory_mib=150)
    assert (told["reason"], os.WTERMSIG(told["status"])) == (isolation.OVER_MEMORY, signal.SIGKILL)
    assert told["peak_kib"] > 150 << 10


def test_the_processes_of_a_trial_count_together() -> None:
    """Two processes of which neither is over the limit are over it together."""
    code = "import os, signal; os.fork(); held = b'x' * (100 << 20); signal.pause()"
    assert kept(code, memory_mib=170)["reason"] == isolation.OVER_MEMORY


def test_a_trial_without_a_limit_may_take_what_it_likes() -> None:
    """A limit of 0 MiB is none."""
    told = kept("held = b'x' * (200 << 20); say({})")
    assert (told["reason"], told["answer"][2]) == (isolation.ENDED, True)
    assert told["peak_kib"] > 200 << 10


def test_the_end_of_what_a_trial_writes_is_kept() -> None:
    """Of standard output and error together the last bytes are kept, in their order, and what is no text replaced."""
    told = kept("import os; os.write(1, b'x' * 100_000); os.write(2, b'the \\xff '); os.write(1, b'end')")
    assert told["output"].endswith("xthe \ufffd end")
    assert len(told["output"]) == isolation.OUTPUT_KEPT


def test_a_trial_that_fails_leaves_its_stack() -> None:
    """A signal that Python does not survive leaves the line at which it came."""
    told = kept("import os, signal\n\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert os.WTERMSIG(told["status"]) == signal.SIGSEGV
    assert 'File "<string>", line 3 in <module>' in told["stacks"]


def test_a_trial_reads_nothing() -> None:
    """Standard input is empty, whatever the keeper's own is."""
    assert kept("import sys; say({'read': sys.stdin.read()})")["answer"][0] == {"read": ""}


LEFT = """
    import os, signal
    for alone in (False, True):
        if os.fork() == 0:
            if alone:
                os.setsid()
                if os.fork():
                    os._exit(0)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                signal.pause()
    """
"""Leaves a process in the trial's group, and an orphan in a session of its own."""


def test_what_a_trial_leaves_is_ended_with_it(meeting: tuple[int, int]) -> None:
    """No process that a trial started is there after it, of whatever group, session or parent."""
    reading, writing = meeting
    with started(f"{dedent(LEFT)}\nsay({{}})", 60, 0, True, writing) as keeper:
        os.close(writing)
        assert keeper.stdout is not None
        assert json.loads(keeper.stdout.read())["left"] == []
        wait_for_writers(reading)


def test_a_trial_that_nobody_waits_for_is_ended(meeting: tuple[int, int]) -> None:
    """Where the one who asked is gone, the trial and all that it started end, and so does its keeper."""
    reading, writing = meeting
    with started(f"{dedent(LEFT)}\nsignal.pause()", 60, 0, False, writing) as keeper:
        os.close(writing)
        assert keeper.stdout is not None
        assert keeper.stdout.read() == ""
        wait_for_writers(reading)
    assert keeper.returncode == 0


def test_a_trial_dies_with_its_keeper(meeting: tuple[int, int]) -> None:
    """A keeper that is killed takes its trial along."""
    reading, writing = meeting
    code = f"import os, signal; os.write({writing}, b'x'); signal.pause()"
    with started(code, 60, 0, True, writing) as keeper:
        os.close(writing)
        assert os.read(reading, 1) == b"x"
        keeper.kill()
        wait_for_writers(reading)


def test_a_channel_goes_from_the_trial_to_its_keeper() -> None:
    """Its pipes can be handed on by their descriptors, and what is written into one is read from the same one."""
    channel = isolation.Channel()
    same = isolation.Channel([*channel.reading, *channel.writing])
    assert (same.reading, same.writing) == (channel.reading, channel.writing)
    for number, descriptor in enumerate(same.writing):
        os.write(descriptor, b"%d" % number)
    channel.keep_reading()
    assert [os.read(descriptor, 10) for descriptor in channel.reading] == [b"0", b"1", b"2"]
    channel.close()


def test_a_trial_has_no_end_to_read_from() -> None:
    """Once a channel is the trial's, writing into it fails where no keeper reads."""
    channel = isolation.Channel()
    channel.keep_writing()
    for descriptor in channel.writing:
        with pytest.raises(BrokenPipeError):
            os.write(descriptor, b"x")
        os.close(descriptor)
