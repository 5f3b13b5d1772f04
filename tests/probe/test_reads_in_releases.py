"""What a trial rests on, on real releases: whatever opens a file, it is noted, or said that one may not have been."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tfmatrix.records import CHANGED, InstalledEnvironment

from .client import Answer, Server

pytestmark = pytest.mark.integration

COMMON = """
    import os
    import sys

    import numpy as np
    import tensorflow as tf

    import _numbers

    HERE = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, os.path.join(HERE, "..", "ours"))
    import package

    def at(name):
        return os.path.join(HERE, "..", "data", name)

    def draws():
        found = {"modules": tf.constant([_numbers.SCALE, package.SCALE])}
        look(found)
        return found
"""

READS = """
    def look(found):
        import h5py

        with open(at("row.txt")) as row:
            found["open"] = tf.constant(float(row.read()))
        found["load"] = tf.constant(np.load(at("row.npy")))
        found["read_file"] = tf.strings.to_number(tf.io.read_file(at("io.txt")))
        with tf.io.gfile.GFile(at("gfile.txt")) as file:
            found["gfile"] = tf.constant(float(file.read()))
        with h5py.File(at("weights.h5"), "r") as file:
            found["h5py"] = tf.constant(file["w"][...])
        reader = tf.train.load_checkpoint(at("checkpoint"))
        found["checkpoint"] = tf.constant(reader.get_tensor("w"))
        table = tf.lookup.TextFileInitializer(
            key_dtype=tf.string, key_index=tf.lookup.TextFileIndex.WHOLE_LINE, value_dtype=tf.int64,
            value_index=tf.lookup.TextFileIndex.LINE_NUMBER, filename=at("words.txt"))
        for name, dataset in (
            ("lines", tf.data.TextLineDataset([at("lines.txt")])),
            ("records", tf.data.TFRecordDataset(tf.constant(at("rows.tfrecord")))),
            ("fixed", tf.data.FixedLengthRecordDataset(at("fixed.bin"), 1)),
        ):
            if tf.executing_eagerly():
                found[name] = tf.constant([float(row) for row in dataset.as_numpy_iterator()])
        if tf.executing_eagerly():
            found["words"] = tf.lookup.StaticHashTable(table, -1).lookup(tf.constant("b"))
"""

MODELS = {
    "reads": READS,
    "maps": """
    def look(found):
        names = tf.data.Dataset.from_tensor_slices([at("row.txt")])
        found["mapped"] = tf.constant([float(row) for row in names.map(tf.io.read_file).as_numpy_iterator()])
    """,
    "writes": """
    def look(found):
        for path in ("own.txt", at("made.txt")):
            with open(path, "w") as file:
                file.write("1")
            with open(path) as file:
                found[os.path.basename(path)] = tf.constant(float(file.read()))
        os.remove(at("made.txt"))
        with tf.io.gfile.GFile("of_tensorflow.txt", "w") as file:
            file.write("1")
        found["gfile"] = tf.strings.to_number(tf.io.read_file("of_tensorflow.txt"))
    """,
    "dies": """
    def look(found):
        open(at("row.txt")).close()
        os.kill(os.getpid(), 9)
    """,
    "outlives": """
    def look(found):
        open(at("row.txt")).close()
        os.system("echo 2 > " + at("row.txt"))
    """,
}

READ = {
    "data/row.txt", "data/row.npy", "data/io.txt", "data/gfile.txt", "data/weights.h5", "data/checkpoint.index",
    "data/checkpoint.data-00000-of-00001", "data/words.txt", "data/lines.txt", "data/rows.tfrecord", "data/fixed.bin",
}  # fmt: skip
"""What the first of the models reads."""

MODULES = {"models/_numbers.py", "ours/package/__init__.py", "ours/package/below.py"}
"""What all of them import."""

MAKE = """
import h5py, numpy as np, tensorflow as tf
np.save("row.npy", np.ones(3, np.float32))
with h5py.File("weights.h5", "w") as file:
    file["w"] = np.ones(2, np.float32)
tf.raw_ops.SaveV2(prefix="checkpoint", tensor_names=["w"], shape_and_slices=[""], tensors=[tf.ones([2])])
with tf.io.TFRecordWriter("rows.tfrecord") as writer:
    writer.write(b"1")
"""


@pytest.fixture(scope="module", params=["2.9.3", "2.15.1", "2.21.0"])
def interpreter(request: pytest.FixtureRequest, made_environment: Callable[..., InstalledEnvironment]) -> str:
    """Return the interpreter of a release."""
    return made_environment(request.param).interpreter


@pytest.fixture(scope="module")
def project(interpreter: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with models that read files, and the files."""
    root = tmp_path_factory.mktemp("project")
    texts = {f"models/{name}.py": f'"""{name}."""\n' + dedent(COMMON) + dedent(look) for name, look in MODELS.items()}
    texts |= {f"data/{name}.txt": "1\n" for name in ("row", "io", "gfile", "lines")}
    texts |= {"data/words.txt": "a\nb\n", "data/fixed.bin": "1", "models/_numbers.py": "SCALE = 7.0\n"}
    texts |= {"ours/package/__init__.py": "from .below import SCALE\n", "ours/package/below.py": "SCALE = 3.0\n"}
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    subprocess.run([interpreter, "-c", MAKE], cwd=root / "data", check=True, capture_output=True)
    return root


