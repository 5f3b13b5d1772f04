"""Model files: loaded from their bytes, and held to their contract with the line that breaks it."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from .adopted import loading, outcomes

STREAMS = "def draws():\n    return {}\n"
FUNCTIONAL = """
    OPTIMIZER = {"name": "Adam", "learning_rate": 0.1}
    EPOCHS = 2
    BATCH = 4
    def data(rng): ...
    def variables(): ...
    def forward(variables, batch, dropout): ...
    def loss(outputs, batch): ...
    """
KERAS = """
    OPTIMIZER = {"name": "Adam", "learning_rate": 0.1}
    LOSS = "mse"
    EPOCHS = 2
    BATCH = 4
    def data(rng): ...
    def build(): ...
    """
PIPELINE = """
    def data(rng): ...
    def pipeline(rows, random): ...
    """


@pytest.fixture(autouse=True)
def _no_model_left() -> Iterator[None]:
    """Forget the model that a test loaded."""
    yield
    sys.modules.pop("reference_model_m", None)


def model(folder: Path, source: str) -> ModuleType:
    """Write a model file and load it."""
    path = folder / "m.py"
    path.write_text(dedent(source), encoding="utf-8")
    module: ModuleType = loading.load(str(path))
    return module


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def told_of(folder: Path, source: str) -> str:
    """Return what is told of a model file that breaks the contract."""
    module = model(folder, source)
    with pytest.raises(outcomes.BadModel) as caught:
        loading.kind_of(module)
    return str(caught.value)


def test_a_model_is_loaded_from_its_bytes(tmp_path: Path) -> None:
    """The module has the file's names, knows its file, and is where pickles look for it."""
    module = model(tmp_path, "X = 1\nclass Held: ...\n")
    assert module.X == 1
    assert module.__file__ == str(tmp_path / "m.py")
    assert sys.modules[module.Held.__module__] is module


def test_a_model_does_not_inherit_the_probes_own_syntax(tmp_path: Path) -> None:
    """Annotations of a model are evaluated, as they are where the file runs by itself."""
    assert model(tmp_path, "def f(x: 1 + 1): ...\n").f.__annotations__ == {"x": 2}


def test_a_file_with_the_digest_of_the_key_is_loaded(tmp_path: Path) -> None:
    """The file that was planned is the one that runs."""
    path = tmp_path / "m.py"
    path.write_text("X = 1\n", encoding="utf-8")
    assert loading.load(str(path), sha256(path)).X == 1


@pytest.mark.parametrize("planned", ["0" * 64, hashlib.sha256(b"X = 1\n").hexdigest(), "f" * 64])
def test_a_file_that_changed_is_not_run(tmp_path: Path, planned: str) -> None:
    """Bytes that do not have the key's digest are refused before any of them runs."""
    path = tmp_path / "m.py"
    path.write_text("raise SystemExit\n", encoding="utf-8")
    with pytest.raises(outcomes.Changed, match=r"^m\.py, line 1: the file changed during the run; run again$"):
        loading.load(str(path), planned)


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link that leads nowhere"])
def test_what_is_no_file_is_no_model_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    """A model that is no file, or leads to none, is told as one."""
    path = tmp_path / "m.py"
    {"a pipe": lambda: os.mkfifo(path), "a folder": path.mkdir}.get(kind, lambda: path.symlink_to("nowhere"))()
    with pytest.raises(outcomes.BadModel, match=r"^m\.py, line 1: the file is none, or leads to none$"):
        loading.load(str(path), "0" * 64)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model file without the right to read it is told with the system's words."""
    (tmp_path / "m.py").write_text("", encoding="utf-8")

    def refusing(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refusing)  # whoever is root may read everything
    with pytest.raises(outcomes.BadModel, match=r"^m\.py, line 1: the file cannot be read: Permission denied$"):
        loading.load(str(tmp_path / "m.py"), "0" * 64)


def test_a_file_that_is_gone_has_changed_where_it_was_planned(tmp_path: Path) -> None:
    """A file that is missing was planned and has changed, or was never planned and is not found."""
    with pytest.raises(outcomes.Changed, match=r"^m\.py, line 1: the file is gone; run again$"):
        loading.load(str(tmp_path / "m.py"), "0" * 64)
    with pytest.raises(FileNotFoundError):
        loading.load(str(tmp_path / "m.py"))


