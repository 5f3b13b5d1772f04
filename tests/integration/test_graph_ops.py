"""Single ops of graphs in real releases: what a session runs, recorded op by op, and a saved model's.

What a session itself computes is told by the script `ops/session.py`, run without tfmatrix; which kernels changed by
the same plain script as in `test_ops`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from questions.explain.recording import text_tensor
from tfmatrix.questions.explain.feeding import apart, first, is_whole
from tfmatrix.questions.explain.kernels import kernels
from tfmatrix.questions.explain.streams import DESCRIBED, TIER, Recording, recorded, stream
from tfmatrix.records import Fingerprint, InstalledEnvironment, Ops, Tensor
from tfmatrix.store.fingerprints import tensor_digest, to_array

from .project import wide
from .replaying import Steps

pytestmark = pytest.mark.integration

OWN = Path(__file__).with_name("ops")
REFERENCE = Path(__file__).parents[2] / "reference_models"

Made = Callable[..., InstalledEnvironment]

IN_LOOPS = {
    "is in a loop or a branch of the graph",
    "makes a resource",
    "takes a resource that is no variable",
}
"""Why an op that has to do with a loop says nothing: the arrays that it fills are no variables."""

CHANGED = {
    ("2.13.1", "2.14.1"): {("gelu", "forward", "Erf")},
    ("2.14.1", "2.15.1"): {("spectrum", "forward", "RFFT"), ("spectrum", "backward", "IRFFT")},
}
"""The kernels of the model `curves` that two neighbouring releases have otherwise, with layer and phase."""

FILES = ("network.keras", "network.h5", "network_saved", "network.pb", "network.meta")


@pytest.mark.parametrize("version", [*wide("2.8.4"), "2.15.1"])
def test_a_replay_in_the_release_that_recorded_has_the_same_bits(
    tmp_path: Path, made_environment: Made, version: str
) -> None:
    """Every op outside of loops can be replayed, what moves a variable of version 1 too, and none is unstable."""
    made_environment(version)
    names = ("attention", "convnet", "embedding", "keras_mlp", "recurrent")
    found = Steps(tmp_path, [version], [REFERENCE / f"{name}.py" for name in names], "v1").compare(version, version)
    assert set(found) == set(names)
    for name, one in found.items():
        assert one.unstable == (), name
        reasons = dict(one.coverage.reasons)
        assert set(reasons) == (IN_LOOPS if name == "recurrent" else set()), name
        assert one.coverage.replayed + sum(reasons.values()) == one.coverage.recorded > 60, name


@pytest.mark.parametrize("pair", [*wide(("2.13.1", "2.14.1")), ("2.14.1", "2.15.1")], ids="-".join)
def test_the_kernels_that_changed_are_named_and_no_others(
    tmp_path: Path, made_environment: Made, pair: tuple[str, str]
) -> None:
    """Each with its layer, by the weights that what it is given was made of."""
    base, other = pair
    for version in pair:
        made_environment(version)
    found = Steps(tmp_path, [base, other], [OWN / "curves.py"], "v1").compare(base, other)["curves"]
    assert {(one.op.layer, one.op.phase, one.op.type) for one in found.changed} == CHANGED[pair]
    assert found.coverage.replayed == found.coverage.recorded > 100
    assert found.unstable == ()


@pytest.mark.wide
def test_with_all_that_changed_fed_everything_has_the_bits_of_the_baseline(
    tmp_path: Path, made_environment: Made
) -> None:
    """Two kernels at once; with any one of them left out it alone is apart, and the last weights differ."""
    base, other = "2.11.1", "2.13.1"
    for version in (base, other):
        made_environment(version)
    onednn = 'TF_ENABLE_ONEDNN_OPTS = "1"'  # which has the Softmax, and not every processor by itself
    steps = Steps(tmp_path, [base, other], [REFERENCE / "attention.py"], "v1", variables=onednn)
    mine, there = (steps.record(version)["attention"] for version in (base, other))
    own, elsewhere = (steps.replay(version, {"attention": mine})["attention"] for version in (base, other))
    numbers = first(mine, there, kernels(mine, own, elsewhere, steps.distance))
    assert [mine.ops[number].type for number in numbers] == ["Softmax", "Rsqrt"]
    assert not is_whole(mine, there)
    assert is_whole(mine, steps.feed(other, "attention", mine, numbers))
    for left in numbers:
        fewer = steps.feed(other, "attention", mine, set(numbers) - {left})
        assert apart(mine, fewer) == (left,)
        ends = [pair for pair in zip(mine.ops, fewer.ops, strict=True) if pair[0].type == "ApplyAdam"]
        assert any(a.outputs != b.outputs for a, b in ends)


@pytest.fixture(scope="module")
def curves(tmp_path_factory: pytest.TempPathFactory, made_environment: Made) -> tuple[Steps, Recording]:
    """Return a step of curves."""
    made_environment("2.15.1")
    steps = Steps(tmp_path_factory.mktemp("curves"), ["2.15.1"], [OWN / "curves.py"], "v1")
    return steps, steps.record("2.15.1")["curves"]


OFF = (
    ("roots", "forward", "Rsqrt"),
    ("sigmoid", "backward", "SigmoidGrad"),
    ("long", "optimizer", "ApplyGradientDescent"),
)
"""Ops of curves, by layer, phase and type, that are to be off."""


def test_kernels_that_are_off_are_named_with_their_layers(curves: tuple[Steps, Recording]) -> None:
    """What is planted: some ops are given one ULP more, as if they computed otherwise; they are the only ones named."""
    steps, recording = curves
    own = steps.replay("2.15.1", {"curves": recording})["curves"]
    other = steps.replay("2.15.1", {"curves": _with_one_ulp(recording, steps)})["curves"]
    found = kernels(recording, own, other, steps.distance)
    assert tuple((one.op.layer, one.op.phase, one.op.type) for one in found.changed) == OFF
    assert all((one.farthest.distance.max_ulp or 0) > 0 for one in found.changed)


def _with_one_ulp(recording: Recording, steps: Steps) -> Recording:
    """Return a step in which some ops are given something else: the next number for each of their first input."""
    told = json.loads(to_array(steps.tensors[recording.described]).item())
    for op in told["ops"]:
        if (op["layer"], op["phase"], op["type"]) in OFF:
            held = steps.tensors[op["inputs"][0]["digest"]]
            array = np.nextafter(to_array(held), np.float32(np.inf))
            moved = Tensor(held.dtype, held.shape, array.tobytes())
            steps.tensors[tensor_digest(moved)] = moved
            op["inputs"][0]["digest"] = tensor_digest(moved)
    described = text_tensor(told)
    steps.tensors[tensor_digest(described)] = described
    changed = recorded([Fingerprint(TIER, DESCRIBED, tensor_digest(described))], steps.tensors.__getitem__)
    assert changed
    return changed


def test_a_step_has_its_parts_and_layers(curves: tuple[Steps, Recording]) -> None:
    """Backward ops have the layer of the op that they differentiate, which is known by its number."""
    ops = curves[1].ops
    assert {op.phase for op in ops} == {"initializer", "forward", "loss", "backward", "optimizer"}
    layers = {"sigmoid", "gelu", "spectrum", "roots", "long"}
    assert {op.layer for op in ops if op.phase == "forward"} == {*layers, ""}
    assert {op.layer for op in ops if op.type == "ApplyGradientDescent"} == layers
    (erf,) = (op for op in ops if op.type == "Erf")
    assert {(op.layer, op.phase) for op in ops if op.of == erf.number} == {("gelu", "backward")}


PLANTED = """
import tensorflow as tf