@pytest.fixture(scope="module")
def server(interpreter: str) -> Iterator[Server]:
    """Return one probe for all tests of a release."""
    with Server(interpreter) as server:
        yield server


def ask(server: Server, project: Path, name: str, mode: str = "tf2", **further: Any) -> Answer:
    """Run a model."""
    return server.ask(project / "models" / f"{name}.py", mode, project=str(project), **further)


def digests(project: Path, *names: str) -> list[list[str]]:
    """Return files as an answer has them."""
    return [[str(project / name), hashlib.sha256((project / name).read_bytes()).hexdigest()] for name in sorted(names)]


@pytest.mark.parametrize("mode", ["tf2", "v1"])
def test_whatever_opens_a_file_it_is_noted(server: Server, project: Path, mode: str) -> None:
    """Files that Python, NumPy, h5py and TensorFlow open, and modules, have the digest of what was read."""
    seen = ask(server, project, "reads", mode)
    assert seen.outcome == "observed", seen.message
    assert seen.header["read"] == digests(project, *READ, *MODULES)
    assert (seen.header["outside"], seen.header["notes"]) == ([], [])
    (project / "data" / "io.txt").write_text("2\n", encoding="utf-8")
    again = ask(server, project, "reads", mode)
    assert {stage for stage in seen.trace if again.trace[stage] != seen.trace[stage]} == {"draw/read_file"}
    assert again.header["read"] == digests(project, *READ, *MODULES) != seen.header["read"]
    (project / "data" / "io.txt").write_text("1\n", encoding="utf-8")


def test_what_lies_outside_of_the_project_is_said_to(server: Server, project: Path) -> None:
    """Files elsewhere have digests too, and are named."""
    seen = server.ask(project / "models" / "reads.py", project=str(project / "models"))
    assert seen.header["read"] == digests(project, *READ, *MODULES)
    elsewhere = {*READ, *MODULES} - {"models/_numbers.py"}
    assert seen.header["outside"] == [path for path, _ in digests(project, *elsewhere)]


def test_a_path_that_only_a_graph_knows_is_said_not_to_be_seen(server: Server, project: Path) -> None:
    """Where names of files come out of a dataset, the answer says that one may not have been seen."""
    seen = ask(server, project, "maps")
    assert seen.outcome == "observed", seen.message
    assert seen.header["read"] == digests(project, *MODULES)
    assert seen.header["notes"] == ["a file that TensorFlow opened by itself may not have been seen"]


def test_what_a_trial_writes_itself_is_not_noted(server: Server, project: Path) -> None:
    """Neither what lies in its own folder, nor elsewhere what it wrote before it read it."""
    seen = ask(server, project, "writes")
    assert seen.outcome == "observed", seen.message
    assert seen.header["read"] == digests(project, *MODULES)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_trial_that_dies_leaves_what_it_read(interpreter: str, project: Path, fresh: bool) -> None:
    """Whoever keeps a trial knows what it had read when it was killed, forked or not."""
    with Server(interpreter) as server:
        died = ask(server, project, "dies", fresh=fresh)
    assert (died.outcome, died.kind) == ("crashed", "SIGKILL")
    assert died.header["read"] == digests(project, "data/row.txt", *MODULES)


def test_a_file_that_changes_under_a_trial_gives_no_result(server: Server, project: Path) -> None:
    """What another program writes while a trial runs makes it one that is to be run again."""
    changed = ask(server, project, "outlives")
    assert (changed.outcome, changed.kind, changed.trace) == ("crashed", CHANGED, {})
    assert changed.message == "outlives.py, line 1: data/row.txt changed during the run; run again"
    (project / "data" / "row.txt").write_text("1\n", encoding="utf-8")


@pytest.mark.parametrize("name", ["models/_numbers.py", "ours/package/below.py"])
def test_a_compiled_file_does_not_stand_for_its_module(
    server: Server, project: Path, interpreter: str, name: str
) -> None:
    """A module edited within the second, to the same length, is what its bytes say and not what was compiled."""
    module = project / name
    text, written = module.read_text(encoding="utf-8"), module.stat()
    subprocess.run([interpreter, "-m", "compileall", "-q", str(project)], check=True)
    first = ask(server, project, "reads")
    module.write_text(text.replace(".0", ".5"), encoding="utf-8")
    os.utime(module, ns=(written.st_atime_ns, written.st_mtime_ns))
    second = ask(server, project, "reads")
    assert {stage for stage in first.trace if second.trace[stage] != first.trace[stage]} == {"draw/modules"}
    module.write_text(text, encoding="utf-8")
