"""Which files of a project are models, what runs them, and what they are called."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tfmatrix.init.modules import dotted

from .conftest import TRAIN, FindModels, Write, git

HDF5 = b"\x89HDF\r\n\x1a\n"
Files = dict[str, str | bytes]

SCRIPTS: dict[str, str] = {
    "guarded": TRAIN,
    "guarded the other way": "import keras\nif '__main__' == __name__:\n    m.fit()\n",
    "at the top": "from tensorflow import keras\nhistory = keras.Sequential().fit(x)\n",
    "in a loop": "import tensorflow.compat.v1 as tf\nfor _ in range(3):\n    with a:\n        m.train_on_batch(x)\n",
    "by its main": "import tf_keras\n\ndef main():\n    m.fit()\n\nmain()\n",
    "session": "import tensorflow as tf\nstep = tf.train.AdamOptimizer().minimize(loss)\n",
    "imported late": "def main():\n    import tensorflow\n    m.fit()\n\nif __name__ == '__main__':\n    main()\n",
    "with odd escapes": "import tensorflow\ntext = '\\d'\nm.fit()\n",
    "by hand": "import tensorflow as tf\n\ndef run():\n    with tf.GradientTape(): pass\n\n"
    "if __name__ == '__main__':\n    run()\n",
    "by its step": "import tensorflow as tf\n\n@tf.function\ndef step(x):\n    with tf.GradientTape(): pass\n\n"
    "for x in data:\n    loss = step(x)\n",
    "by functions of its functions": "import keras\n\ndef epoch():\n    m.train_on_batch(x)\n\n"
    "def run():\n    epoch()\n\nrun()\n",
    "by a method": "import keras\n\nclass A:\n    def run(self):\n        self.m.fit()\n\nA().run()\n",
}
NO_SCRIPTS: dict[str, str] = {
    "module": "import tensorflow\n\ndef main():\n    m.fit()\n",
    "other package": "import torch\nm.fit()\n",
    "one with a like name": "import tensorflow_datasets\nm.fit()\n",
    "relative": "from .keras import x\nm.fit()\n",
    "Python 2": "import tensorflow\nprint 'fit'\nm.fit()\n",
    "text": "tensorflow keras fit( \0",
    "functions that nothing calls": "import keras\n\ndef run():\n    m.fit()\n\ndef other():\n    run()\n\nname()\n",
    "a method alone": "import tensorflow\n\nclass A:\n    def train(self):\n        self.fit()\n",
}


@pytest.mark.parametrize("source", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_that_trains_is_a_command(found: FindModels, source: str) -> None:
    """Whatever imports TensorFlow or a Keras, is started and trains is run as it is."""
    one = found({"train.py": source})["train.py"]
    assert (one.settings, one.name) == ({"command": ["python", "train.py"]}, "train")
    assert "trains" in one.why


@pytest.mark.parametrize("source", NO_SCRIPTS.values(), ids=NO_SCRIPTS)
def test_what_is_no_script_of_tensorflows_is_not_found(found: FindModels, source: str) -> None:
    """A module, another package's script, and what is no Python 3 are passed over."""
    assert found({"train.py": source}) == {}


def test_a_script_that_does_not_train_is_shown_and_has_no_table(found: FindModels) -> None:
    """What only predicts or serves is for its owner to decide on."""
    one = found({"serve.py": "import keras\nif __name__ == '__main__':\n    serve()\n"})["serve.py"]
    assert (one.settings, one.name) == ({}, "")
    assert "does not seem to train" in one.why


@pytest.mark.parametrize(
    "name", ["test_train.py", "train_test.py", "tests/train.py", "pkg/test/train.py", "conftest.py", "noxfile.py"]
)
def test_tests_and_tools_are_no_models(found: FindModels, name: str) -> None:
    """What is run by pytest or nox is none, however it trains."""
    assert found({name: TRAIN}) == {}


def test_model_files_of_the_models_folder_need_no_table(found: FindModels) -> None:
    """They are models as they are."""
    assert found({"reference_models/mlp.py": "import tensorflow\ndef build(): pass\ndef data(): pass\n"}) == {}


LAYOUTS: dict[str, tuple[Files, str, list[str]]] = {
    "beside it": ({"net.py": "import keras\n"}, "train.py", ["train.py"]),
    "package": ({"pkg/__init__.py": "from .net import n\n", "pkg/net.py": "import keras\n"}, "train.py", ["train.py"]),
    "src": ({"src/pkg/net.py": "import keras\n"}, "train.py", ["train.py"]),
    "script in a folder": ({"pkg/net.py": "import keras\n"}, "bin/train.py", ["-m", "bin.train"]),
    "script in src": ({"src/pkg/net.py": "import keras\n"}, "src/pkg/train.py", ["src/pkg/train.py"]),
    "no module's name": ({"pkg/net.py": "import keras\n"}, "my-bin/train.py", ["my-bin/train.py"]),
}


