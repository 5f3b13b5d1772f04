"""Random draws, seen where they are made and judged by what they are.

Seen in releases old and new: one process for each runs `drawing.py`. Judged between two of them, by planted models.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from probe.client import PROBE
from tfmatrix.records import InstalledEnvironment

from .project import Project, plain_environment, wide

pytestmark = pytest.mark.integration

RELEASES = [*wide("2.8.4"), "2.9.3", *wide("2.12.1"), "2.15.1", *wide("2.16.2"), "2.21.0"]
WAYS = ("fit", "fit eagerly", "loop", "loop eagerly", "image", "functions", "lazy", "compiled", "elsewhere", "graph")
INITIAL = {"draw/lstm/kernel/uniform": 1, "draw/lstm/recurrent_kernel/normal": 1, "draw/out/kernel/uniform": 1}
IN_USERS_LOOP = {"draw/mine/shuffle": 3, "draw/mine/normal": 3}

NO_DRAW = {
    "ComputeAccidentalHits",  # looks for what was drawn
    "LoadTPUEmbeddingStochasticGradientDescentParameters",
    "RandomGammaGrad",
    "RetrieveTPUEmbeddingStochasticGradientDescentParameters",
    "RngReadAndSkip",  # states and seeds
    "RngSkip",
    "SobolSample",
    "StatelessRandomGetAlg",
    "StatelessRandomGetKeyCounter",
    "StatelessRandomGetKeyCounterAlg",
}
OF_DATASETS = {
    "AnonymousRandomSeedGenerator",
    "AnonymousSeedGenerator",
    "DeleteRandomSeedGenerator",
    "ExperimentalRandomDataset",
    "GlobalShuffleDataset",
    "RandomDataset",
    "RandomDatasetV2",
    "SamplingDataset",
    "ShuffleAndRepeatDataset",
    "ShuffleAndRepeatDatasetV2",
    "ShuffleDataset",
    "ShuffleDatasetV2",
    "ShuffleDatasetV3",
    "SnapshotDataset",
}
NOT_SEEN = {
    "RandomShuffleQueue",
    "RandomShuffleQueueV2",
    "RecordInput",
    "RiscRandomUniform",  # these three have no function in Python
    "Skipgram",
    "StochasticCastToInt",
    "XlaRngBitGenerator",
}


@pytest.fixture(scope="module")
def drawn(made_environment: Callable[..., InstalledEnvironment]) -> Callable[[str], dict[str, Any]]:
    """Return a function of a release that returns what was seen in it."""
    found: dict[str, dict[str, Any]] = {}

    def draw(version: str) -> dict[str, Any]:
        if version not in found:
            script = Path(__file__).with_name("drawing.py")
            command = [made_environment(version).interpreter, "-s", str(script), str(PROBE.parent)]
            ran = subprocess.run(command, capture_output=True, text=True, check=False, env=plain_environment())
            assert ran.returncode == 0, ran.stderr[-3000:]
            found[version] = json.loads(ran.stdout.splitlines()[-1])
        return found[version]

    return draw


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest, drawn: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Return what was seen in one release."""
    return drawn(request.param)


def test_watching_changes_no_bit(release: dict[str, Any]) -> None:
    """Weights after three updates, and all else that a draw moves, have the same bits with taps as without."""
    assert {way: release["ways"][way]["same"] for way in WAYS} == dict.fromkeys(WAYS, True)


@pytest.mark.parametrize("how", ["fit", "fit eagerly", "loop", "loop eagerly"])
def test_a_layers_draws_are_seen_once_per_update(release: dict[str, Any], how: str) -> None:
    """Under names that Keras 2 and 3 share: each initial weight once, and what each layer draws once per update."""
    seen = release["ways"][how]["seen"]
    # Keras 2 draws a mask for each gate of an LSTM, and Keras 3 one mask for all of them.
    gates = {name: seen.pop(name) for name in list(seen) if name.startswith("draw/lstm/uniform")}
    assert sum(gates.values()) in (3, 12)
    assert set(gates) == {"draw/lstm/uniform"}
    users = IN_USERS_LOOP if how.startswith("loop") else {}
    assert seen == {**INITIAL, "draw/noise/normal": 3, "draw/drop/uniform": 3, **users}


def test_no_update_draws_what_another_drew(release: dict[str, Any]) -> None:
    """What the taps get is what was drawn: it differs from update to update."""
    by_chance = {"draw/mine/shuffle"}  # there are 24 orders of four
    assert all(set(release["ways"][how]["repeated"]) <= by_chance for how in ("fit", "loop", "loop eagerly"))


def test_a_draw_is_described(release: dict[str, Any]) -> None:
    """With the op that draws, the layer, and the distribution that was asked for."""
    op, layer, distribution = release["ways"]["fit"]["draws"]["draw/drop/uniform"]
    assert op in ("RandomUniform", "StatelessRandomUniformV2")
    assert layer == "drop"
    assert distribution == "uniform(minval=0, maxval=1, dtype=float32, shape=[4, 5])"
    draws = release["ways"]["loop"]["draws"]
    assert draws["draw/mine/normal"][2] == "normal(mean=0, stddev=0.2, dtype=float32, shape=[4, 2])"
    assert draws["draw/out/kernel/uniform"][2].startswith("uniform(minval=-0.92582, maxval=0.92582, ")


