"""Keras models that `build` returns, in releases: whatever `compile` and `fit` take, by a file or by a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from probe.client import Answer, Server
from tfmatrix.records import InstalledEnvironment

pytestmark = pytest.mark.integration

BUILT = Path(__file__).parent / "built"
RELEASES = ("2.9.3", "2.15.1", "2.21.0")

Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def ask(made_environment: Callable[..., InstalledEnvironment]) -> Iterator[Ask]:
    """Return a function that asks the probe of a version, one of each."""
    running: dict[str, Server] = {}
    with ExitStack() as stack:

        def asked(version: str, path: Path, mode: str = "tf2", **further: object) -> Answer:
            if version not in running:
                running[version] = stack.enter_context(Server(made_environment(version).interpreter))
            return running[version].ask(path, mode, 120.0, **further)

        yield asked


def same_without_taps(ask: Ask, version: str, path: Path, mode: str) -> Answer:
    """Return what is seen of a model, which a trial without taps sees as well as far as it looks."""
    seen, plain = (ask(version, path, mode, purpose=purpose) for purpose in ("train", "plain"))
    assert (seen.outcome, plain.outcome) == ("observed", "observed"), seen.message or plain.message
    assert plain.trace == {stage: seen.trace.get(stage) for stage in plain.trace}
    tiers = {stage.partition("/")[0] for tier, stage, _ in seen.manifest["trace"] if tier == "injected"}
    assert tiers >= {"batch", "predict", "gradient", "update", "slots", "weights"}
    return seen


@pytest.mark.parametrize("model", ["two_heads", "lazy", "endless", "words"])
@pytest.mark.parametrize("version", RELEASES)
def test_what_compile_and_fit_take_is_observed(ask: Ask, version: str, model: str) -> None:
    """In both tiers, with the same bits as without taps."""
    seen = same_without_taps(ask, version, BUILT / f"{model}.py", "tf2")
    assert any(stage.startswith("predict@0/") for stage in seen.trace)


@pytest.mark.parametrize("version", RELEASES)
def test_a_vocabulary_that_was_adapted_is_no_variable(ask: Ask, version: str) -> None:
    """Keras 2 counts it among the weights; up to 2.12 it cannot save it."""
    seen = same_without_taps(ask, version, BUILT / "adapted.py", "tf2")
    assert not [stage for stage in seen.trace if stage.startswith("init/w")]


@pytest.mark.parametrize("version", ["2.9.3", "2.15.1"])
def test_keras_2_trains_in_a_session(ask: Ask, version: str) -> None:
    """By names of inputs and outputs, and of a dataset, whose elements are seen as batches."""
    same_without_taps(ask, version, BUILT / "two_heads.py", "v1")
    seen = same_without_taps(ask, version, BUILT / "endless.py", "v1")
    assert "shuffle@0/order" in seen.trace


@pytest.mark.parametrize(
    ("version", "model", "reason"),
    [("2.21.0", "endless", "Keras 3 has no training in a v1 graph"), ("2.15.1", "lazy", "it needs eager execution")],
)
def test_what_is_not_there_in_a_session_says_why(ask: Ask, version: str, model: str, reason: str) -> None:
    """Keras 3 has no sessions, and from 2.11 on Keras 2 takes no optimizer object of its own there."""
    answer = ask(version, BUILT / f"{model}.py", "v1")
    assert answer.outcome == "unsupported"
    assert reason in answer.message


@pytest.mark.parametrize("version", RELEASES)
def test_a_table_and_a_file_are_one_model(ask: Ask, tmp_path: Path, version: str) -> None:
    """The same functions in a package, with constants of a table, leave the same trace, and note what they read."""
    package = tmp_path / "src" / "colours"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    source = (BUILT / "lazy.py").read_text(encoding="utf-8")
    named = source.replace("def build", "def net").replace("def data", "def rows")
    (package / "model.py").write_text(named, encoding="utf-8")
    told = {
        "build": "colours.model:net",
        "data": "colours.model:rows",
        "constants": {"OPTIMIZER": {"name": "Adam", "learning_rate": 0.01}, "LOSS": "mse", "BATCH": 8},
    }
    files = ["src/colours/__init__.py", "src/colours/model.py"]
    asked = {"project": str(tmp_path), "files": files, "builder": told}
    by_table = ask(version, Path("digits"), **asked)
    assert by_table.outcome == "observed", by_table.message
    assert {path for path, _ in by_table.read} >= {str(tmp_path / name) for name in files}
    path = tmp_path / "lazy.py"
    constants = 'OPTIMIZER = {"name": "Adam", "learning_rate": 0.01}\nLOSS = "mse"\nBATCH = 8\n'
    start, _, rest = source.partition("OPTIMIZER = ")
    path.write_text(start + constants + rest.partition("BATCH = 8\n")[2], encoding="utf-8")
    assert ask(version, path).trace == by_table.trace
    slip = ask(version, Path("digits"), **{**asked, "builder": {**told, "build": "colours.model:nte"}})
    assert (slip.outcome, slip.message) == (
        "failed",
        "digits: module colours.model has no 'nte'; did you mean 'net'?",
    )