VARIANTS = {"plain": {"MORE": False}, "one ULP": {"MORE": True}}
MORE = False
OPTIMIZER = {"name": "SGD", "learning_rate": 0.01}
EPOCHS, BATCH = 1, 8


def data(rng):
    return {"x": rng.random_sample((16, 6)).astype("float32")}


def variables():
    return {name + "/kernel": tf.random.uniform([6, 6], -0.5, 0.5) for name in ("first", "second", "third")}


def forward(variables, batch, dropout):
    x = batch["x"]
    for name in ("first", "second", "third"):
        x = tf.tanh(tf.matmul(x, variables[name + "/kernel"]))
        if MORE and name == "second":
            x = tf.math.nextafter(x, tf.ones_like(x))
    return {"output": x}


def loss(outputs, batch):
    return tf.reduce_mean(tf.square(outputs["output"]))
"""


def test_an_op_more_is_named_with_its_layer(tmp_path: Path, made_environment: Made) -> None:
    """One ULP that an op of its own adds in one of three layers: no other is said to compute anything else forward."""
    made_environment("2.15.1")
    (tmp_path / "planted.py").write_text(PLANTED, encoding="utf-8")
    steps = Steps(tmp_path, ["2.15.1"], [tmp_path / "planted.py"], "v1").record("2.15.1")
    changes = stream(steps["planted[plain]"], steps["planted[one ULP]"])
    (forward,) = (one for one in changes if one.computes and one.phase == "forward")
    assert (forward.layer, forward.new) == ("second", (("NextAfter", 1),))


@pytest.mark.parametrize(
    ("version", "mode"), [pytest.param("2.8.4", "v1", marks=pytest.mark.wide), ("2.15.1", "v1"), ("2.16.2", "tf2")]
)
def test_a_script_for_a_session_is_recorded_up_to_its_first_update(
    tmp_path: Path, made_environment: Made, version: str, mode: str
) -> None:
    """Its ops have the values that the session itself has for them: variables that are moved twice, and a loop."""
    interpreter = made_environment(version).interpreter
    script = OWN / "session.py"
    told = subprocess.run(
        [interpreter, "-W", "ignore", str(script), "say"], capture_output=True, text=True, check=True, env=plain()
    ).stdout
    fetched, held = (set(line.split()) for line in told.strip().splitlines()[-3::2])
    steps = Steps(tmp_path, [version], [], mode, scripts={"session": script.read_text(encoding="utf-8")})
    recording = steps.record(version)["session"]
    made = {_bytes(steps, one.digest) for op in recording.ops for one in op.outputs if one.stage}
    given = {_bytes(steps, one.digest) for op in recording.ops for one in op.inputs if one.digest}
    assert fetched <= made | given
    assert held <= made
    own = steps.replay(version, {"session": recording})["session"]
    found = kernels(recording, own, own, steps.distance)
    assert found.unstable == ()
    assert {reason for reason, _ in found.coverage.reasons} <= IN_LOOPS
    assert found.coverage.replayed > 50
    assert {op.layer for op in recording.ops if op.phase == "backward"} >= {"first", "second"}


def _bytes(steps: Steps, digest: str) -> str:
    """Return the digest of a tensor's bytes alone."""
    return hashlib.sha256(steps.tensors[digest].data).hexdigest()