def test_what_a_model_raises_while_it_is_loaded_is_its_own(tmp_path: Path) -> None:
    """An error at import passes through as it is."""
    with pytest.raises(ZeroDivisionError):
        model(tmp_path, "1 / 0\n")


def test_a_variant_sets_its_constants(tmp_path: Path) -> None:
    """A variant changes the constants that it names and leaves the others, and the empty one changes none."""
    module = model(tmp_path, "A = 1\nB = 2\nVARIANTS = {'two': {'A': 3}}\n")
    loading.choose_variant(module, "")
    assert (module.A, module.B) == (1, 2)
    loading.choose_variant(module, "two")
    assert (module.A, module.B) == (3, 2)


def test_a_variant_may_set_what_the_contract_knows_and_nothing_else_that_is_not_there(tmp_path: Path) -> None:
    """A constant that neither the file nor the contract has is a slip, told with the nearest name."""
    module = model(tmp_path, "WIDTH = 1\nVARIANTS = {'one': {'BATCH': 3}, 'two': {'WIDHT': 3}}\n")
    loading.choose_variant(module, "one")
    assert module.BATCH == 3
    told = r"^m\.py, line 2: the variant 'two' sets WIDHT, which the file does not have; did you mean 'WIDTH'\?$"
    with pytest.raises(outcomes.BadModel, match=told):
        loading.choose_variant(module, "two")


@pytest.mark.parametrize(("source", "line"), [("\nVARIANTS = {'two': {}}\n", 2), ("A = 1\n", 1)])
def test_a_variant_that_is_not_there_is_refused(tmp_path: Path, source: str, line: int) -> None:
    """A name that the table does not have is told with the table's line."""
    with pytest.raises(outcomes.BadModel, match=f"^m.py, line {line}: there is no variant 'three'$"):
        loading.choose_variant(model(tmp_path, source), "three")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (FUNCTIONAL, "functional"),
        (FUNCTIONAL.replace("EPOCHS = 2", "EPOCHS = 1").replace("BATCH = 4", "BATCH = 1"), "functional"),
        (FUNCTIONAL.replace("0.1}", '0.1, "epsilon": 0.1, "beta_1": 0.5}'), "functional"),
        (KERAS, "keras"),
        (PIPELINE, "pipeline"),
        (STREAMS, "streams"),
        ("def stateless():\n    return {}\n" + STREAMS, "streams"),
    ],
)
def test_a_model_has_the_kind_of_the_function_that_it_defines(tmp_path: Path, source: str, kind: str) -> None:
    """A file that keeps the contract is of the kind whose function it has."""
    assert loading.kind_of(model(tmp_path, source)).name == kind


BROKEN = {
    "nothing to run": ("X = 1\n", 1, "defines none of variables, build, pipeline, draws, stateless, so there is noth"),
    "two kinds": (STREAMS + "def build(): ...\n", 1, "a model with build cannot have draws too"),
    "three kinds": (
        dedent(KERAS) + "def pipeline(rows, random): ...\n" + STREAMS,
        8,
        "a model with build cannot have pipeline too",
    ),
    "no data": (KERAS.replace("def data", "def date"), 7, "a model with build also needs data"),
    "no loss and no data": (
        FUNCTIONAL.replace("def loss", "def lost").replace("def data", "def date"),
        6,
        "a model with variables also needs data, loss",
    ),
    "other parameters": ("X = 1\ndef draws(seed): ...\n", 2, "draws must take (), but takes (seed)"),
    "parameters in another order": (
        FUNCTIONAL.replace("(outputs, batch)", "(batch, outputs)"),
        8,
        "loss must take (outputs, batch), but takes (batch, outputs)",
    ),
    "no function": ("class draws: ...\n", 1, "draws must be a function"),
    "another type": (KERAS + "FIT = []\n", 8, "FIT must be a dict, but is a list"),
    "no dict": (FUNCTIONAL.replace('{"name": "Adam", "learning_rate": 0.1}', "'Adam'"), 2, "OPTIMIZER must be a dict"),
    "epochs in a string": (KERAS.replace("EPOCHS = 2", "EPOCHS = '2'"), 4, "EPOCHS must be a int, but is a str"),
    "a batch of a half": (KERAS.replace("BATCH = 4", "BATCH = 0.5"), 5, "BATCH must be a int, but is a float"),
    "a tuple of names": (FUNCTIONAL + "STATISTICS = ('mean',)\n", 9, "STATISTICS must be a list, but is a tuple"),
    "no epoch": (KERAS.replace("EPOCHS = 2", "EPOCHS = 0"), 4, "EPOCHS must be at least 1, but is 0"),
    "less than one row": (KERAS.replace("BATCH = 4", "BATCH = -1"), 5, "BATCH must be at least 1, but is -1"),
    "no learning rate": (
        KERAS.replace('"learning_rate"', '"lr"'),
        2,
        "OPTIMIZER lacks learning_rate",
    ),
    "an empty optimizer": ("OPTIMIZER = {}\n" + STREAMS, 1, "OPTIMIZER lacks learning_rate, name"),
    "variants that are computed": (
        STREAMS + "VARIANTS = dict(two={})\n",
        3,
        "VARIANTS must be a dict written out: it is read, not run, to find them",
    ),
    "variants of which one is computed": (
        STREAMS + "NAME = 'b'\nVARIANTS = {'a': {}, NAME: {}}\n",
        4,
        "VARIANTS must be a dict written out: it is read, not run, to find them",
    ),
    "variants of which one has no name": (STREAMS + "VARIANTS = {'': {}}\n", 3, "VARIANTS must be a dict written out"),
    "variants of others": (STREAMS + "MORE = {}\nVARIANTS = {**MORE}\n", 4, "VARIANTS must be a dict written out"),
}
"""Model files that break the contract, the line at fault, and what is told."""


