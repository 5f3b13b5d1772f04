"""The zoo of models that go wrong, on a real release: each ends in one outcome, and none touches the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import psutil
import pytest

from tfmatrix.records import InstalledEnvironment

from .client import MODELS, Answer, Server, line_of

pytestmark = pytest.mark.integration

ENDS = {
    "aborts_inside_tensorflow": ("crashed", "SIGABRT", "line 17: killed by SIGABRT"),
    "changes_everything_around_it": ("observed", "", ""),
    "closes_everything_and_goes_on": ("crashed", "exit", "without an answer"),
    "closes_everything_and_hangs": ("timed-out", "", "no answer within 3 s"),
    "closes_its_streams": ("observed", "", ""),
    "draws_many_tensors": ("observed", "", ""),
    "draws_nan": ("observed", "", ""),
    "draws_nothing": ("observed", "", ""),
    "draws_two_gib": ("observed", "", ""),
    "eats_memory": ("crashed", "memory", "its limit of 1500 MiB"),
    "exits": ("failed", "SystemExit", "line 11: SystemExit: ended itself with exit status 3"),
    "exits_at_once": ("crashed", "exit", "exit status 7"),
    "fills_the_disk": (
        "failed",
        "ValueError",
        "line 22: ValueError: the file is not whole; the system said: No",
    ),
    "forks": ("observed", "", ""),
    "hangs": ("timed-out", "", "line 13: no answer within 3 s"),
    "hangs_with_a_friend": ("timed-out", "", "line 17: no answer within 3 s"),
    "has_no_deterministic_kernel": (
        "unsupported",
        "UnimplementedError",
        "GPU implementation of AdjustContrastv2 is not",
    ),
    "healthy": ("observed", "", ""),
    "imports_what_is_missing": ("failed", "ModuleNotFoundError", "line 5: ModuleNotFoundError: No module named"),
    "is_not_implemented": ("unsupported", "NotImplementedError", "this release has no such operation"),
    "kills_itself": ("crashed", "SIGKILL", "killed by SIGKILL"),
    "leaves_processes": ("observed", "", ""),
    "leaves_threads": ("observed", "", ""),
    "misspells_a_name": ("failed", "AttributeError", "line 9: AttributeError"),
    "misspells_its_function": ("failed", "BadModel", "line 1: defines none of"),
    "overflows_the_stack": ("crashed", "SIGSEGV", "line 12: killed by SIGSEGV"),
    "raises": ("failed", "ValueError", "line 9: ValueError: this model always fails"),
    "raises_at_import": ("failed", "ZeroDivisionError", "line 7: ZeroDivisionError"),
    "raises_in_a_graph": ("failed", "ValueError", "line 23: ValueError: Dimensions must be equal"),
    "raises_without_words": ("failed", "Wordless", "line 14: Wordless: its message cannot be had"),
    "recurses": ("failed", "RecursionError", "line 9: RecursionError"),
    "returns_nothing": ("failed", "BadModel", "line 8: draws must return a dict of tensors by name"),
    "returns_objects": ("failed", "TypeError", "draw/x: an element is a Python object"),
    "scribbles_on_every_pipe": ("crashed", "exit", "without an answer"),
    "segfaults": ("crashed", "SIGSEGV", "line 11: killed by SIGSEGV"),
    "writes_megabytes": ("observed", "", ""),
}
"""Each model's outcome, kind, and a part of what is told of it."""


@pytest.fixture(scope="module")
def server(made_environment: Callable[..., InstalledEnvironment]) -> Iterator[Server]:
    """Return one probe for the whole zoo."""
    with Server(made_environment("2.15.1").interpreter, MEETING_POINT="/dev/null") as server:
        yield server


@pytest.fixture(scope="module")
def answers(server: Server) -> Callable[[str], Answer]:
    """Return a function of a model's name that returns its answer, and asks for it once."""

    @cache
    def ask(name: str) -> Answer:
        outcome, kind, _ = ENDS[name]
        timeout = 3.0 if outcome == "timed-out" else 120.0
        return server.ask(name, timeout=timeout, memory_mib=1500 if kind == "memory" else 0)

    return ask


@pytest.fixture(scope="module")
def healthy(server: Server) -> dict[str, str]:
    """Return the trace of a healthy model before any other has run."""
    return server.ask("healthy").trace


