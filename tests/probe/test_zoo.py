"""The zoo of models that go wrong, on a real release: each ends in one outcome, and none touches the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psutil
import pytest

from tfmatrix.records import InstalledEnvironment

from .client import MODELS, Server

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
    "forks": ("observed", "", ""),
    "hangs": ("timed-out", "", "line 13: no answer within 3 s"),
    "hangs_with_a_friend": ("timed-out", "", "line 17: no answer within 3 s"),
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
def healthy(server: Server) -> dict[str, str]:
    """Return the trace of a healthy model before any other has run."""
    return server.ask("healthy").trace


@pytest.mark.parametrize("name", sorted({path.stem for path in MODELS.glob("*.py")}))
def test_a_model_that_goes_wrong_ends_in_its_outcome(server: Server, healthy: dict[str, str], name: str) -> None:
    """It has one outcome with its evidence, leaves no process, and the next trial is what it was before."""
    outcome, kind, told = ENDS[name]
    timeout = 3.0 if outcome == "timed-out" else 60.0
    answer = server.ask(name, timeout=timeout, memory_mib=1500 if kind == "memory" else 0)
    assert (answer.outcome, answer.kind) == (outcome, kind), answer.message
    assert told in answer.message
    assert server.ask("healthy").trace == healthy
    family = psutil.Process(server.process.pid).children(recursive=True)
    assert len(family) == 1, family  # the worker


def test_the_last_lines_are_kept_as_evidence(server: Server) -> None:
    """What a model wrote last, by Python or by C, stands in the answer, however much it was."""
    assert "x" * 99 in server.ask("writes_megabytes").output
