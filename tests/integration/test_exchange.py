"""The exchange on two real releases: what is written comes back, and what was spoilt in between is said."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from building import missing_from
from tfmatrix import config
from tfmatrix.compare.distance import Distance, measure
from tfmatrix.questions.exchange.judge import judge
from tfmatrix.questions.exchange.plan import ExchangePlan, digest_of, make_exchange_plan
from tfmatrix.questions.exchange.verdicts import Exchanged, Judged, Side
from tfmatrix.records import Environment, Fingerprint, InstalledEnvironment, Write
from tfmatrix.runner.events import Finished
from tfmatrix.runner.observing import observe
from tfmatrix.store.fingerprints import to_array
from tfmatrix.store.store import Store

from .project import ROOT, Project

pytestmark = pytest.mark.integration

OLD, NEW = "2.15.1", "2.21.0"
FORMATS = ("h5-weights", "tf-weights", "model-checkpoint", "h5", "saver")

FLIP = """
import glob, sys, h5py, numpy
with h5py.File(glob.glob(sys.argv[1] + "/*.h5")[0], "r+") as file:
    found = []
    file.visititems(lambda name, item: found.append(name) if getattr(item, "shape", None) == (10, 10) else None)
    bits = file[found[0]][()].view(numpy.uint32)
    bits[3, 4] ^= 1
    file[found[0]][...] = bits.view(numpy.float32)
"""
"""Flips the last bit of one number of the hidden layer's kernel, the only weight of that shape."""

HALF = """
import glob, sys, tensorflow as tf
network = tf.keras.Sequential([tf.keras.Input((10,)), tf.keras.layers.Dense(10, name="hidden")])
tf.train.Checkpoint(model=network).write(sys.argv[1] + "/checkpoint")
"""
"""Writes a checkpoint in which the output layer is missing."""


class Exchange:
    """A project whose exchange was run once, and the artefacts of which can be spoilt and read again."""

    def __init__(self, project: Project, interpreter: str) -> None:
        self.project = project
        self._interpreter = interpreter
        self._config = config.load(project.folder)
        self.plan: ExchangePlan = make_exchange_plan(self._config, FORMATS)
        self._store = self._config.under_root(self._config.store)

    def pairs(self) -> dict[tuple[str, str, str, str], dict[str, Any]]:
        """Return the report's pairs by format, mode, writer and reader."""
        data = self.project.json("exchange")
        return {(p["format"], p["mode"], p["writer"], p["reader"]): p for p in data["pairs"]}

    def spoilt(self, form: str, reader: str, spoil: Callable[[Path], object], folder: Path) -> Judged:
        """Return what becomes of what the old release wrote, spoilt in between."""
        written = next(w for w in self.plan.written if (w.form.name, w.writer.cell.mode) == (form, "tf2"))
        shutil.copytree(written.folder, folder)
        spoil(folder)
        expected = self.plan.reader(replace(written, folder=folder), Environment(reader), digest_of(folder))
        (finished,) = (event for event in observe([expected], self._config) if isinstance(event, Finished))
        with Store(self._store) as store:
            trial = store.trial(written.writer.key)
            assert trial
            assert trial.trace
            before = store.trace(trial.trace)
            tensors = {p.digest: store.tensor(p.digest) for p in before} | dict(finished.tensors)

        def distance(first: str, second: str) -> Distance:
            return measure(to_array(tensors[first]), to_array(tensors[second]))

        return judge(Side(trial, names(before)), Side(finished.trial, names(finished.trace) or None), distance)

    def script(self, source: str) -> Callable[[Path], object]:
        """Return a function that runs a script in the old release on a folder."""
        return lambda folder: subprocess.run([self._interpreter, "-c", source, str(folder)], check=True)


def names(trace: tuple[Fingerprint, ...]) -> dict[str, str]:
    """Return a trace by stage."""
    return {print_.stage: print_.digest for print_ in trace}


@pytest.fixture(scope="module")
def exchange(
    tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]
) -> Exchange:
    """Return an exchange between two releases."""
    interpreters = [made_environment(version).interpreter for version in (OLD, NEW)]
    models = (ROOT / "reference_models" / f"{name}.py" for name in ("keras_mlp", "mlp"))
    project = Project(tmp_path_factory.mktemp("exchange") / "project", (OLD, NEW), models)
    ran = project.run("exchange", "--formats", ",".join(FORMATS))
    assert ran.returncode == 0, ran.stderr
    return Exchange(project, interpreters[0])


