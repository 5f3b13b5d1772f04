"""The probe in its modes, on the oldest Python that it runs under and on releases old and new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from probe.client import Server
from tfmatrix.records import CHANGED, InstalledEnvironment
from tfmatrix.tables import DEFAULT_MODES

from .project import ROOT

REFERENCE = ROOT / "reference_models"
RELEASES = ("2.9.3", "2.15.1", "2.21.0")

Servers = Callable[..., Server]


@pytest.fixture(scope="module")
def server(made_environment: Callable[..., InstalledEnvironment]) -> Iterator[Servers]:
    """Return a function of a version and a Python that returns a running probe, one of each."""
    running: dict[tuple[str, str], Server] = {}
    with ExitStack() as stack:

        def start(version: str, python: str = "3.10") -> Server:
            if (version, python) not in running:
                installed = made_environment(version, python)
                running[version, python] = stack.enter_context(Server(installed.interpreter))
            return running[version, python]

        yield start


@pytest.mark.integration
@pytest.mark.parametrize("mode", DEFAULT_MODES)
def test_the_probe_runs_on_python_3_7(server: Servers, mode: str) -> None:
    """TensorFlow 2.8.4 on Python 3.7 observes a model in both modes, natively and injected, and twice the same."""
    probe = server("2.8.4", "3.7")
    assert probe.description["python"].startswith("3.7.")
    first, second = (probe.ask(REFERENCE / "linear.py", mode) for _ in range(2))
    assert first.outcome == "observed", first.message
    assert {tier for tier, _, _ in first.manifest["trace"]} == {"native", "injected"}
    assert first.manifest["trace"] == second.manifest["trace"]


@pytest.mark.integration
@pytest.mark.parametrize("mode", DEFAULT_MODES)
@pytest.mark.parametrize("version", RELEASES)
def test_a_trial_repeats_itself_in_every_release_and_mode(server: Servers, version: str, mode: str) -> None:
    """Two forks of one process give the same trace, of a model with dropout, batch norm and convolution."""
    first, second = (server(version).ask(REFERENCE / "convnet.py", mode) for _ in range(2))
    assert first.outcome == "observed", first.message
    assert first.manifest["trace"] == second.manifest["trace"]


@pytest.mark.integration
@pytest.mark.parametrize("version", RELEASES)
def test_a_fork_is_made_before_the_runtime_exists(server: Servers, version: str) -> None:
    """Importing TensorFlow starts no runtime, so that a fork behind it is sound."""
    assert server(version).description["can_fork"]


@pytest.mark.integration
@pytest.mark.parametrize("version", RELEASES)
def test_jitter_moves_results_and_is_repeated_exactly(server: Servers, version: str) -> None:
    """A jittered trial differs from the plain one, is the same when it is run again, and has the same names."""
    plain = server(version).ask(REFERENCE / "mlp.py", jitter=0)
    first, second = (server(version).ask(REFERENCE / "mlp.py", jitter=1) for _ in range(2))
    assert first.manifest["trace"] == second.manifest["trace"] != plain.manifest["trace"]
    assert list(first.trace) == list(plain.trace)


@pytest.mark.integration
def test_a_file_that_changed_since_the_plan_gives_no_result(server: Servers) -> None:
    """A model file whose bytes are not those that the key names says nothing of these, and says to run again."""
    answer = server("2.15.1").ask(REFERENCE / "linear.py", source="0" * 64)
    assert (answer.outcome, answer.kind, answer.message) == (
        "crashed",
        CHANGED,
        "linear.py, line 1: the file changed during the run; run again",
    )