@pytest.mark.parametrize(("files", "script", "words"), LAYOUTS.values(), ids=LAYOUTS)
def test_tensorflow_may_be_imported_by_modules_of_the_project(
    found: FindModels, files: Files, script: str, words: list[str]
) -> None:
    """A script's own modules are looked through, where Python would find them; else it is run as a module."""
    imported = "net" if "net.py" in files else "pkg" if "pkg/__init__.py" in files else "pkg.net"
    one = found({**files, script: f"import {imported}\nnet.model.fit()\n"})[script]
    assert one.settings == {"command": ["python", *words]}
    assert "by modules of the project" in one.why


def test_a_script_with_relative_imports_is_run_as_a_module(found: FindModels) -> None:
    """As a script it would not find them; a package's __main__ is called after the package."""
    source = "import tensorflow\nfrom .net import n\nfrom .. import other\nn.fit()\n"
    files: Files = {"src/pkg/deep/train.py": source, "src/pkg/deep/__main__.py": source, "src/pkg/deep/net.py": ""}
    here = found(files)
    assert here["src/pkg/deep/train.py"].settings == {"command": ["python", "-m", "pkg.deep.train"]}
    main = here["src/pkg/deep/__main__.py"]
    assert (main.settings, main.name) == ({"command": ["python", "-m", "pkg.deep"]}, "deep")


def test_a_module_of_the_project_may_train_in_its_place(found: FindModels) -> None:
    """A script that only calls it is one that trains."""
    lib = "import keras\n\ndef go():\n    m.fit()\n"
    script = "import lib\n\nif __name__ == '__main__':\n    lib.go()\n"
    assert found({"lib.py": lib, "train.py": script})["train.py"].settings == {"command": ["python", "train.py"]}


def test_a_module_of_the_project_may_train_where_it_is_called_at_the_top(found: FindModels) -> None:
    """Without a guard it is the call that makes a file a script: nothing calls what the module itself has."""
    lib = "import keras\n\ndef go():\n    m.fit()\n"
    assert [*found({"lib.py": lib, "train.py": "import keras\nimport lib\n\nlib.go()\n"})] == ["train.py"]


def test_modules_that_import_each_other_end(found: FindModels) -> None:
    """A circle of imports is gone round once."""
    assert found({"a.py": "import b\nm.fit()\n", "b.py": "import a\nimport tensorflow\n"})["a.py"].settings


def test_what_a_script_cannot_be_started_without_is_told(found: FindModels) -> None:
    """Arguments that argparse demands are named; those that may be left out are not."""
    asked = (
        "p.add_argument('data')\np.add_argument('-e', '--epochs', required=True)\np.add_argument('--n', default=2)\n"
        "p.add_argument('more', nargs='*')\np.add_argument('one', nargs='?')\np.add_argument('two', default=2)\n"
        "p.add_argument(name)\np.add_argument()\n"
    )
    (hint,) = found({"train.py": asked + TRAIN})["train.py"].hints
    assert "without data, --epochs: add" in hint


def test_what_git_does_not_track_is_told(found: FindModels, write: Write) -> None:
    """A script has what git tracks where it is run, so that its new modules and its data are named."""
    texts = "'data/x.csv', 'data', 'tracked.csv', '/etc', '..', '.', 'nowhere', 'a\\0b', 'x' * 300, '%s'" % ("y" * 250)
    source = f"import net\nnames = [{texts}]\n{TRAIN}"
    root = write({"train.py": source, "net.py": "", "data/x.csv": "", "tracked.csv": "", ".gitignore": "data/\n"})
    assert found({})["train.py"].hints == ()
    git(root, "init")
    git(root, "add", "tracked.csv")
    modules, data = found({})["train.py"].hints
    assert modules.startswith("it imports net.py, which git does not track")
    assert data.startswith("it names data, data/x.csv, which git does not track")


def cells(*sources: Any, kind: str = "code") -> str:
    """Return a notebook."""
    return json.dumps({"cells": [{"cell_type": kind, "source": source} for source in sources]})


def test_a_notebook_that_trains_is_a_command(found: FindModels) -> None:
    """Lines for IPython and a cell that is left broken are passed over."""
    magic = (
        "%%bash\nrm -rf /",
        "!pip install x\n%matplotlib inline\nif True:\n    !ls\nhelp?",
        "for",
        ["model.", "fit()"],
    )
    one = found({"my book.ipynb": cells("import tensorflow", *magic)})["my book.ipynb"]
    assert (one.settings, one.name) == ({"command": ["jupyter", "my book.ipynb"]}, "my-book")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"cells": [1]}', '{"cells": 3}', cells("import keras\nfit()", kind="raw")]
)
def test_a_notebook_that_is_none_is_passed_over(found: FindModels, text: str) -> None:
    """So is one without code."""
    assert found({"a.ipynb": text + " tensorflow"}) == {}


