"""Single ops in real releases: recorded in a step, replayed alone, and laid beside another release's.

What each pair of releases changed was told by a plain script, which executes each of these ops once on fixed inputs in
every release: Sigmoid and Softmax in 2.17.1, Conv2DBackpropInput in 2.16.2, RFFT and IRFFT in 2.15.1, Erf and
Conv2DBackpropInput in 2.14.1, Rsqrt in 2.13.1, Softmax in 2.12.1, and Neg, which makes -0 of 0 from then on; many in
2.9.3, a MatMul of 1,024 columns among them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from questions.explain.recording import text_tensor
from tfmatrix.questions.explain.export import least
from tfmatrix.questions.explain.kernels import culprit, digest, kernels, replayed
from tfmatrix.questions.explain.streams import DESCRIBED, TIER, Change, Recording, recorded, stream
from tfmatrix.records import Fingerprint, InstalledEnvironment, Ops, Replay
from tfmatrix.store.fingerprints import tensor_digest, to_array

from .project import WITH_AVX512, wide
from .replaying import Steps, outcome

pytestmark = pytest.mark.integration

OWN = Path(__file__).with_name("ops")
REFERENCE = Path(__file__).parents[2] / "reference_models"

Made = Callable[..., InstalledEnvironment]

EVERY_KIND_OF_OP = (
    *("convnet", "embedding", "optimizers", "recurrent"),
    *("keras_attention", "keras_noise", "keras_mixed_precision", "keras_normalization", "keras_train_step"),
)
"""Reference models that draw, look up, scatter, loop, are trained by every optimizer, and in types of 16 bits."""

OLDEST = ("convnet", "embedding", "optimizers", "recurrent", "keras_mlp", "keras_noise")
"""Those that 2.8.4 has: it lacks a layer of one, and runs bfloat16 eagerly nowhere, in a plain script neither."""

CHANGED = {
    ("2.11.1", "2.12.1"): {("roots", "Neg"), ("spectrum", "Neg")},
    ("2.12.1", "2.13.1"): {("roots", "Rsqrt")},
    ("2.13.1", "2.14.1"): {("gelu", "Erf")},
    ("2.14.1", "2.15.1"): {("spectrum", "RFFT"), ("spectrum", "IRFFT")},
    ("2.16.2", "2.17.1"): {("sigmoid", "Sigmoid")},
}
"""The kernels of the model `curves` that two neighbouring releases have otherwise, with the layer."""

LONG = ("long", "forward", "MatMul")
"""Layer, phase and type of a product of 1,024 columns."""


@pytest.mark.parametrize(
    ("version", "names"),
    [
        pytest.param("2.8.4", OLDEST, marks=pytest.mark.wide),
        pytest.param("2.12.1", EVERY_KIND_OF_OP, marks=pytest.mark.wide),
        ("2.15.1", EVERY_KIND_OF_OP),
        ("2.21.0", EVERY_KIND_OF_OP),
    ],
)
def test_a_replay_in_the_release_that_recorded_has_the_same_bits(
    tmp_path: Path, made_environment: Made, version: str, names: tuple[str, ...]
) -> None:
    """Every op of every model can be replayed, and none is unstable.

    But for the making of slots: older releases make them in the recorded step where the first one's loss, scaled for
    float16, was too large to update anything.
    """
    made_environment(version)
    steps = Steps(tmp_path, [version], [REFERENCE / f"{name}.py" for name in names])
    found = steps.compare(version, version)
    assert {name.partition("[")[0] for name in found} == set(names)
    for name, one in found.items():
        assert one.unstable == (), name
        made = dict(one.coverage.reasons).pop("makes a resource", 0)
        assert made == 0 or name == "keras_mixed_precision[float16]", name
        assert one.coverage.replayed + made == one.coverage.recorded > 30, name


@pytest.mark.parametrize(
    "pair", [("2.14.1", "2.15.1"), *wide(*(pair for pair in CHANGED if pair[0] != "2.14.1"))], ids="-".join
)
def test_the_kernels_that_changed_are_named_and_no_others(
    tmp_path: Path, made_environment: Made, pair: tuple[str, str]
) -> None:
    """Each with its layer, on the inputs of the step, and not far off."""
    base, other = pair
    for version in pair:
        made_environment(version)
    found = Steps(tmp_path, [base, other], [OWN / "curves.py"]).compare(base, other)["curves"]
    assert {(one.op.layer, one.op.type) for one in found.changed} == CHANGED[pair]
    assert found.coverage.replayed == found.coverage.recorded
    for one in found.changed:
        far = one.farthest.distance
        assert far.comparable
        assert far.differing == far.zero_sign_only or 0 < (far.scaled_error or 0) < 16


@pytest.mark.wide
@WITH_AVX512
def test_a_long_product_is_among_the_kernels_that_changed(tmp_path: Path, made_environment: Made) -> None:
    """2.9.3 multiplies by another library as a rule: what it does of short rows depends on the processor."""
    base, other = "2.8.4", "2.9.3"
    for version in (base, other):
        made_environment(version)
    found = Steps(tmp_path, [base, other], [OWN / "curves.py"]).compare(base, other)["curves"]
    (product,) = (one for one in found.changed if (one.op.layer, one.op.phase, one.op.type) == LONG)
    assert product.inputs == (("float32", (8, 1024)), ("float32", (1024, 1)))


def test_a_kernel_that_changed_is_a_script_that_shows_it(tmp_path: Path, made_environment: Made) -> None:
    """What it prints in both releases, without tfmatrix, is what was recorded and replayed."""
    base, other = "2.14.1", "2.15.1"
    for version in (base, other):
        made_environment(version)
    steps = Steps(tmp_path, [base, other], [OWN / "curves.py"])
    changed = steps.compare(base, other)["curves"].changed
    kernel = next(one for one in changed if one.op.type == "IRFFT")
    repro = steps.repro(kernel, base, other)
    kept = least(repro, tmp_path / "repro", steps.tensors.__getitem__, steps.config)
    assert kept.row is not None
    with np.load(tmp_path / "repro" / "inputs.npz") as given:
        assert len(given["input"]) == 1
    lines = [{line for there, line in kept.printed if there.name == version} for version in (base, other)]
    assert lines[0]
    assert lines[0].isdisjoint(lines[1])


PLANTED = {
    "one ULP": ("third", "new", (("NextAfter", 1),)),
    "another order": ("sum", "rewired", ("AddV2",)),
    "default": ("leaky", "settings", ((("LeakyRelu", "alpha", "0.30000001192092896", "0.20000000298023224"),))),
    "epsilon": (
        "norm",
        "settings",
        (("FusedBatchNormV3", "epsilon", "0.0010000000474974513", "0.009999999776482582"),),
    ),
}
"""What is planted in one layer of a deep network, and how that layer's ops are told."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, made_environment: Made) -> dict[str, tuple[Recording, Recording]]:
    """Return the steps of a network as it is, each beside the one with something planted."""
    made_environment("2.15.1")
    steps = Steps(tmp_path_factory.mktemp("planted"), ["2.15.1"], [OWN / "planted.py"]).record("2.15.1")
    found = {name.partition("[")[2][:-1]: step for name, step in steps.items()}
    return {name: (found["plain"], step) for name, step in found.items()}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_named_with_its_layer(planted: dict[str, tuple[Recording, Recording]], name: str) -> None:
    """And no other layer is said to compute anything else on the way forward."""
    layer, field, expected = PLANTED[name]
    (forward,) = (one for one in stream(*planted[name]) if one.computes and one.phase == "forward")
    assert forward.layer == layer
    told = getattr(forward, field)
    assert (tuple((s.type, s.name, s.base, s.other) for s in told) if field == "settings" else told) == expected


