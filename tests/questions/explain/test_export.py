"""Exports: a kernel that changed as a script that needs no tfmatrix."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from building import CANDIDATE, MACHINE_OF_TESTS, installed
from questions.explain.recording import Tensors, given, numbers, op, recording
from questions.explain.world import plan_of, run
from tfmatrix.compare.distance import measure
from tfmatrix.errors import UserError
from tfmatrix.questions.explain import export as exporting
from tfmatrix.questions.explain.export import Broken, Repro, export, issue, least, names, repro, script, write
from tfmatrix.questions.explain.kernels import Kernel, Unlike
from tfmatrix.questions.explain.plan import Cases, ExplainPlan
from tfmatrix.questions.matrix import compare_all
from tfmatrix.records import Tensor
from tfmatrix.runner import making
from tfmatrix.store.fingerprints import tensor_digest, to_array
from tfmatrix.store.store import Store

ONE, OTHER = numbers(1.0, 2.0), numbers(1.0, 2.0000002)
HALF = Tensor("bfloat16", (2,), np.array([1, 2], np.uint16).tobytes())
TENSORS: Tensors = {**dict((ONE, OTHER)), tensor_digest(HALF): HALF}


def repro_of(tmp_path: Path, *inputs: dict[str, Any], moves: bool = False, **fields: Any) -> Repro:
    """Return an op of some inputs whose kernel changed."""
    stage = "op/0.variable" if moves else "op/0"
    made = [{"stage": stage, "digest": ONE[0], "dtype": "float32", "shape": [2]}]
    (told,) = recording(op("ResourceScatterAdd", inputs=list(inputs), outputs=made, **fields)).ops
    distance = measure(to_array(TENSORS[ONE[0]]), to_array(TENSORS[OTHER[0]]))
    layouts = tuple((one.dtype, one.shape) for one in told.inputs)
    kernel = Kernel(told, layouts, (Unlike(stage, ONE[0], OTHER[0], distance),))
    matrix = plan_of(tmp_path, ("mlp",)).matrix
    cells = {cell.environment: cell for cell in matrix.cells}
    return repro(kernel, cells[matrix.baseline], cells[matrix.candidates[0]], TENSORS.__getitem__)


def held(parameter: str, digest: str = ONE[0], **fields: Any) -> dict[str, Any]:
    """Return an input of a parameter."""
    return {**given(parameter=parameter), "digest": digest, **fields}


def test_a_script_says_what_the_op_is_given(tmp_path: Path) -> None:
    """Variables are made, lists are lists, what a file of NumPy's lacks goes by its bits, and types follow."""
    one = repro_of(
        tmp_path,
        held("resource", source="variable"),
        held("values[]"),
        held("values[]"),
        held("half", tensor_digest(HALF), dtype="bfloat16"),
        moves=True,
        attributes={
            "T": ["type", "float32", False],
            "out": ["type", "bfloat16", False],
            "padding": ["string", "SAME", False],
            "strides": ["list(int)", [1, 2], False],
            "usual": ["bool", True, True],
        },
        inferred=["T"],
    )
    assert names(one.kernel.op) == ["resource", "values0", "values1", "half"]
    text = script(one)
    ast.parse(text)
    for line in (
        'resource = tf.Variable(given["resource"])',
        "    resource=resource.handle,",
        '    values=[given["values0"], given["values1"]],',
        '    half=tf.bitcast(given["half"], tf.bfloat16),',
        "    out=tf.bfloat16,",
        "    padding='SAME',",
        "    strides=[1, 2],",
        "outputs = tf.nest.flatten(made) + [resource]",
        "tf.config.experimental.enable_op_determinism()",
    ):
        assert f"\n{line}\n" in text
    assert " T=" not in text
    assert "usual=" not in text


def test_a_folder_has_all_that_a_tracker_asks_for(tmp_path: Path) -> None:
    """The inputs with their bits, both releases' packages with hashes, and what is printed in each."""
    one = repro_of(tmp_path, held("x"), held("half", tensor_digest(HALF), dtype="bfloat16"))
    write(one, tmp_path / "repro", TENSORS.__getitem__, plan_of(tmp_path, ("mlp",)).config)
    with np.load(tmp_path / "repro" / "inputs.npz") as found:
        assert found["x"].tolist() == [1.0, 2.0]
        assert (found["half"].dtype, found["half"].tolist()) == (np.uint16, [1, 2])
    assert "--hash=sha256:" in (tmp_path / "repro" / f"requirements-{CANDIDATE}.txt").read_text()
    told = issue(one, MACHINE_OF_TESTS)
    assert "1 of 2 numbers differ, by up to 1 ULP" in told
    assert told.count("float32 (2,) ") == 2
    assert one.printed[0][1] != one.printed[1][1]


