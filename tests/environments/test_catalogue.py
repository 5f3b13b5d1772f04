"""What the catalogue knows, and which environments may be named."""

from __future__ import annotations

import pytest

from tfmatrix.environments import catalogue
from tfmatrix.errors import Unavailable, UserError
from tfmatrix.records import Environment, Package


def parse(name: str) -> Environment:
    """Parse a name with the usual distribution and Python."""
    return catalogue.parse_environment(name, distribution="tensorflow-cpu", python="3.10")


@pytest.mark.parametrize("version", catalogue.RELEASES)
def test_every_listed_release_runs_on_python_3_10(version: str) -> None:
    """One Python takes all fourteen releases, which keeps Python out of the comparison."""
    assert catalogue.release(version).runs_on("3.10")


@pytest.mark.parametrize("version", catalogue.OLD_RELEASES)
def test_an_old_release_is_known_and_runs_on_a_python_of_its_own(version: str) -> None:
    """It has no wheel for 3.10, takes the newest Python that it has one for, and is in no list that means all."""
    found = catalogue.release(version)
    assert (found.known, found.old, found.runs_on("3.10")) == (True, True, False)
    assert found.python_beside("3.10") == found.newest_python
    assert found.python_beside("3.7") == "3.7"
    assert version not in catalogue.RELEASES


@pytest.mark.parametrize(
    ("project", "python"), [("3.10", "3.8"), ("3.7", "3.7"), ("3.8", "3.8"), ("3.12", "3.8"), ("3.6", "3.8")]
)
def test_an_old_release_keeps_to_the_python_of_the_project_where_it_can(project: str, python: str) -> None:
    """Where it runs on the project's Python, Python does not move; else it takes the newest of its own."""
    assert catalogue.release("2.4.4").python_beside(project) == python


def test_no_other_release_leaves_the_python_of_the_project() -> None:
    """2.9.3 on Python 3.12 can't be had, and is not moved to another one unasked; nor is what is not known."""
    assert [catalogue.release(one).python_beside("3.12") for one in ("2.9.3", "2.22.0rc0", "2.5.9")] == ["3.12"] * 3


@pytest.mark.parametrize(
    ("name", "wanted", "distribution"),
    [
        ("1.15.5", "tensorflow-cpu", "tensorflow"),
        ("1.15.5", "tensorflow", "tensorflow"),
        ("2.1.4", "tensorflow-cpu", "tensorflow-cpu"),
        ("2.7.4", "tensorflow", "tensorflow"),
        ("2.15.1", "tensorflow[and-cuda]", "tensorflow[and-cuda]"),
        ("2.21.0", "tensorflow[and-cuda]", "tensorflow[and-cuda]"),
        ("2.13.1", "tensorflow[and-cuda]", "tensorflow"),
        ("1.15.5", "tensorflow[and-cuda]", "tensorflow"),
        ("2.22.0.dev20260905", "tensorflow[and-cuda]", "tf-nightly[and-cuda]"),
    ],
)
def test_a_release_is_of_a_distribution_that_has_it(name: str, wanted: str, distribution: str) -> None:
    """What the package index has no `tensorflow-cpu` of is installed from `tensorflow`; its name tells that again."""
    found = catalogue.parse_environment(name, distribution=wanted, python="3.7")
    assert found.distribution == distribution
    again = catalogue.configured_distribution(found)
    assert catalogue.parse_environment(found.name, distribution=again, python="3.7") == found


def test_an_older_patch_has_the_rules_of_its_minor() -> None:
    """A patch release that is not the newest is known too, with what its minor needs."""
    assert catalogue.release("2.15.0").caps == catalogue.release("2.15.1").caps == ("numpy<2",)


@pytest.mark.parametrize(("version", "capped"), [("2.11.1", True), ("2.12.1", False), ("2.16.2", False)])
def test_protobuf_is_capped_before_2_12_only(version: str, capped: bool) -> None:
    """A release whose generated code needs protobuf 3.19 says so, and no later one does."""
    assert ("protobuf<3.20" in catalogue.release(version).caps) is capped


@pytest.mark.parametrize(
    ("version", "nearest"), [("2.15.9", "2.15.1"), ("2.16.0", "2.16.2"), ("2.99.0", "2.21.0"), ("1.15.6", "1.15.5")]
)
def test_a_release_that_is_not_known_has_its_nearest(version: str, nearest: str) -> None:
    """A release that tfmatrix was not tested with is not known, and the first of those named beside it is nearest."""
    assert not catalogue.release(version).known
    assert catalogue.nearest(version)[0] == nearest


@pytest.mark.parametrize(("version", "caps"), [("2.22.0rc0", ()), ("2.8.9", ("numpy<2", "protobuf<3.20"))])
def test_what_is_not_known_has_the_caps_of_its_minor_and_any_python(version: str, caps: tuple[str, ...]) -> None:
    """Of a release that is not known the package index says which Pythons it has; caps are those of its minor."""
    found = catalogue.release(version)
    assert (found.caps, found.runs_on("3.15")) == (caps, True)


