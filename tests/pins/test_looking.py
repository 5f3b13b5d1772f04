"""Looking at files that are not read: the lines that install TensorFlow, and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfmatrix.errors import UserError
from tfmatrix.pins import looking
from tfmatrix.pins.files import look_around, read_project

from .projects import write

PATH = Path("file")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("FROM tensorflow/tensorflow:${TAG}", "TensorFlow"),
        ("image: tensorflow/tensorflow", "TensorFlow"),
        ("image: 'registry.example.org/tensorflow/tensorflow:2.9.3'", "2.9.3"),
        ("git clone x && pip install git+https://github.com/tensorflow/tensorflow@v2.9.3", "2.9.3"),
        ("pip install https://x.org/tensorflow_cpu-2.9.3-cp310-cp310-manylinux_2_17_x86_64.whl", "2.9.3"),
        ("pip install intel_tensorflow", "TensorFlow"),
        ("pip3 install -q TensorFlow_CPU", "TensorFlow"),
        ("poetry add tensorflow@^2.9", "2.9"),
        ("uvx --with tensorflow python train.py", "TensorFlow"),
        ("pip install tensorflow==${{ matrix.tf }}", "TensorFlow"),
        ('    "tensorflow[and-cuda]>=2.9",', "2.9"),
        ("- conda-forge::tensorflow=2.9", "2.9"),
        ("tensorflow: '2.9.3'", "2.9.3"),
        ("tensorflow @ https://x.org/a.whl", "TensorFlow"),
        ("tf-nightly-gpu", "TensorFlow"),
        ("RUN pip install rich tf_nightly", "TensorFlow"),
    ],
)
def test_a_line_that_installs_tensorflow_is_told(line: str, says: str) -> None:
    """Each way to name a release, a build, a wheel, an image or a source is a mention."""
    (found,) = looking.in_lines(f"first\n{line}\n", PATH)
    assert (found.place, found.name, found.says) == ("file, line 2", "", says)


@pytest.mark.parametrize(
    "line",
    [
        "import tensorflow as tf",
        "from tensorflow.keras import layers",
        "pip install tensorflow-datasets==4.9.3 tensorflow-hub",
        "# pip install tensorflow==2.9.3",
        "name: TensorFlow",
        "runs-on: tensorflow-matrix",
        "see https://www.tensorflow.org/versions/r2.9",
        "logging: {tensorflow: 30}",
        "tfmatrix run --versions 2.9.3",
        "cp tensorflow.log tensorflow/models /tmp",
        "keras",
        "pip install numpy",
    ],
)
def test_a_line_that_installs_none_is_not(line: str) -> None:
    """Imports, prose, comments, labels and other packages are no mentions."""
    assert list(looking.in_lines(line, PATH)) == []


@pytest.mark.parametrize(
    ("line", "version", "fits"),
    [
        ("pip install 'numpy<1.24'", "1.26.4", False),
        ("pip install 'numpy>=1.20, <2'", "1.26.4", True),
        ("  keras==2.15.0", "2.15.0", True),
        ("tf_keras==2.15.0", "2.16.0", False),
    ],
)
def test_a_companion_is_told_with_what_is_said_of_it(line: str, version: str, fits: bool) -> None:
    """Of Keras and NumPy only a version is of interest, and whether it fits."""
    (found,) = looking.in_lines(line, PATH)
    assert found.name
    assert found.admits(version) is fits


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("notes.txt", "tensorflow\nwe use tensorflow==2.9.3 here\n"),
        ("words.txt", "tensorflow==2.9.3\n" + "x" * (1 << 20)),
        ("broken.toml", 'tensorflow = "2.9.3'),
        ("deep.toml", "a = " + "[" * 5000),
        ("of-tfmatrix.txt", "# A lock file.\n# kind: today\ntensorflow-cpu==2.9.3\n"),
        ("settings.toml", '[log.tensorflow]\nlevel = "2.9.3"\n[about]\nname = "tensorflow"\n'),
        ("train.py", "install('tensorflow==2.9.3')"),
        (".venv/requirements.txt", "tensorflow==2.9.3"),
        ("conda/conda-meta/requirements.txt", "tensorflow==2.9.3"),
        ("vendored/.git/requirements.txt", "tensorflow==2.9.3"),
        ("node_modules/x/Dockerfile", "FROM tensorflow/tensorflow"),
        ("other/requirements.txt", "tensorflow==2.9.3"),
    ],
)
def test_what_is_no_file_of_requirements_is_passed_over(tmp_path: Path, name: str, text: str) -> None:
    """Prose, data, what is no TOML, locks of tfmatrix's, hidden folders and other projects say nothing of this one."""
    write(tmp_path, {name: text, "other/pyproject.toml": "[tool.tfmatrix]\n"})
    assert look_around(tmp_path, ()) == ()


def test_what_another_file_installs_from_is_looked_at_whatever_it_is_called(tmp_path: Path) -> None:
    """A Dockerfile's requirement file may have any name, and a bare TensorFlow in it counts."""
    write(tmp_path, {"Dockerfile": "COPY x y\nRUN pip install -r /src/needs/gpu\n", "needs/gpu": "rich\ntensorflow\n"})
    (found,) = look_around(tmp_path, ())
    assert [one.place for one in found.said] == ["needs/gpu, line 2"]
    assert look_around(tmp_path, (), ["needs"]) == ()


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    """What is no file is told where it is to be read, and passed over where files are only looked at."""
    os.mkfifo(tmp_path / "Dockerfile")
    assert look_around(tmp_path, ()) == ()
    (tmp_path / "requirements.txt").symlink_to("Dockerfile")
    with pytest.raises(UserError, match=r"requirements\.txt cannot be read: it is no file"):
        read_project(tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody can look at may say anything, so that is no silence."""
    write(tmp_path, {"Dockerfile": "FROM x"})

    def unreadable(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", unreadable)
    with pytest.raises(UserError, match=r"Dockerfile cannot be read: Permission denied\."):
        look_around(tmp_path, ())


def test_a_file_is_ignored_by_its_path_a_pattern_or_a_folder_above_it(tmp_path: Path) -> None:
    """A pattern fits the path within the project, and a folder stands for all that is in it."""
    write(tmp_path, {"a/b/Dockerfile": "FROM tensorflow/tensorflow", "setup.cfg": "tensorflow==2.9.3"})
    for ignored, left in (
        ((), ["a/b/Dockerfile", "setup.cfg"]),
        (("a/",), ["setup.cfg"]),
        (("a/*/Dockerfile", "*.cfg"), []),
        (("Dockerfile",), ["a/b/Dockerfile", "setup.cfg"]),
    ):
        assert [str(found.shown) for found in look_around(tmp_path, (), ignored)] == left