def test_what_is_done_outside_of_a_step_is_in_no_op(planted: dict[str, tuple[Recording, Recording]]) -> None:
    """A callback that moves a weight behind each update: there is nothing to name, and nothing is."""
    assert not any(one.computes for one in stream(*planted["hook"]))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, made_environment: Made) -> dict[str, tuple[Recording, Recording]]:
    """Return the steps of some models in the last release with Keras 2 and the first with Keras 3."""
    versions = ("2.15.1", "2.16.2")
    for version in versions:
        made_environment(version)
    models = [REFERENCE / "keras_normalization.py", REFERENCE / "keras_attention.py", OWN / "words.py"]
    steps = Steps(tmp_path_factory.mktemp("both"), versions, models)
    base, other = map(steps.record, versions)
    return {name: (base[name], other[name]) for name in base}


def change_of(steps: tuple[Recording, Recording], layer: str, phase: str) -> Change:
    """Return the change of one layer and phase."""
    return next(one for one in stream(*steps) if (one.layer, one.phase) == (layer, phase))


def test_a_batch_norm_is_other_ops(both: dict[str, tuple[Recording, Recording]]) -> None:
    """One fused op in Keras 2, which Keras 3 has as mean, squared difference and root; so has its gradient."""
    forward = change_of(both["keras_normalization"], "images", "forward")
    assert forward.gone == (("FusedBatchNormV3", 1),)
    assert {"Mean", "SquaredDifference", "Rsqrt"} <= {kind for kind, _ in forward.new}
    backward = change_of(both["keras_normalization"], "images", "backward")
    assert backward.gone == (("FusedBatchNormGradV3", 1),)
    assert "RsqrtGrad" in dict(backward.new)