@pytest.mark.parametrize(("chosen", "nightly"), [("tensorflow-cpu", "tf-nightly-cpu"), ("tensorflow", "tf-nightly")])
def test_a_version_of_a_day_is_a_nightly(chosen: str, nightly: str) -> None:
    """What is built each night has a distribution of its own."""
    found = catalogue.parse_environment("2.22.0.dev20260905", distribution=chosen, python="3.12")
    assert (found.distribution, found.name) == (nightly, "2.22.0.dev20260905")


@pytest.mark.parametrize(
    "version",
    [
        "",
        "2",
        "2.15",
        "v2.15.1",
        "2.15.1b1",
        "2.15.1\n",
        "2.15.01",
        "٢.15.1",
        "1.12.3",
        "1.13.0",
        "2.22.0.dev1",
        "2.22.0-rc0",
    ],
)
def test_what_is_no_version_is_refused(version: str) -> None:
    """Anything but a release, a candidate or a nightly from 1.13.1 on is refused as the user's mistake."""
    with pytest.raises(UserError):
        catalogue.release(version)


def test_two_spellings_of_one_choice_are_one_environment() -> None:
    """The order and the case in which further packages are written do not make another environment."""
    one = parse("2.16.2+numpy-1.26.4+TF_Keras-2.16.0")
    assert one == parse("2.16.2+tf-keras-2.16.0+numpy-1.26.4")
    assert one.name == "2.16.2+tf-keras-2.16.0+numpy-1.26.4"
    assert one.further == (Package("tf-keras", "2.16.0"), Package("numpy", "1.26.4"))


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("2.21", "2.21.0"),
        ("2.15", "2.15.1"),
        ("1.15", "1.15.5"),
        ("latest", catalogue.RELEASES[-1]),
        ("2.16+keras-3.11.3", "2.16.2+keras-3.11.3"),
    ],
)
def test_a_minor_is_its_newest_patch(name: str, whole: str) -> None:
    """What people write short is the newest release of it that is known; of a minor that is not, nothing is guessed."""
    assert catalogue.parse_environment(name, distribution="tensorflow-cpu", python="3.10").name == whole
    with pytest.raises(UserError, match="write it in full"):
        catalogue.parse_environment("2.99", distribution="tensorflow-cpu", python="3.10")


def test_any_other_package_is_held_behind_those_that_are_chosen() -> None:
    """What is held has an order of its own, so that two spellings are one environment."""
    environment = parse("2.16.2+Protobuf-4.25.3+h5py-3.11.0+typing_extensions-4.12.2+numpy-1.26.4")
    assert environment.name == "2.16.2+numpy-1.26.4+h5py-3.11.0+protobuf-4.25.3+typing-extensions-4.12.2"
    assert [one.name for one in environment.further if catalogue.is_held(one)] == [
        "h5py",
        "protobuf",
        "typing-extensions",
    ]
    assert parse(environment.name) == environment


def test_a_name_gives_itself_again() -> None:
    """Parsing an environment's name gives the same environment."""
    environment = parse("2.16.2+keras-3.11.3")
    assert parse(environment.name) == environment


@pytest.mark.parametrize(
    ("name", "saying"),
    [
        ("2.16.2+tensorflow-2.15.1", "names TensorFlow twice"),
        ("2.16.2+Tf_Nightly-2.15.1", "names TensorFlow twice"),
        ("2.16.2+keras", "with an exact version"),
        ("2.16.2+keras-new", "is no version of keras"),
        ("2.16.2+keras-3.1.0+keras-3.2.0", "names one package twice"),
        ("2.16.2+", "is no package with an exact version"),
        ("1.12.3+keras-2.2.4", "TensorFlow 1.12.3 is too old for tfmatrix, which knows 1.13.1 and later"),
    ],
)
def test_a_name_that_means_nothing_is_refused(name: str, saying: str) -> None:
    """A name with another package, no version or the same package twice is refused, saying which."""
    with pytest.raises(UserError, match=saying):
        parse(name)


@pytest.mark.parametrize(
    ("distribution", "python", "saying"),
    [
        ("tensorflow-gpu", "3.10", "is not one of tensorflow-cpu, tensorflow"),
        ("tensorflow-cpu", "3.10.1", "is no Python version"),
    ],
)
def test_a_distribution_or_python_that_cannot_be_is_refused(distribution: str, python: str, saying: str) -> None:
    """An unknown distribution, or what is no Python, is refused at once."""
    with pytest.raises(UserError, match=saying):
        catalogue.parse_environment("2.16.2", distribution=distribution, python=python)


def test_a_python_that_a_release_does_not_run_on_leaves_it_unavailable() -> None:
    """A Python without wheels of the release is a reason why its environment can't be had, and names those that are."""
    wanted = catalogue.parse_environment("2.16.2", distribution="tensorflow-cpu", python="3.7")
    with pytest.raises(Unavailable, match=r"does not run on Python 3\.7, only on 3\.9 to 3\.12; give it another"):
        catalogue.require_python(wanted)


@pytest.mark.parametrize("name", [f"2.15.{'9' * 5001}", f"{'9' * 5001}.1.1", f"2.15.1+keras-{'9' * 5001}"])
def test_a_version_of_5001_digits_is_one_sentence(name: str) -> None:
    """More digits than Python makes a number of are no version."""
    with pytest.raises(UserError, match="is no "):
        parse(name)