@pytest.mark.parametrize(
    ("data", "is_builder"),
    [("rng", True), ("", True), ("rng, n=3, *, m=2", True), ("n", False), ("*, n", False), ("n, /", False)],
)
def test_two_functions_are_a_builder(found: FindModels, data: str, *, is_builder: bool) -> None:
    """They have to be callable with nothing, or with rng."""
    source = f"import keras\n\ndef build():\n    pass\n\ndef data({data}):\n    fit()\n"
    here = found({"src/pkg/net.py": source})
    assert bool(here) == is_builder
    if is_builder:
        assert here["src/pkg/net.py"].settings == {"model": "pkg.net:build", "data": "pkg.net:data"}


def test_a_builder_that_is_no_module_is_a_script_or_nothing(found: FindModels) -> None:
    """What cannot be imported by a name has no table as a builder."""
    source = "import keras\ndef build(): pass\ndef data(): pass\n"
    assert found({"my-net.py": source}) == {}
    assert found({"my-net.py": source + TRAIN})["my-net.py"].settings == {"command": ["python", "my-net.py"]}


def archive(*names: str) -> bytes:
    """Return a ZIP file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            file.writestr(name, "{}")
    return content.getvalue()


SAVED: dict[str, tuple[Files, str]] = {
    "keras": ({"m.keras": archive("config.json", "model.weights.h5")}, "m.keras"),
    "keras that is HDF5": ({"m.keras": HDF5 + b"model_config"}, "m.keras"),
    "HDF5": ({"m.h5": HDF5 + b"..model_config.."}, "m.h5"),
    "SavedModel": ({"served/1/saved_model.pb": b"\n", "served/1/variables/v.index": ""}, "served/1"),
    "SavedModel within": ({"s/saved_model.pb": b"\n", "s/assets/m.tflite": b"\0\0\0\0TFL3"}, "s"),
    "Lite": ({"m.tflite": b"\x1c\0\0\0TFL3"}, "m.tflite"),
    "frozen": ({"m.pb": b"\n\x0d\n\x01x"}, "m.pb"),
    "checkpoint": ({"c/m-10.meta": b"\n", "c/m-10.index": "", "c/m-10.data-00000-of-00001": ""}, "c/m-10.meta"),
}
UNSAVED: dict[str, Files] = {
    "weights": {"m.weights.h5": HDF5 + b"layers", "w.h5": HDF5 + b"layer_names"},
    "archives": {"m.keras": archive("a.txt"), "n.keras": b""},
    "another's": {"m.tflite": b"text", "m.pb": b"PK", "m.meta": b"\n", "m.h5": "x", "m.hdf5": b""},
    "parts": {"keras_metadata.pb": b"\n", "fingerprint.pb": b"\n"},
    "the project itself": {"saved_model.pb": b"\n"},
    "tests' own": {"tests/m.tflite": b"\0\0\0\0TFL3"},
}


@pytest.mark.parametrize(("files", "path"), SAVED.values(), ids=SAVED)
def test_a_saved_model_is_found(found: FindModels, files: Files, path: str) -> None:
    """It is told by its suffix and its first bytes, a SavedModel by its folder."""
    assert {one.path: one.settings for one in found(files).values()} == {path: {"file": path}}


@pytest.mark.parametrize("files", UNSAVED.values(), ids=UNSAVED)
def test_what_is_no_saved_model_is_not_found(found: FindModels, files: Files) -> None:
    """Weights alone, other files of those suffixes, and parts of a model are none."""
    assert found(files) == {}


def test_a_pointer_of_git_lfs_is_told(found: FindModels) -> None:
    """It has no table, and it is said how its content is had."""
    one = found({"m.keras": "version https://git-lfs.github.com/spec/v1\noid sha256:1\n"})["m.keras"]
    assert not one.settings
    assert "git lfs pull" in one.why


def test_each_model_has_a_name_of_its_own(found: FindModels) -> None:
    """Of those that are called alike the one on top has the plain name, the others those of their paths."""
    files: Files = dict.fromkeys(("train.py", "b/train.py", "b-train.py", "a b/c.d.py", "b/__main__.py"), TRAIN)
    names = {path: one.name for path, one in found({**files, "--.py": TRAIN}).items()}
    assert names == {
        "--.py": "command",
        "train.py": "train",
        "b-train.py": "b-train",
        "b/train.py": "b-train-2",
        "b/__main__.py": "b",
        "a b/c.d.py": "c-d",
    }


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.py", "a"),
        ("src/a/b.py", "a.b"),
        ("a/__init__.py", "a"),
        ("__init__.py", ""),
        ("a-b/c.py", ""),
        ("src/__main__.py", ""),
    ],
)
def test_a_file_is_imported_by_its_dotted_name(path: str, name: str) -> None:
    """It is that from the project's folder or from src; empty where there is none."""
    assert dotted(path) == name
