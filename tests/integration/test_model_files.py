"""Saved models, written in three releases and read in five: the verdicts are those of a plain script."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from probe.client import Answer, Server
from tfmatrix.models.model_files import model_of
from tfmatrix.records import InstalledEnvironment, ModelFile

from .project import wide

pytestmark = pytest.mark.integration

SAVED = Path(__file__).parent / "saved"
WRITERS = ("2.9.3", "2.15.1", "2.16.2")
READERS = [*wide("2.9.3", "2.12.1"), "2.15.1", *wide("2.16.2"), "2.21.0"]
BASELINE = "2.15.1"
MODELS = ("convolution", "recurrent", "attention", "subclassed")
ENDINGS = (".keras", ".h5", "_saved", "_export", ".pb", ".tflite", ".meta")

Ask = Callable[..., Answer]


class Came(NamedTuple):
    """What came of reading every file in one release, by the file's path."""

    plain: Mapping[str, Any]
    """By a plain script: digests of weights and outputs, or what it was refused with."""
    seen: Mapping[str, Answer]
    """By the probe."""


def run(interpreter: str, script: str, *words: str) -> str:
    """Run a plain script to its end, which may be an abort, and return what it wrote."""
    threads = {"TF_NUM_INTRAOP_THREADS": "2", "TF_NUM_INTEROP_THREADS": "2", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [interpreter, str(SAVED / script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **threads}).stdout


@pytest.fixture(scope="module")
def written(made_environment: Callable[..., InstalledEnvironment], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a folder of files of each release that writes."""
    folder = tmp_path_factory.mktemp("written")
    shutil.copy(SAVED / "classes.py", folder)
    for version in WRITERS:
        run(made_environment(version).interpreter, "write.py", str(folder / version), *MODELS)
    return folder


@pytest.fixture(scope="module")
def ask(made_environment: Callable[..., InstalledEnvironment]) -> Iterator[Ask]:
    """Return a function that has the probe of a version read a file."""
    running: dict[str, Server] = {}
    with ExitStack() as stack:

        def asked(
            version: str, root: Path, path: str, *, inputs: str = "", objects: str = "", trust: bool = False
        ) -> Answer:
            if version not in running:
                running[version] = stack.enter_context(Server(made_environment(version).interpreter))
            file = ModelFile("m", path, inputs, objects, trust)
            told = {name: getattr(file, name) for name in ("path", "inputs", "objects", "trust")}
            told["parts"] = [list(part) for part in model_of(file, root).parts]
            files = ["classes.py"] if objects else []
            return running[version].ask("m", file=told, project=str(root), files=files, seed=42)

        yield asked


def files_of(written: Path) -> list[str]:
    """Return the files that the releases wrote, from the folder of all."""
    return [f"{v}/{path.name}" for v in WRITERS for path in sorted((written / v).iterdir()) if _ending(path.name)]


def _ending(name: str) -> str:
    return next((ending for ending in ENDINGS if name.endswith(ending)), "")


@pytest.fixture(scope="module")
def came(written: Path, ask: Ask, made_environment: Callable[..., InstalledEnvironment]) -> Callable[[str], Came]:
    """Return a function that returns what came of reading every file in a release."""
    known: dict[str, Came] = {}

    def read(version: str) -> Came:
        if version not in known:
            plain: dict[str, Any] = {}
            seen: dict[str, Answer] = {}
            files = files_of(written)
            for writer in WRITERS:
                names = [file.partition("/")[2] for file in files if file.startswith(writer)]
                told = run(made_environment(version).interpreter, "read.py", str(written / writer), *names)
                plain |= {f"{writer}/{name}": one for name, one in json.loads(told.splitlines()[-1]).items()}
            for file in files:
                given = file.removesuffix(_ending(file)) + ".npz"
                objects = "classes" if "subclassed" in file else ""
                seen[file] = ask(version, written, file, inputs=given, objects=objects)
            known[version] = Came(plain, seen)
        return known[version]

    return read


def values(answer: Answer, kind: str) -> list[str]:
    """Return the digests of a stage, in order."""
    return [digest for stage, digest in answer.trace.items() if stage.startswith(f"{kind}/")]


def test_every_format_was_written(written: Path) -> None:
    """By each release what it can write: what is not there is not compared."""
    found = {version: {_ending(file) for file in files_of(written) if file.startswith(version)} for version in WRITERS}
    assert found == {
        "2.9.3": {".keras", ".h5", "_saved", ".pb", ".tflite", ".meta"},
        "2.15.1": set(ENDINGS),
        "2.16.2": set(ENDINGS) - {".tflite"},  # its converter aborts
    }


@pytest.mark.parametrize("version", READERS)
def test_what_is_read_and_refused_is_what_a_plain_script_reads(came: Callable[[str], Came], version: str) -> None:
    """In each release, of every file; a refusal is a sentence, with the exception that the script saw."""
    plain, seen = came(version)
    assert {file: answer.outcome == "observed" for file, answer in seen.items()} == {
        file: "refused" not in one for file, one in plain.items()
    }
    refused = {file: answer for file, answer in seen.items() if answer.outcome != "observed"}
    assert {file: (answer.outcome, answer.kind) for file, answer in refused.items()} == {
        file: ("failed", plain[file]["refused"]) for file in refused
    }
    assert all(answer.message.startswith("read: ") for answer in refused.values())
    assert not any("tfmatrix-scratch" in answer.message for answer in refused.values())  # another one in each trial


@pytest.mark.parametrize("version", [version for version in READERS if version != BASELINE])
def test_weights_and_outputs_are_the_same_where_a_plain_script_has_the_same(
    came: Callable[[str], Came], version: str
) -> None:
    """Against the baseline, of every file that both read; where outputs differ, something within or they are named."""
    (mine, seen), (plain, own) = came(BASELINE), came(version)
    both = [file for file in seen if {seen[file].outcome, own[file].outcome} == {"observed"}]
    assert len(both) > len(seen) / 3
    for file in both:
        found = {kind: values(seen[file], kind) == values(own[file], kind) for kind in ("loaded", "predict")}
        told = {kind: mine[file][kind] == plain[file][kind] for kind in ("weights", "outputs")}
        if not file.endswith(".tflite"):  # of which the script knows no weights
            assert found["loaded"] == told["weights"], file
        assert found["predict"] == told["outputs"], file
        assert list(seen[file].trace) == list(own[file].trace), file


def test_the_first_layer_or_op_that_differs_is_named(came: Callable[[str], Came]) -> None:
    """Of a batch norm the layer; of an LSTM's SavedModel the call that is its loop, and not what comes behind."""
    for file, first in {
        "2.15.1/convolution.h5": "forward/norm",
        "2.15.1/recurrent_saved": "TensorListStack",
    }.items():
        a, b = (came(version).seen[file].trace for version in (BASELINE, "2.21.0"))
        assert next(stage for stage in a if a[stage] != b[stage]).endswith(first)


@pytest.mark.parametrize("version", ["2.9.3", "2.21.0"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "m.h5 is a pointer of Git LFS"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "m.h5 is cut off or damaged"),
        (b"\x0a\xff\xff\xff\xff\x0fno graph", "m.h5 is cut off, or no graph"),
        (b"\x1c\0\0\0TFL3" + b"\xff" * 100, ""),
    ],
)
def test_a_file_that_is_none_is_one_sentence(ask: Ask, tmp_path: Path, version: str, content: bytes, told: str) -> None:
    """Or it ends its own process, and nothing else; never is it a pass."""
    (tmp_path / "m.h5").write_bytes(content)
    answer = ask(version, tmp_path, "m.h5")
    assert answer.outcome in ({"failed"} if told else {"failed", "crashed"})
    assert answer.message.startswith(told)


def test_a_file_that_is_cut_off_is_one_sentence(ask: Ask, written: Path, tmp_path: Path) -> None:
    """Whatever its format."""
    for name in ("convolution.keras", "convolution.h5", "convolution.pb"):
        content = (written / BASELINE / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        answer = ask(BASELINE, tmp_path, name)
        assert (answer.outcome, answer.message.startswith(f"{name} is cut off")) == ("failed", True), answer.message


@pytest.mark.parametrize("version", ["2.9.3", "2.15.1"])
def test_code_in_a_file_is_run_on_the_users_word_alone(ask: Ask, written: Path, version: str) -> None:
    """2.9 would run it without asking."""
    refused, trusted = (ask(version, written, "2.9.3/code.hdf5", trust=trust) for trust in (False, True))
    assert (refused.outcome, trusted.outcome) == ("failed", "observed"), trusted.message
    told = "code.hdf5 has the code of a Lambda layer, twice, which is not run without `trust = true` in its table"
    assert refused.message == told
    assert "forward/twice" in trusted.trace


def test_canonical_inputs_and_jitter_come_from_the_signature(ask: Ask, written: Path) -> None:
    """Words lie within the vocabulary; where no input has a unit in the last place, the weights move."""
    for name in ("recurrent.keras", "recurrent_saved", "recurrent.pb", "convolution.tflite", "graph.meta"):
        answer = ask(BASELINE, written / BASELINE, name)
        assert answer.outcome == "observed", answer.message
        assert any(stage.startswith("forward/") for stage in answer.trace)
