"""One running probe: asked, and ended for certain, whatever it does."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tfmatrix.errors import UserError
from tfmatrix.records import Environment, Launch
from tfmatrix.runner import probe as probing
from tfmatrix.runner.probe import Probe, ProbeDied

from .conftest import FAKE
from .fake_probe import told

pytestmark = pytest.mark.timeout(60)

Start = Callable[..., Probe]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function of a launch's variables that starts a fake probe; it is closed when the test is over."""
    monkeypatch.setattr(probing, "PROBE", FAKE)
    made: list[Probe] = []

    def started(**variables: str) -> Probe:
        launch = Launch(variables=tuple(variables.items()))
        made.append(Probe(sys.executable, Environment("2.15.1"), launch, "0"))
        return made[-1]

    yield started
    for probe in made:
        with suppress(OSError):  # a test may have closed it
            probe.close()


def asking(name: str) -> dict[str, Any]:
    """Return a request for what a fake does."""
    shared = {"path": f"/nowhere/{name}.py", "variant": "", "mode": "tf2", "seed": 1, "jitter": 0, "purpose": "train"}
    return {**shared, "timeout": 20.0, "fresh": False}


def home_of(probe: Probe) -> Path:
    """Return the folder that a probe has to itself."""
    return Path(psutil.Process(probe._process.pid).environ()["HOME"])


def test_a_probe_describes_itself_and_answers_one_request_after_another(start: Start) -> None:
    """What it is comes first, and each answer is that to the request before it."""
    probe = start(FAKE_FORK="0")
    assert probe.describe()["import_seconds"] == 0.0
    assert not probe.can_fork
    for name in ("one", "two"):
        header, payload = probe.ask(asking(name))
        assert header["outcome"] == "observed"
        assert payload.endswith(told(asking(name)))
    assert probe.alive


def test_a_temporary_folder_that_cannot_be_had_is_one_sentence(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no temporary folder can be made, as on a full disk, the error says where and what to do."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"without a temporary folder: .*gone.*; make room there, or set TMPDIR"):
        start()


def test_what_a_trial_started_ends_with_the_probe(start: Start) -> None:
    """A process of another session, which no signal to the probe reaches, is gone when the probe is closed."""
    probe = start()
    probe.describe()
    probe.ask(asking("starts_a_process"))
    (left,) = psutil.Process(probe._process.pid).children()
    probe.close()
    assert psutil.wait_procs([left], timeout=10)[1] == []


def test_a_probe_runs_in_a_folder_of_its_own_that_is_gone_with_it(start: Start) -> None:
    """Home and working folder of a probe are its own and empty of the user's, and closing it removes them."""
    probe = start()
    probe.describe()
    home = home_of(probe)
    assert home != Path.home()
    assert Path(psutil.Process(probe._process.pid).cwd()) == home
    probe.close()
    assert not home.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dies", "exit status 7: out of bytes"),
        ("is_cut_off", "exit status 0"),
        ("writes_garbage", "what it wrote is no answer"),
        ("claims_a_size_below_nothing", "what it wrote is no answer"),
    ],
)
def test_without_an_answer_the_probe_is_ended_and_tells_its_last_words(start: Start, name: str, said: str) -> None:
    """A probe that gives no answer raises how it ended and the last that it wrote, and lives no more."""
    probe = start()
    probe.describe()
    with pytest.raises(ProbeDied, match=said):
        probe.ask(asking(name))
    assert not probe.alive


@pytest.mark.parametrize("name", ["late", "hangs"])
def test_a_probe_that_falls_silent_is_ended(start: Start, name: str) -> None:
    """After the trial's limit and some grace a probe without an answer is ended, so that none comes late."""
    probe = start()
    probe.describe()
    with pytest.raises(ProbeDied, match="it stopped answering"):
        probe.ask({**asking(name), "timeout": -probing.GRACE})
    assert not probe.alive


@pytest.mark.parametrize("name", ["dies", "hangs", "writes garbage"])
def test_a_probe_that_does_not_start_says_why(start: Start, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A probe that ends, hangs or writes nonsense in place of importing TensorFlow is no probe."""
    said = {"dies": "exit status 1: libtensorflow.so is no library", "hangs": "it stopped answering"}
    monkeypatch.setattr(probing, "IMPORT_PATIENCE", 0.0 if name == "hangs" else 20.0)
    with pytest.raises(ProbeDied, match=said.get(name, "is no answer")):
        start(FAKE_START=name).describe()


def test_asking_a_probe_that_ended_says_so_and_it_can_still_be_closed(start: Start) -> None:
    """A probe that ended between two trials raises when it is asked, and closing it leaves nothing open."""
    open_before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208  # the names, of which one is the listing's own
    probe = start()
    probe.describe()
    probe.kill()
    probe._process.wait()
    with pytest.raises(ProbeDied, match="exit status -9"):
        probe.ask(asking("healthy"))
    probe.close()
    assert set(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208