def test_an_attention_multiplies_by_other_ops(both: dict[str, tuple[Recording, Recording]]) -> None:
    """Einsum in Keras 2; in Keras 3, in part, the products that it stands for."""
    changes = [one for one in stream(*both["keras_attention"]) if one.phase == "forward"]
    gone = {kind for one in changes for kind, _ in one.gone}
    assert "Einsum" in gone


def test_the_optimizer_of_an_embedding_is_other_ops(both: dict[str, tuple[Recording, Recording]]) -> None:
    """Keras 2 moves the rows that were looked up, Keras 3 makes a dense gradient of them."""
    change = change_of(both["words"], "table", "optimizer")
    assert dict(change.gone)["ResourceScatterAdd"] == 2
    assert "UnsortedSegmentSum" in dict(change.new)


def test_a_layer_that_did_not_change_is_not_told(both: dict[str, tuple[Recording, Recording]]) -> None:
    """The convolution in front of a changed norm is the same op in both."""
    assert ("conv", "forward") not in {
        (one.layer, one.phase) for one in stream(*both["keras_normalization"]) if one.computes
    }


@pytest.mark.parametrize("version", ["2.15.1", "2.16.2"])
def test_every_op_has_its_part_of_the_step_and_its_layer(
    both: dict[str, tuple[Recording, Recording]], version: str
) -> None:
    """Backward ops have the layer of the op that they differentiate, and slots that of their variable."""
    ops = both["words"][("2.15.1", "2.16.2").index(version)].ops
    assert {op.phase for op in ops} == {"initializer", "forward", "loss", "metric", "backward", "optimizer"}
    assert {"table", "mean", "out"} <= {op.layer for op in ops if op.phase == "forward"}
    assert {op.layer for op in ops if op.phase == "initializer"} >= {"table", "out"}
    (product,) = (op for op in ops if (op.phase, op.type) == ("forward", "MatMul"))
    behind = [op for op in ops if op.of == product.number]
    assert {(op.phase, op.layer, op.type) for op in behind} == {("backward", "out", "MatMul")}
    moving = [op for op in ops if op.phase == "optimizer" and op.inputs and op.inputs[0].source == "variable"]
    assert {op.layer for op in moving} <= {"table", "out", ""}


def test_an_op_that_ends_the_process_is_named_and_skipped(tmp_path: Path, made_environment: Made) -> None:
    """The trial crashes and says at which op; asked again without that one, it replays all others."""
    version = "2.15.1"
    made_environment(version)
    steps = Steps(tmp_path, [version], [REFERENCE / "keras_mlp.py"], variables='TF_ENABLE_ONEDNN_OPTS = "1"')
    (recording,) = steps.record(version).values()
    aborting = _with_abort(recording, steps)
    path = steps.hand(aborting)
    asked = Replay(digest(aborting), str(path))
    first = steps.run(version, {"keras_mlp": asked})["keras_mlp"].trial
    assert outcome(first) == ("crashed", "op 20")
    assert culprit(first) == 20
    again = steps.run(version, {"keras_mlp": replace(asked, skip=(20,))})["keras_mlp"]
    found = replayed(again.trace, steps.tensors.__getitem__)
    assert found
    assert found.obstacles == {20: "ends the process"}
    stages = {one.stage for op in recording.ops for one in op.outputs}
    assert set(found.outputs) == stages