def test_every_pair_is_answered_and_a_second_run_runs_nothing(exchange: Exchange) -> None:
    """Nothing is missing, and what is known is neither written nor read again."""
    before = exchange.project.json("exchange")
    assert "missing" not in {pair["verdict"] for pair in before["pairs"]}
    again = exchange.project.run("exchange", "--formats", ",".join(FORMATS))
    assert re.fullmatch(r"0 of \d+ trials to run, \d+ stored already\.\n", again.stderr)
    assert exchange.project.json("exchange") == before


def test_a_release_reads_what_it_wrote_itself(exchange: Exchange) -> None:
    """Within one release every format that is written predicts the same bits."""
    own = [pair for (_, _, writer, reader), pair in exchange.pairs().items() if writer == reader]
    verdicts = {pair["verdict"] for pair in own}
    assert verdicts <= {"predicts the same bits", "not written", "unsupported"}
    assert sum(pair["verdict"] == "predicts the same bits" for pair in own) > len(FORMATS)


def test_a_v1_graph_goes_from_the_old_release_to_the_new_one(exchange: Exchange) -> None:
    """A Saver's weights and slots come back with the same bits."""
    pair = exchange.pairs()["saver", "v1", OLD, NEW]
    assert pair["verdict"] in {"predicts the same bits", "predicts within rounding"}
    assert pair["slots"]["word"] == "back"


def test_a_checkpoint_of_keras_2_is_read_by_keras_3_in_silence_and_not_at_all(exchange: Exchange) -> None:
    """A restore that raises nothing and loads nothing is called a partial load, with every weight that it left."""
    pair = exchange.pairs()["model-checkpoint", "tf2", OLD, NEW]
    assert pair["verdict"] == "loads in part"
    assert len(pair["kept"]) == 4


def test_what_keras_3_refuses_has_its_message(exchange: Exchange) -> None:
    """A TF weights file is refused by Keras 3, which says which files it takes; nor does it write one."""
    pair = exchange.pairs()["tf-weights", "tf2", OLD, NEW]
    assert (pair["verdict"], pair["phase"], pair["kind"]) == ("refuses", "read", "ValueError")
    assert ".weights.h5" in pair["reason"]
    assert exchange.pairs()["tf-weights", "tf2", NEW, NEW]["verdict"] == "not written"


def test_keras_in_a_v1_graph_is_unsupported_in_keras_3(exchange: Exchange) -> None:
    """Whoever writes: a reader with Keras 3 has no sessions, and that is no refusal of the file."""
    assert exchange.pairs()["h5", "v1", OLD, NEW]["verdict"] == "unsupported"


@pytest.mark.parametrize("reader", [OLD, NEW])
def test_one_flipped_bit_of_a_weight_is_found_and_named(exchange: Exchange, reader: str, tmp_path: Path) -> None:
    """The reader loads other bits: one number of the kernel, one ULP away."""
    found = exchange.spoilt("h5-weights", reader, exchange.script(FLIP), tmp_path / "artefact")
    assert (found.verdict, found.other) == (Exchanged.OTHER_BITS, ("hidden/kernel",))
    assert found.distance is not None
    assert (found.distance.differing, found.distance.max_ulp) == (1, 1)


@pytest.mark.parametrize("reader", [OLD, NEW])
def test_a_truncated_file_is_refused(exchange: Exchange, reader: str, tmp_path: Path) -> None:
    """Half a file is refused, with the message of whoever read it, and without a folder of this machine."""

    def truncate(folder: Path) -> None:
        (path,) = folder.glob("*.h5")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    found = exchange.spoilt("h5", reader, truncate, tmp_path / "artefact")
    assert (found.verdict, found.phase) == (Exchanged.REFUSED, "read")
    assert "truncated" in found.reason
    assert str(tmp_path) not in found.reason


def test_variables_that_a_checkpoint_lacks_are_said(exchange: Exchange, tmp_path: Path) -> None:
    """A checkpoint without the output layer restores in silence, and the layer's weights are named."""
    found = exchange.spoilt("model-checkpoint", OLD, exchange.script(HALF), tmp_path / "artefact")
    assert found.verdict is Exchanged.PARTIAL
    assert set(found.kept) == {"output/kernel", "output/bias"}


def test_an_artefact_that_is_altered_afterwards_is_written_again(exchange: Exchange) -> None:
    """What lies there no longer as it was written is noticed, written again, and read again."""
    written = next(w for w in exchange.plan.written if (w.form.name, w.writer.cell.mode) == ("saver", "v1"))
    for path in written.folder.glob("*.data*"):
        path.write_bytes(path.read_bytes() + b"x")
    with Store(exchange.project.folder / ".tfmatrix" / "store.sqlite") as store:
        assert [found.work.format for found in missing_from(store, exchange.plan) if isinstance(found.work, Write)] == [
            "saver"
        ]
