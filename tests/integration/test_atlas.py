"""Single ops of real releases: a row is what a plain call makes, and an op that ends its process is named."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfmatrix import cli, config
from tfmatrix.questions.atlas.plan import batch_of, make_atlas_plan
from tfmatrix.records import OBSERVED, InstalledEnvironment
from tfmatrix.runner.events import Event, Finished, Ready
from tfmatrix.runner.observing import observe
from tfmatrix.store.fingerprints import to_array

from .project import ROOT, Project, wide

pytestmark = pytest.mark.integration

NORMALIZATION = "keras.layers.BatchNormalization"

NAMES = ("Exp", "UnicodeDecodeWithOffsets", "ArgMax", NORMALIZATION)
"""Names whose batches are run: an op that is plain, one that aborts where it replaces a character by none (`SparseAdd`
is in its batch), one whose axis may be smaller than what its kernel reads, a layer."""

FILLED = (("MALLOC_PERTURB_", "170"),)
"""What has glibc fill fresh memory with 0x55: an op that reads beyond what it is given comes to other bits there."""

PLAIN = """
import hashlib, sys, zlib
import numpy as np
import tensorflow as tf
tf.config.experimental.enable_op_determinism()
stream = np.random.RandomState(zlib.crc32(b"Exp/odd/x"))
x = tf.constant((stream.randint(-2**20, 2**20, size=(7, 13)) * (2.0 / 2**20)).astype("float32"))
upstream = (np.random.RandomState(zlib.crc32(b"Exp/0")).randint(-8, 8, size=(7, 13)) / 8.0).astype("float32")
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.raw_ops.Exp(x=x)
for one in (y, tape.gradient(y, x, output_gradients=tf.constant(upstream))):
    print(hashlib.sha256(one.numpy().tobytes()).hexdigest())
"""
"""What a row is, without tfmatrix."""


PLAIN_KERAS = """
import hashlib, zlib
import numpy as np
import tensorflow as tf
tf.config.experimental.enable_op_determinism()
row = "keras.layers.BatchNormalization/training/"

def given(at, low, *shape):
    drawn = np.random.RandomState(zlib.crc32((row + at).encode())).randint(low, 2**20 + (low > 0), size=shape)
    return (drawn * (2.0 / 2**20)).astype("float32")

layer = tf.keras.layers.BatchNormalization()
x = tf.constant(given("0", -2**20, 3, 9, 7, 8))
layer(x, training=False)
for at, one in enumerate(layer.weights):
    one.assign(given("weight-%d" % at, 1 if "variance" in one.name else -2**20, 8) / 4)
y = layer(x, training=True)
for one in (y, *layer.weights[2:]):
    print(hashlib.sha256(np.asarray(one).tobytes()).hexdigest())
"""
"""The same of a layer: what it makes in training, and the averages that it keeps."""


@dataclass
class Batch:
    """What the two trials of a batch made."""

    stages: Sequence[Mapping[str, Any]]
    """Of each trial the arrays by stage."""
    digests: Sequence[Mapping[str, str]]
    """The same as digests."""
    told: list[dict[str, Any]]
    installed: InstalledEnvironment


@pytest.fixture(scope="module", params=["2.9.3", *wide("2.8.4", "2.15.1", "2.21.0")])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Batch]:
    """Run the batches of some ops in a release, each in two processes, of which the second fills its memory first."""
    project = Project(tmp_path_factory.mktemp("atlas"), [request.param, "2.16.2"], [])
    plan = make_atlas_plan(config.load(project.folder))
    environment = next(one for one in plan.environments if one.name == request.param)
    filled = replace(plan, config=replace(plan.config, launches=(replace(plan.launch, variables=FILLED),)))
    second = dict(filled.trials(environment))
    trials = {batch: (of[0], second[batch][1]) for batch, of in plan.trials(environment)}
    events: list[Event] = list(observe([one for op in NAMES for one in trials[batch_of(op)]], plan.config))
    (installed,) = {event.installed for event in events if isinstance(event, Ready)}
    finished = [event for event in events if isinstance(event, Finished)]
    found = {}
    for op in NAMES:
        mine = [one for one in finished if one.expected in trials[batch_of(op)]]
        assert [one.trial.outcome for one in mine] == [OBSERVED, OBSERVED], [one.trial.message for one in mine]
        stages = [{stage: to_array(one.tensors[digest]) for _, stage, digest in one.trace} for one in mine]
        digests = [{stage: digest for _, stage, digest in one.trace} for one in mine]
        found[op] = Batch(stages, digests, [json.loads(one["told"].item()) for one in stages], installed)
    return found


def test_two_processes_make_the_same_bits(ran: dict[str, Batch]) -> None:
    """Of every row, and raise the same, whatever lies in memory that nobody wrote."""
    for batch in ran.values():
        first, second = batch.digests
        assert first.keys() == second.keys()
        differing = [name for name in first if name != "told" and first[name] != second[name]]
        assert differing == []
        assert batch.told[0].keys() == batch.told[1].keys()
        assert batch.told[0]["ended"] == batch.told[1]["ended"]


def test_a_row_is_what_a_plain_call_makes(ran: dict[str, Batch], tmp_path: Path) -> None:
    """So is its gradient, bit for bit."""
    batch = ran["Exp"]
    script = tmp_path / "plain.py"
    script.write_text(PLAIN, encoding="utf-8")
    command = [batch.installed.interpreter, str(script)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    names = ("Exp[float32]/odd/0", "Exp[float32]/odd/gradient/x")
    assert printed == [hashlib.sha256(batch.stages[0][name].tobytes()).hexdigest() for name in names]


def test_a_row_of_keras_is_what_a_plain_script_makes(ran: dict[str, Batch], tmp_path: Path) -> None:
    """From the same weights; the averages that a training changes are there too, and what the layer takes."""
    batch = ran[NORMALIZATION]
    script = tmp_path / "plain.py"
    script.write_text(PLAIN_KERAS, encoding="utf-8")
    command = [batch.installed.interpreter, str(script)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    names = [f"{NORMALIZATION}/training/{at}" for at in ("0", "weight-2", "weight-3")]
    assert printed == [hashlib.sha256(batch.stages[0][name].tobytes()).hexdigest() for name in names]
    says = batch.told[0]["says"]
    assert says[f"{NORMALIZATION}/arguments"]["momentum"] == "0.99"
    assert says[f"{NORMALIZATION}/config"]["epsilon"] == "0.001"
    assert f"{NORMALIZATION}/training/gradient/0.0" in batch.stages[0]


def test_rows_of_bfloat16_are_made(ran: dict[str, Batch]) -> None:
    """Before 2.14 its arrays can't be pickled, and a trial gets what rows make from another process."""
    found = ran["Exp"].stages[0]["Exp[bfloat16]/odd/0"]
    assert found.dtype.name == "bfloat16"
    assert np.isfinite(found.astype("float32")).all()