@pytest.mark.parametrize("name", sorted({path.stem for path in MODELS.glob("*.py")}))
def test_a_model_that_goes_wrong_ends_in_its_outcome(
    server: Server, answers: Callable[[str], Answer], healthy: dict[str, str], name: str
) -> None:
    """It has one outcome with its evidence, leaves no process, and the next trial is what it was before."""
    outcome, kind, told = ENDS[name]
    answer = answers(name)
    assert (answer.outcome, answer.kind) == (outcome, kind), answer.message
    assert told in answer.message
    assert server.ask("healthy").trace == healthy
    family = psutil.Process(server.process.pid).children(recursive=True)
    assert len(family) == 1, family  # the worker


def test_the_end_of_what_a_model_writes_is_kept_as_evidence(answers: Callable[[str], Answer]) -> None:
    """However much a model wrote, what stands in the answer is the end of it, its last line from C included."""
    output = answers("writes_megabytes").output
    assert output.endswith("x" * 99 + "\nthe last line, from C\n")
    assert 10 < output.count("\n") < 1000


def test_a_model_that_raises_has_its_traceback(answers: Callable[[str], Answer]) -> None:
    """The traceback of what a model raised has the model's file, its line and the line's text."""
    stack = answers("raises").traceback
    assert f'File "{MODELS / "raises.py"}", {line_of("raises", "raise ValueError")}, in draws' in stack
    assert 'raise ValueError("this model always fails")' in stack
    assert stack.endswith("ValueError: this model always fails\n")


@pytest.mark.parametrize("name", ["healthy", "raises", "segfaults", "hangs"])
def test_time_and_memory_of_a_trial_are_told_however_it_ends(answers: Callable[[str], Answer], name: str) -> None:
    """A trial took some time, and as much memory as TensorFlow has once it is imported, of what the machine has."""
    answer = answers(name)
    assert answer.seconds > (3 if answer.outcome == "timed-out" else 0)
    assert 50 * 1024 < answer.peak_kib < psutil.virtual_memory().total / 1024


def test_what_a_model_leaves_behind_is_ended_with_its_trial(answers: Callable[[str], Answer]) -> None:
    """Of the processes that a model started, of its group, of a session of their own and orphaned, none is alive."""
    told = answers("leaves_processes").output
    (line,) = [line for line in told.splitlines() if line.startswith("left ")]
    pids = [int(pid) for pid in line.split()[1:]]
    assert len(set(pids)) == 3
    assert [pid for pid in pids if is_asleep(pid)] == []


def is_asleep(pid: int) -> bool:
    """Tell whether a process is one that the model left."""
    try:
        return psutil.Process(pid).cmdline() == ["sleep", "1000"]
    except psutil.NoSuchProcess:  # or a zombie, which has ended
        return False


def test_as_many_tensors_as_a_model_draws_are_in_its_trace(answers: Callable[[str], Answer]) -> None:
    """Of 10,000 small tensors each has a name of its own and a digest of its own."""
    drawn = {name: digest for name, digest in answers("draws_many_tensors").trace.items() if name.startswith("draw/")}
    assert drawn.keys() == {f"draw/x{number}" for number in range(10_000)}
    assert len(set(drawn.values())) == 10_000


def test_a_tensor_of_two_gib_is_told_by_a_sample(answers: Callable[[str], Answer]) -> None:
    """A tensor of more bytes than a signed 32-bit size can say has its dtype and shape, and took its memory."""
    answer = answers("draws_two_gib")
    (tensor,) = [entry for entry in answer.manifest["tensors"] if entry[0] == answer.trace["draw/x"]]
    assert tensor[1:] == ["uint8", [2**31], 2**14, False]
    assert answer.peak_kib > 2**21


@pytest.mark.parametrize("mode", ["tf2", "v1", "tf2-xla"])
def test_a_trial_that_asks_for_a_gpu_and_ran_on_none_failed(server: Server, mode: str) -> None:
    """Forced to run without a GPU, it says that nothing ran on one; nothing of it counts as observed."""
    plain = server.ask("healthy", mode)
    answer = server.ask("healthy", mode, device="gpu")
    assert (plain.outcome, answer.outcome, answer.kind) == ("observed", "failed", "")
    assert answer.message == "healthy.py: nothing ran on a GPU, which its launch asks for"
    assert answer.trace == {}
    asked = server.ask("healthy", mode, device="cpu")
    assert (asked.outcome, asked.trace) == ("observed", plain.trace)