def plain() -> dict[str, str]:
    """Return the variables of a process with as many threads as a trial."""
    return {**os.environ, "TF_NUM_INTRAOP_THREADS": "2", "TF_NUM_INTEROP_THREADS": "2", "TF_CPP_MIN_LOG_LEVEL": "3"}


KERAS = """
import numpy as np
import tensorflow as tf

tf.compat.v1.disable_eager_execution()
x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
net = tf.keras.Sequential([tf.keras.layers.Dense(4, "sigmoid", name="hidden"), tf.keras.layers.Dense(1, name="out")])
net.compile("adam", "mse")
net.fit(x, y, verbose=0)
"""


def test_a_script_that_wants_graphs_of_keras_is_recorded(tmp_path: Path, made_environment: Made) -> None:
    """Functions that run eagerly are no obstacle to it, and its layers are the model's."""
    made_environment("2.15.1")
    steps = Steps(tmp_path, ["2.15.1"], [], scripts={"graphs": KERAS})
    recording = steps.record("2.15.1")["graphs"]
    assert [op.layer for op in recording.ops if (op.phase, op.type) == ("forward", "MatMul")] == ["hidden", "out"]
    assert {op.layer for op in recording.ops if op.type == "SigmoidGrad"} == {"hidden"}
    own = steps.replay("2.15.1", {"graphs": recording})["graphs"]
    assert kernels(recording, own, own, steps.distance).unstable == ()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, made_environment: Made) -> Path:
    """Return a folder of saved models."""
    folder = tmp_path_factory.mktemp("saved") / "files"
    folder.mkdir()
    command = [made_environment("2.13.1").interpreter, "-W", "ignore", str(OWN / "network.py"), str(folder)]
    subprocess.run(command, capture_output=True, check=True, env=plain())
    return folder


@pytest.mark.wide
def test_a_saved_model_names_the_kernel_that_changed(tmp_path: Path, made_environment: Made, written: Path) -> None:
    """In each format, with its layer by Keras or by the scopes of the file; and no other kernel."""
    base, other = "2.13.1", "2.14.1"
    for version in (base, other):
        made_environment(version)
    found = Steps(tmp_path, [base, other], [], files=[written / name for name in FILES]).compare(base, other)
    assert {name: {(one.op.layer, one.op.type) for one in of.changed} for name, of in found.items()} == {
        "network_keras": {("curved", "Erf")},
        "network_h5": {("curved", "Erf")},
        "network_saved": {("sequential/curved/Gelu", "Erf")},
        "network_pb": {("Gelu", "Erf")},
        "network_meta": {("curved/Gelu", "Erf")},
    }
    for one in found.values():
        assert one.unstable == ()
        assert one.coverage.replayed == one.coverage.recorded > 5


def test_a_model_of_tensorflow_lite_has_ops_of_its_own(tmp_path: Path, made_environment: Made) -> None:
    """It says so."""
    code = "import sys, tensorflow as tf\n"
    code += "f = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([1], name='x')]).get_concrete_function()\n"
    code += "open(sys.argv[1], 'wb').write(tf.lite.TFLiteConverter.from_concrete_functions([f]).convert())\n"
    (tmp_path / "files").mkdir()
    file = tmp_path / "files" / "small.tflite"
    command = [made_environment("2.15.1").interpreter, "-W", "ignore", "-c", code, str(file)]
    subprocess.run(command, capture_output=True, check=True, env=plain())
    steps = Steps(tmp_path, ["2.15.1"], [], files=[file])
    found = steps.run("2.15.1", {"small_tflite": Ops()})["small_tflite"].trial
    assert found.outcome == "unsupported"
    assert found.message == "TensorFlow Lite has ops of its own, which are not recorded"
