"""What a lock has installed here: by its markers, and only what can be compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from pins.projects import write
from tfmatrix.gate.installing import Installation, applies, installations
from tfmatrix.pins.files import read_project
from tfmatrix.pins.sets import sets_of


def installed(root: Path, lock: str, name: str = "poetry.lock") -> Installation:
    """Return what a lock installs."""
    write(root, {name: lock})
    (found,) = installations(sets_of(read_project(root)), root, "3.10")
    return found


def package(name: str, version: str, more: str = "") -> str:
    """Return one package of a lock."""
    return f'[[package]]\nname = "{name}"\nversion = "{version}"\n{more}\n'


def test_what_is_for_other_machines_and_pythons_is_not_installed(tmp_path: Path) -> None:
    """A marker that is false here takes a package out, and of several by group one is enough."""
    lock = (
        package("tensorflow", "2.12.1", "markers = \"sys_platform == 'win32'\"")
        + package("tensorflow", "2.15.1", "markers = \"sys_platform == 'linux'\"")
        + package("numpy", "1.23.5", "marker = \"python_version < '3.9'\"")
        + package(
            "numpy", "1.26.4", "markers = { main = \"python_version < '3.9'\", dev = \"python_version > '3.9'\" }"
        )
        + package("absl-py", "2.0")
    )
    assert installed(tmp_path, lock).packages == {"tensorflow": "2.15.1", "numpy": "1.26.4"}


def test_the_distributions_of_other_systems_do_not_count_beside_tensorflow(tmp_path: Path) -> None:
    """A lock for all machines has them without a marker; alone they are what is installed."""
    both = package("tensorflow", "2.15.1") + package("tensorflow-intel", "2.15.1")
    assert installed(tmp_path, both).packages == {"tensorflow": "2.15.1"}
    assert installed(tmp_path, package("tensorflow-macos", "2.15.1")).tensorflow == "2.15.1"


def test_a_lock_of_nothing_installs_nothing(tmp_path: Path) -> None:
    """It is no question that has no answer."""
    assert installed(tmp_path, '{"_meta": {}, "default": {}}', "Pipfile.lock") == Installation("Pipfile.lock")


@pytest.mark.parametrize(
    ("lock", "says"),
    [
        (package("tensorflow", "2.12.1") + package("tensorflow", "2.15.1"), "both 2.12.1 and 2.15.1"),
        (package("tensorflow", "2.15.1") + package("tensorflow-cpu", "2.15.1"), "over each other; name one of them"),
        (
            package("tensorflow", "2.15.1") + package("tf-nightly", "2.22.0"),
            "tf-nightly 2.22.0, which was not compared",
        ),
        (
            package("keras", "3.5.0", 'git = "https://x.org/keras"'),
            "keras from https://x.org/keras, which is no release",
        ),
        (package("numpy", "1.26.4", "path = './numpy'"), "numpy from ./numpy, which is no release"),
        (package("numpy", "1.26.4", "[package.source]\ntype = 'url'\nurl = 'https://x'"), "numpy from https://x"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, lock: str, says: str) -> None:
    """Two versions, two distributions, another build, and what is no release of the index are reasons."""
    assert says in installed(tmp_path, lock).refusal


def test_a_package_of_pipenv_from_a_repository(tmp_path: Path) -> None:
    """A Pipfile.lock has the repository in place of the version."""
    lock = '{"default": {"tensorflow": {"git": "https://x.org/t", "ref": "a"}, "rich": {"version": "==14"}}}'
    assert "tensorflow from https://x.org/t" in installed(tmp_path, lock, "Pipfile.lock").refusal


@pytest.mark.parametrize(
    ("marker", "true"),
    [
        ("", True),
        ("sys_platform == 'linux' and platform_machine == 'x86_64'", True),
        ("sys_platform == 'darwin'", False),
        ("python_version >= '3.11'", False),
        ("python_full_version < '3.11'", True),
        ("'gpu' in extras", True),  # of a lock all that can be chosen counts
        ("nonsense", True),
        ("(" * 5000 + "python_version > '3'", True),
    ],
)
def test_a_marker_is_true_of_the_evidences_python_and_machine(marker: str, true: bool) -> None:
    """Whatever Python runs tfmatrix, markers are those of the environment; what cannot be told counts."""
    assert applies(marker, "3.10") is true


def test_a_name_that_uv_cannot_be_given_is_a_refusal(tmp_path: Path) -> None:
    """An extra with a NUL in its name is in no command line."""
    project = '[project]\nname = "x"\nversion = "1"\n[project.optional-dependencies]\n"a\\u0000" = ["rich"]\n'
    assert installed(tmp_path, project, "pyproject.toml").refusal.endswith("cannot be resolved: embedded null byte")