class Bench:
    """A project in which one kernel changed, once all was observed."""

    def __init__(self, folder: Path, *models: str) -> None:
        self.folder = folder
        self.plan: ExplainPlan = plan_of(folder, models)
        self.store = Store(folder / "store.sqlite")
        run(self.plan, self.store)

    def export(self, folder: str = "repro") -> tuple[list[str], list[str]]:
        """Export, and return the names of the folders and what is left out."""
        cases = Cases(self.plan, self.store, compare_all(self.plan.matrix, self.store))
        made, left_out = export(cases, self.store.tensor, self.plan.config, self.folder / folder)
        return [path.name for path in made], left_out


def test_each_kernel_is_exported_once_and_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is left where its script printed what was found, and only there; nothing is written over."""
    bench = Bench(tmp_path, "of_tensorflow")
    ran: list[int | None] = []

    def prints(one: Repro, path: Path, config: Any) -> Any:
        ran.append(one.row)
        return one.printed

    monkeypatch.setattr(exporting, "run", prints)
    assert bench.export() == (["2.15.1-2.16.2-Sigmoid"], [])
    assert ran == [None, 1]
    with pytest.raises(UserError, match="is not empty"):
        bench.export()
    monkeypatch.setattr(exporting, "run", lambda *_: ())
    made, (left_out,) = bench.export("other")
    assert made == []
    assert left_out.startswith("2.15.1-2.16.2-Sigmoid is left out: it prints other digests")
    assert list((tmp_path / "other").iterdir()) == []


@pytest.mark.parametrize(("shows", "rows"), [(True, 1), (False, 2)])
def test_one_row_is_kept_where_it_shows_the_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shows: bool, rows: int
) -> None:
    """The first that differs, with what the script printed of it; where it does not differ all rows stay."""
    one = repro_of(tmp_path, held("x"), held("many", dtype="int32"))

    def prints(which: Repro, path: Path, config: Any) -> Any:
        if which.row is None:
            return one.printed
        return ((one.baseline, "a"), (one.candidate, "b" if shows else "a"))

    monkeypatch.setattr(exporting, "run", prints)
    kept = least(one, tmp_path / "repro", TENSORS.__getitem__, plan_of(tmp_path, ("mlp",)).config)
    assert kept.row == (1 if shows else None)
    with np.load(tmp_path / "repro" / "inputs.npz") as found:
        assert (len(found["x"]), len(found["many"])) == (rows, 2)
    told = (tmp_path / "repro" / "issue.md").read_text()
    assert ("Row 1 of that batch" in told, f"{CANDIDATE}: b" in told) == (shows, shows)


def test_without_a_kernel_there_is_nothing_to_export(tmp_path: Path) -> None:
    """Other operations are shown by the model itself."""
    with pytest.raises(UserError, match="there is no kernel to export"):
        Bench(tmp_path, "of_keras").export()


def test_a_script_is_run_in_both_releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it prints is known by the release; one that ends in an error, or an environment that is gone, is said."""
    one = repro_of(tmp_path, held("x"))
    config = plan_of(tmp_path, ("mlp",)).config
    folder = tmp_path / "repro"
    folder.mkdir()
    with pytest.raises(Broken, match=r"2\.15\.1 is not made yet"):
        exporting.run(one, folder, config)
    python = tmp_path / "python"
    made = replace(installed(one.baseline, config), interpreter=str(python))
    monkeypatch.setattr(making, "find", lambda *_: made)
    for text in ("echo one; echo two", "echo no >&2; exit 1"):
        python.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        python.chmod(0o755)
        if "exit" in text:
            with pytest.raises(Broken, match=r"in 2\.15\.1 it ends with no"):
                exporting.run(one, folder, config)
        else:
            both = (one.baseline, one.candidate)
            assert exporting.run(one, folder, config) == tuple(
                (there, line) for there in both for line in ("one", "two")
            )