def _with_abort(recording: Recording, steps: Steps) -> Recording:
    """Return a step with an op in it that ends the process: oneDNN's convolution of a scalar, which CHECK refuses."""
    told = json.loads(to_array(steps.tensors[recording.described]).item())
    scalar = next(one for op in told["ops"] for one in op["inputs"] if (one["dtype"], one["shape"]) == ("float32", []))
    attributes = {
        "T": ["type", "float32", False],
        "padding": ["string", "VALID", False],
        "strides": ["list(int)", [1, 1, 1, 1], False],
    }
    made = {"stage": "op/planted", "digest": scalar["digest"], "dtype": "float32", "shape": []}
    planted = {"type": "Conv2D", "phase": "forward", "layer": "", "attributes": attributes, "obstacle": ""}
    told["ops"].insert(20, {**planted, "session": False, "inputs": [scalar, scalar], "outputs": [made]})
    described = text_tensor(told)
    steps.tensors[tensor_digest(described)] = described
    changed = recorded([Fingerprint(TIER, DESCRIBED, tensor_digest(described))], steps.tensors.__getitem__)
    assert changed
    return changed


def test_a_step_is_described_alike_each_time(tmp_path: Path, made_environment: Made) -> None:
    """Nothing in a description is of one process: a step that is recorded again is no other one to replay."""
    made_environment("2.15.1")
    steps = Steps(tmp_path, ["2.15.1"], [REFERENCE / f"{name}.py" for name in ("keras_text", "recurrent")])
    first, again = steps.record("2.15.1"), steps.record("2.15.1")
    assert {name: digest(one) for name, one in first.items()} == {name: digest(one) for name, one in again.items()}


SCRIPT = """
import numpy as np
import tensorflow as tf

x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
net = tf.keras.Sequential([tf.keras.layers.Dense(4, name="hidden"), tf.keras.layers.Dense(1, name="out")])
optimizer = tf.keras.optimizers.Adam(0.01)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))


for _ in range(3):
    step()
"""


@pytest.mark.parametrize("version", ["2.15.1", "2.16.2"])
def test_a_script_is_recorded_up_to_its_first_update(tmp_path: Path, made_environment: Made, version: str) -> None:
    """Its functions run eagerly, and what of it can be replayed is clean; variables that are made can't be."""
    made_environment(version)
    steps = Steps(tmp_path, [version], [], scripts={"script": SCRIPT})
    recording = steps.record(version)["script"]
    assert [op.layer for op in recording.ops if (op.phase, op.type) == ("forward", "MatMul")] == ["hidden", "out"]
    assert {op.phase for op in recording.ops} >= {"initializer", "forward", "loss", "backward", "optimizer"}
    own = steps.replay(version, {"script": recording})["script"]
    found = kernels(recording, own, own, steps.distance)
    assert found.unstable == ()
    assert {reason for reason, _ in found.coverage.reasons} == {"makes a resource"}


def test_ops_are_recorded_where_they_are_executed_one_by_one(tmp_path: Path, made_environment: Made) -> None:
    """A mode that runs something else says so, and fakes nothing."""
    made_environment("2.15.1")
    steps = Steps(tmp_path, ["2.15.1"], [REFERENCE / "mlp.py"], "tf2-xla")
    found = steps.run("2.15.1", {"mlp": Ops()})["mlp"].trial
    assert found.outcome == "unsupported"
    assert "XLA compiles all of them" in found.message


def test_a_model_without_a_step_is_unsupported(tmp_path: Path, made_environment: Made) -> None:
    """A pipeline of data has no step of training."""
    made_environment("2.15.1")
    steps = Steps(tmp_path, ["2.15.1"], [REFERENCE / "input_pipeline.py"])
    found = steps.run("2.15.1", {"input_pipeline": Ops()})["input_pipeline"].trial
    assert found.outcome == "unsupported"
    assert "no step of training" in found.message