@pytest.mark.parametrize(("source", "line", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_contract_is_told_with_its_line(tmp_path: Path, source: str, line: int, told: str) -> None:
    """What a model file lacks or has wrong is one sentence behind the file and the line."""
    assert told_of(tmp_path, source).startswith(f"m.py, line {line}: {told}")


def test_annotated_variants_are_written_out_too(tmp_path: Path) -> None:
    """A table with an annotation is as good as one without."""
    source = "from __future__ import annotations\nVARIANTS: dict[str, dict[str, int]] = {'two': {}}\n" + STREAMS
    assert loading.kind_of(model(tmp_path, source)).name == "streams"


def test_a_line_is_that_of_the_definition(tmp_path: Path) -> None:
    """A name's line is where it is defined at the top level, and 1 where it is not."""
    path = tmp_path / "m.py"
    path.write_text("def f():\n    x = 1\nx = y = 2\nz: int = 3\nclass C: ...\nasync def g(): ...\n", encoding="utf-8")
    found = {name: loading.line_of(path, name) for name in ("f", "x", "y", "z", "C", "g", "nowhere")}
    assert found == {"f": 1, "x": 3, "y": 3, "z": 4, "C": 5, "g": 6, "nowhere": 1}


@pytest.mark.parametrize("returned", [None, [1], {1: 2}, {"a": 1, None: 2}, "text"])
def test_a_function_of_a_model_must_return_tensors_by_name(tmp_path: Path, returned: object) -> None:
    """What is no mapping of names is refused with the function's line and the type that it returned."""
    module = model(tmp_path, "X = 1\n" + STREAMS)
    told = f"draws must return a dict of tensors by name, but returned a {type(returned).__name__}"
    with pytest.raises(outcomes.BadModel, match=f"^m.py, line 2: {told}$"):
        loading.mapping(module, "draws", returned)
    assert loading.mapping(module, "draws", {"a": 1}) == {"a": 1}


def test_data_is_made_arrays(tmp_path: Path) -> None:
    """What data returned is NumPy's from then on, whatever shape its rows have."""
    rows = loading.rows_of(model(tmp_path, PIPELINE), {"x": [[1, 2], [3, 4]], "y": [0.5, 1.5]})
    assert {name: (type(array), array.tolist()) for name, array in rows.items()} == {
        "x": (np.ndarray, [[1, 2], [3, 4]]),
        "y": (np.ndarray, [0.5, 1.5]),
    }


@pytest.mark.parametrize("returned", [{"x": [1, 2], "y": [1]}, {"x": 1, "y": 2}, {"x": [1], "y": 1}, {}])
def test_data_must_have_one_number_of_rows(tmp_path: Path, returned: dict[str, Any]) -> None:
    """Arrays of different lengths, single numbers and no arrays at all are refused."""
    with pytest.raises(outcomes.BadModel, match=r"^m\.py, line 2: data must return arrays of one number of rows, not "):
        loading.rows_of(model(tmp_path, PIPELINE), returned)