def test_the_variants_of_an_op_are_rows_of_their_own(ran: dict[str, Batch]) -> None:
    """With the inputs that they name in place of the usual ones, at the odd sizes."""
    stages = ran["UnicodeDecodeWithOffsets"].stages[0]  # whose batch has it too
    shapes = {case: stages[f"Sum[float32]/{case}/0"].shape for case in ("odd", "last-axis", "every-axis")}
    assert shapes == {"odd": (13,), "last-axis": (7,), "every-axis": ()}


def test_special_values_are_there(ran: dict[str, Batch]) -> None:
    """NaN stays NaN, and the exponential of an infinity is one."""
    found = ran["Exp"].stages[0]["Exp[float32]/special/0"]
    assert np.isnan(found).any()
    assert np.isposinf(found).any()
    assert (found == 0).any()


def test_an_op_that_ends_the_process_is_named_and_others_go_on(ran: dict[str, Batch]) -> None:
    """Its rows have the signal, and ops behind it in the batch have their results."""
    batch = ran["UnicodeDecodeWithOffsets"]
    ended = batch.told[0]["ended"]
    assert ended["UnicodeDecodeWithOffsets[int32]/odd"] == "ends the process by SIGABRT"
    # A division of whole numbers by zero is another way to end it.
    assert {name.partition("[")[0] for name in ended} <= {"UnicodeDecodeWithOffsets", "SparseDenseCwiseDiv"}
    assert any(name > "UnicodeDecodeWithOffsets" for name in batch.stages[0] if name != "told")


def test_what_is_not_run_has_a_reason(ran: dict[str, Batch]) -> None:
    """Every op, and every name of Keras, of a batch has rows, or a word that says why not."""
    for name, reason in (("Exp", "a handle"), (NORMALIZATION, "a whole network")):
        told = ran[name].told[0]
        assert all(told["left_out"].values())
        assert reason in told["left_out"].values()


def test_what_a_model_uses_is_looked_up_by_its_types(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment]
) -> None:
    """A product of float16 changed from 2.15.1 to 2.16.2, and one of float32 did not; 2.16.2 is not made for it.

    The classes of Keras are named as a user names them.
    """
    made_environment("2.15.1")
    model = ROOT / "reference_models" / "keras_mixed_precision.py"
    project = Project(tmp_path / "project", ["2.15.1", "2.16.2"], [model])
    ran = project.run("atlas", "2.16.2", "--model", "keras_mixed_precision[float16]", "--modes", "tf2")
    assert ran.returncode == cli.CHANGED, ran.stderr
    (answer,) = project.json("static")["answers"]
    assert ("MatMul", "float16", "rounding") in {(one["what"], one["types"], one["kind"]) for one in answer["changes"]}
    assert {one["types"] for one in answer["changes"] if one["what"] == "MatMul"} == {"float16"}
    layers = {"keras.layers.Conv2D", "keras.layers.BatchNormalization", "keras.layers.Dense", "keras.layers.Flatten"}
    assert {*layers, "keras.optimizers.Adam"} <= set(answer["classes"])
