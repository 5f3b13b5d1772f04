"""The probe in its modes, on the oldest Python that it runs under and on releases old and new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from probe.client import Server
from tfmatrix.records import CHANGED, InstalledEnvironment
from tfmatrix.tables import DEFAULT_MODES, MODES

from .project import ROOT, Project

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
@pytest.mark.parametrize("model", ["linear", "keras_mlp"])
def test_the_probe_runs_on_python_3_7(server: Servers, mode: str, model: str) -> None:
    """TensorFlow 2.8.4 on Python 3.7 observes models in the default modes, in both tiers, and twice the same."""
    probe = server("2.8.4", "3.7")
    assert probe.description["python"].startswith("3.7.")
    first, second = (probe.ask(REFERENCE / f"{model}.py", mode) for _ in range(2))
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


BY_CHOICE = tuple(mode for mode in MODES if mode not in DEFAULT_MODES)
KERAS_2 = "2.15.1"


@pytest.mark.integration
@pytest.mark.parametrize("model", ["mlp", "keras_mlp"])
@pytest.mark.parametrize("mode", BY_CHOICE)
def test_a_mode_that_is_chosen_runs_functions_and_keras(server: Servers, mode: str, model: str) -> None:
    """Each mode that does not run by default observes both, the whole chain of them, and twice the same."""
    first, second = (server(KERAS_2).ask(REFERENCE / f"{model}.py", mode) for _ in range(2))
    assert first.outcome == "observed", first.message
    assert first.manifest["trace"] == second.manifest["trace"]
    usual = server(KERAS_2).ask(REFERENCE / f"{model}.py", "tf2").trace.keys()
    hidden = {name for name in usual if name.startswith("gradient") and (mode, model) == ("tf2-xla", "keras_mlp")}
    assert first.trace.keys() == usual - hidden  # a step that XLA compiles shows nothing within


AVERAGED = """
import numpy as np
import tensorflow as tf

LOSS, OPTIMIZER, BATCH = "mean_squared_error", {"name": "SGD", "learning_rate": 0.05}, 8


def data():
    rng = np.random.RandomState(0)
    return {"x": rng.random_sample((16, 4)).astype("float32"), "y": rng.random_sample((16, 1)).astype("float32")}


def build():
    layers = tf.keras.layers
    wide = layers.Dense(2, activation="relu")
    return tf.keras.Sequential([tf.keras.Input((4,)), wide, layers.BatchNormalization(), layers.Dense(1)])
"""


@pytest.mark.integration
@pytest.mark.parametrize(("version", "mode"), [(KERAS_2, "tf2"), (KERAS_2, "v1"), ("2.21.0", "tf2")])
def test_no_injected_step_depends_on_what_was_drawn(server: Servers, tmp_path: Path, version: str, mode: str) -> None:
    """Under one seed a moving mean behind ReLUs is all positive after a step, and under another it has zeros."""
    path = tmp_path / "averaged.py"
    path.write_text(AVERAGED, encoding="utf-8")
    found = [server(version).ask(path, mode, seed=seed) for seed in range(8)]
    injected = [
        tuple((stage, digest) for tier, stage, digest in one.manifest["trace"] if tier == "injected") for one in found
    ]
    assert injected[0]
    assert len(set(injected)) == 1


@pytest.mark.integration
@pytest.mark.parametrize("version", [KERAS_2, "2.21.0"])
def test_keras_is_seen_in_the_same_order_by_default(server: Servers, version: str) -> None:
    """What `fit` feeds does not depend on op determinism, and is every row once in each epoch."""
    traces = [server(version).ask(REFERENCE / "keras_mlp.py", mode).trace for mode in ("tf2", "tf2-default")]
    names = [name for name in traces[0] if name.startswith(("shuffle@", "batch@"))]
    assert len(names) == 10 + 10 * 4 * 2  # epochs, and inputs and targets of each batch, the last of them smaller
    assert len({tuple(trace[name] for name in names) for trace in traces}) == 1


@pytest.mark.integration
@pytest.mark.parametrize("version", ["2.9.3", KERAS_2])
def test_keras_that_trains_in_a_graph_is_seen_to_train(server: Servers, version: str) -> None:
    """Keras 2 has a model of its own for graphs, whose `fit` has the stages that `fit` has elsewhere."""
    eager, graph = (server(version).ask(REFERENCE / "keras_mlp.py", mode).trace for mode in ("tf2", "v1"))
    kinds = [{name for name in trace if not name.startswith("batch@")} for trace in (eager, graph)]
    assert kinds[0] == kinds[1]
    assert "history@9/loss" in graph


@pytest.mark.integration
def test_op_determinism_is_as_the_row_says(server: Servers, tmp_path: Path) -> None:
    """A model that asks TensorFlow itself finds op determinism on in the modes whose row says so, and in no other."""
    path = tmp_path / "asks.py"
    path.write_text(
        "import tensorflow as tf\n"
        "from tensorflow.python.framework.config import is_op_determinism_enabled\n"
        "def draws():\n    return {'on': tf.constant(bool(is_op_determinism_enabled()))}\n",
        encoding="utf-8",
    )
    digests = {mode: server(KERAS_2).ask(path, mode).trace["draw/on"] for mode in MODES}
    on, off = digests["tf2"], digests["tf2-default"]
    assert on != off
    assert digests == {"tf2": on, "v1": off, "tf2-default": off, "tf2-xla": on}


@pytest.mark.integration
def test_xla_compiles_in_its_mode_and_in_no_other(
    made_environment: Callable[..., InstalledEnvironment], tmp_path: Path
) -> None:
    """XLA itself writes down what it compiles: Keras's training step in tf2-xla, nothing elsewhere."""
    dumped = tmp_path / "dumped"
    with Server(made_environment(KERAS_2).interpreter, XLA_FLAGS=f"--xla_dump_to={dumped}") as probe:
        for mode in ("tf2", "v1", "tf2-default"):
            assert probe.ask(REFERENCE / "keras_mlp.py", mode).outcome == "observed"
            assert not dumped.exists()
        assert probe.ask(REFERENCE / "keras_mlp.py", "tf2-xla").outcome == "observed"
        compiled = {path.name.partition(".a_inference_")[2][:10] for path in dumped.iterdir()}
    assert "run_step_" in {name[:9] for name in compiled}


@pytest.mark.integration
def test_what_xla_lacks_does_not_exist_in_its_mode(server: Servers) -> None:
    """An operation that XLA does not have, and Keras that goes on without XLA, are unsupported and say why."""
    lacking = server(KERAS_2).ask(REFERENCE / "embedding.py", "tf2-xla")
    assert (lacking.outcome, lacking.message) == ("unsupported", "XLA_CPU_JIT has no SegmentSum")
    silent = server("2.21.0").ask(REFERENCE / "keras_mlp.py", "tf2-xla")
    assert silent.outcome == "unsupported"
    assert silent.message.startswith("Keras 3 goes on without jit_compile=True")


@pytest.mark.integration
def test_momentum_means_the_same_in_both_modes(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment]
) -> None:
    """Keras keeps a step as momentum and v1 a sum of gradients: given the same momentum, both update alike."""
    made_environment("2.15.1")
    project = Project(tmp_path / "project", ["2.15.1"], [REFERENCE / "optimizers.py"])
    project.run("matrix", "--models", "optimizers[sgd],optimizers[nesterov]")
    assert len(project.data["between_modes"]) == 2
    for compared in project.data["between_modes"]:
        assert {stage["stage"] for stage in compared["stages"]} >= {"update", "slots", "weights"}
        assert {stage["verdict"] for stage in compared["stages"]} <= {"identical", "rounding"}