def test_every_way_to_draw_is_seen(release: dict[str, Any]) -> None:
    """Generators, stateless functions, rare distributions, raw ops and Keras's augmentation."""
    assert "draw/flip/uniform" in release["ways"]["image"]["seen"]
    assert set(release["ways"]["functions"]["seen"]) == {
        "draw/candidates/sampled_candidates",
        "draw/candidates/true_expected_count",
        "draw/candidates/sampled_expected_count",
        "draw/categorical",
        "draw/gamma",
        "draw/normal",
        "draw/pooling/col_pooling_sequence",
        "draw/pooling/row_pooling_sequence",
        "draw/poisson",
        "draw/truncated_normal",
        "draw/uniform",
        "draw/uniform_int",
    }


def test_a_lifted_initial_value_is_traced_and_not_drawn_there(release: dict[str, Any]) -> None:
    """TensorFlow draws it in a function of its own, without the tap; a loop's draws are seen at every turn."""
    assert release["ways"]["lazy"]["seen"] == {"draw/normal": 0, "draw/while/truncated_normal": 4}


def test_where_no_tap_can_be(release: dict[str, Any]) -> None:
    """XLA is told to the sink, tf.data has stages of its own, and what is vectorized is noted."""
    assert release["ways"]["compiled"]["seen"] == {"draw/uniform": 1}
    assert release["ways"]["elsewhere"]["seen"] == {}
    assert release["notes"] == ["RandomUniform draws within tf.vectorized_map, where it is not seen"]


def test_a_v1_graphs_draws_go_by_their_scopes(release: dict[str, Any]) -> None:
    """Each draw of a graph has the name of its scope, without what TensorFlow opens."""
    assert release["ways"]["graph"]["seen"] == {
        "draw/hidden/w/Initializer/uniform": 1,
        "draw/hidden/uniform": 2,
        "draw/z/normal": 1,
    }


def test_every_random_op_of_a_release_is_known(release: dict[str, Any]) -> None:
    """An op that looks random is wrapped, draws nothing, belongs to tf.data, or is said not to be seen."""
    others = {op for op in release["random"] if not op.startswith("CudnnRNN")} - set(release["wrapped"])
    assert others <= NO_DRAW | OF_DATASETS | NOT_SEEN


@pytest.fixture(scope="module")
def judged(
    tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what is said of each model in `drawn`: by its name, tier and stage, native ones without the tier."""
    for version in PAIR:
        made_environment(version)
    models = sorted(Path(__file__).with_name("drawn").glob("*.py"))
    project = Project(tmp_path_factory.mktemp("drawn"), PAIR, models)
    ran = project.run("matrix", "--modes", "tf2")
    assert ran.returncode == 0, ran.stderr[-3000:]
    cells = [cell for cell in project.data["cells"] if cell["environment"] == PAIR[1]]
    return {cell["model"]: {stage["stage"]: stage for stage in cell["stages"][::-1]} for cell in cells}


PAIR = ("2.15.1", "2.16.2")
DIFFERENT = {
    "epochs": ("shuffle", "shuffle@1/order: equals shuffle@0 here, another order in the baseline"),
    "shuffles[last]": ("shuffle", "for where each goes"),
    "shuffles[last10]": ("shuffle", "33 a side, p = "),
    "shuffles[pairs]": ("shuffle", "for which are neighbours"),
    "shuffles[reverse]": ("shuffle", "the same order under every seed here, and another under each in the baseline"),
    "shuffles[rotate]": ("shuffle", "33 a side, p = "),
    "shuffles[buffer50]": ("shuffle", "33 a side, p = "),
    "masks[rate]": ("dropout", "another share (Fisher, p = "),
    "weights[wider]": ("init", "another deviation (Klotz, p = "),
    "weights[moved]": ("init", "another mean (van der Waerden, p = "),
    "shared[one]": ("init", "b/kernel: equals init/a/kernel here, another draw in the baseline"),
    "counter": ("init", "statistics: another value, and the same under every seed: it is not drawn"),
}
REDRAWN = {
    "shuffles[other]": "shuffle",
    "masks[twin]": "dropout",
    "weights[twin]": "init",
    "shared[twin]": "draw",
}


@pytest.mark.parametrize("model", DIFFERENT)
def test_draws_of_another_meaning_are_different(judged: dict[str, Any], model: str) -> None:
    """Each plant is found where it is, and said as what it is."""
    kind, told = DIFFERENT[model]
    worst = judged[model][kind]["worst"]
    assert worst["verdict"] == "different"
    assert told in f"{worst['stage']}: {worst['reason']}"


@pytest.mark.parametrize("model", REDRAWN)
def test_other_draws_alone_are_redrawn(judged: dict[str, Any], model: str) -> None:
    """A twin draws from another seed, and its evidence says what would be found."""
    worst = judged[model][REDRAWN[model]]["worst"]
    assert (worst["verdict"], "would find " in worst["reason"]) == ("redrawn", True)
    assert {stage["verdict"] for stage in judged[model].values()} <= {"redrawn", "identical", "rounding", "consequence"}
