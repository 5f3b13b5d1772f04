"""conda's environment.yml: what is taken from it, what is changed, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tfmatrix import pins
from tfmatrix.errors import UserError

from .projects import HASHES, NEW, OLD_HASH, find_pins, found, repin, write

CONDA = """\
name: tensorflow=2.15.1  # 2.15.1\r
channels: [conda-forge]\r
variables: {TF: 2.15.1}\r
dependencies:\r
- python=3.10\r
- conda-forge/linux-64::tensorflow=2.15.1 # tensorflow=2.15.1\r
- "keras==2.15.0"\r
- libblas[version='>=3', build=*mkl]\r
- numpy>=1.23,<3|>=4\r
-   pip:\r
    - 'tf-keras == 2.15.1 ; python_version > "3.8"'\r
    - -r more.txt"""


def test_both_lists_are_changed_and_nothing_else(tmp_path: Path) -> None:
    """The requirements of conda and of pip move, in the file that is named too; comments, quotes and line ends stay."""
    write(tmp_path, {"more.txt": "tensorflow==2.15.1"})
    expected = (
        CONDA.replace("::tensorflow=2.15.1", "::tensorflow=2.21.0")
        .replace("2.15.0", "3.12.0")
        .replace("tf-keras == 2.15.1", "tf-keras == 2.21.0")
    )
    assert repin(tmp_path, CONDA, "environment.yml") == expected
    assert found(tmp_path) == [
        ("environment.yml", "line 6", "tensorflow", "2.21.0"),
        ("environment.yml", "line 7", "keras", "3.12.0"),
        ("environment.yml", "line 11", "tf-keras", "2.21.0"),
        ("more.txt", "line 1", "tensorflow", "2.21.0"),
    ]


@pytest.mark.parametrize(
    ("spec", "changed"),
    [
        ("tensorflow==2.15.1", "tensorflow==2.21.0"),
        ("tensorflow 2.15.1", "tensorflow 2.21.0"),
        ("tensorflow = 2.15.1", "tensorflow = 2.21.0"),
        ("tensorflow==2.15", "tensorflow==2.21.0"),
        ("tensorflow=2.15.1=*cuda*", "tensorflow=2.21.0=*cuda*"),
        ("tensorflow 2.15.1 *cuda*", "tensorflow 2.21.0 *cuda*"),
    ],
)
def test_condas_ways_to_write_one_version(tmp_path: Path, spec: str, changed: str) -> None:
    """One and two equals signs, spaces and patterns of builds are pins."""
    assert repin(tmp_path, f"dependencies: [{spec}]\n", "environment.yaml") == f"dependencies: [{changed}]\n"


@pytest.mark.parametrize(
    "spec", ["tensorflow", "tensorflow=2.15", "tensorflow=2.15.*", "tensorflow>=2.15,<2.16", "tensorflow *"]
)
def test_condas_ranges_are_no_pins(tmp_path: Path, spec: str) -> None:
    """One equals sign before a short version is a prefix, and no pin."""
    write(tmp_path, {"environment.yml": f"dependencies:\n- {spec}\n"})
    with pytest.raises(
        UserError, match=re.escape(f"not pinned to one version: environment.yml, line 2, says '{spec}'")
    ):
        pins.plan_changes(tmp_path, NEW, HASHES)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("tensorflow=2.15.1=cpu_py310h_0", "names the build cpu_py310h_0"),
        ("numpy=1.26", "does not admit numpy 2.2.6"),
        ("numpy 1.23.*|1.24.*", "does not admit numpy 2.2.6"),
        ("numpy <2", "does not admit numpy 2.2.6"),
        ("keras[version=2.15.0]", "has brackets"),
        ("pip: [keras==2.15.0 --no-deps]", "has options beside it"),
        ("keras=two", "'keras=two' cannot be read ('two' is no version)"),
        ("keras>two", "'keras>two' cannot be read"),
    ],
)
def test_what_cannot_follow_in_a_conda_file_is_refused(tmp_path: Path, spec: str, says: str) -> None:
    """Builds, ranges that exclude the new version, brackets and what is no version stop the plan, with the line."""
    write(tmp_path, {"environment.yml": f"dependencies:\n- tensorflow-cpu=2.15.1\n- {spec}\n"})
    with pytest.raises(UserError, match=rf"environment\.yml, line 3: .*{re.escape(says)}"):
        pins.plan_changes(tmp_path, NEW, HASHES)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("dependencies:\n- a: b: c\n", "environment.yml, line 2: this is no YAML"),
        ("name: x\nname: y\n", "environment.yml, line 2: this is no YAML (found duplicate key"),
        ("dependencies: []\n---\n", "environment.yml, line 2: this is no YAML"),
        ("a: \x07", "environment.yml is no YAML"),
    ],
)
def test_what_is_no_yaml_is_refused(tmp_path: Path, content: str, says: str) -> None:
    """The sentence names the file, and the line where the parser knows it."""
    write(tmp_path, {"environment.yml": content})
    with pytest.raises(UserError, match=re.escape(says)):
        find_pins(tmp_path)


def test_a_value_that_stands_for_several_places_is_not_changed(tmp_path: Path) -> None:
    """An anchor's value is also the value of its aliases, so changing it would change more than a pin."""
    with pytest.raises(UserError, match=r"line 1: the version in 'tensorflow=2\.15\.1' cannot be changed"):
        repin(tmp_path, "x: &tf tensorflow=2.15.1\ndependencies: [*tf]\n", "environment.yml")


def test_hashes_of_pip_in_a_conda_file_are_refused(tmp_path: Path) -> None:
    """A pin with hashes inside of YAML is left to a person."""
    with pytest.raises(UserError, match=r"line 3: .* has options beside it"):
        repin(tmp_path, f"dependencies:\n- pip:\n  - tensorflow==2.15.1 --hash={OLD_HASH}\n", "environment.yml")


@pytest.mark.parametrize("content", ["", "# nothing\n", "[]", "dependencies:\n", "dependencies: {pip: 1}\n", "1: 2"])
def test_a_conda_file_without_packages_pins_nothing(tmp_path: Path, content: str) -> None:
    """Empty files and other shapes hold no pin, and are no error."""
    write(tmp_path, {"environment.yml": content})
    assert find_pins(tmp_path) == ()
