"""Which environments a bisect removes: those that it made itself, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from building import install, make_project, trial
from tfmatrix import config
from tfmatrix.environments import making
from tfmatrix.questions.bisect.made import Made
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import Environment
from tfmatrix.runner.events import Finished, Making, Ready

VERSIONS = ["2.14.1", "2.15.1", "2.16.2", "2.17.1"]


@pytest.fixture
def settings(tmp_path: Path) -> config.Config:
    """Return the configuration of a project of four releases."""
    return make_project(tmp_path, versions=VERSIONS)


def make(made: Made, settings: config.Config, version: str) -> None:
    """Have an environment be made, and its maker be told."""
    environment = Environment(version)
    made.learn(Making(environment))
    if not folder(settings, version).is_dir():
        install(environment, settings)
    found = making.installed(environment, folder(settings, version), [settings.root / "locks"])
    assert found
    made.learn(Ready(environment, found))


def folder(settings: config.Config, version: str) -> Path:
    """Return the folder of an environment."""
    return making.folder_of(Environment(version), settings.root / ".nox")


def there(settings: config.Config) -> list[str]:
    """Return which environments are there."""
    return [version for version in VERSIONS if making.is_there(folder(settings, version))]


def test_those_used_longest_ago_are_removed(settings: config.Config) -> None:
    """A trial uses its environment."""
    made = Made(settings.root / ".nox")
    for version in VERSIONS:
        make(made, settings, version)
    cell = next(cell for cell in make_plan(settings).cells if cell.environment.name == "2.14.1")
    expected = make_plan(settings).trials[cell][0]
    made.learn(Finished(expected, trial(expected, "failed"), (), {}))
    made.remove_beyond(2)
    assert there(settings) == ["2.14.1", "2.17.1"]
    assert not folder(settings, "2.15.1").exists()
    made.remove_beyond(0)
    assert there(settings) == []


def test_what_was_there_before_stays(settings: config.Config) -> None:
    """Also where it was used, and where it was no longer current and had to be made anew."""
    for version in VERSIONS[:2]:
        install(Environment(version), settings)
    made = Made(settings.root / ".nox")
    make(made, settings, "2.15.1")
    make(made, settings, "2.16.2")
    ready = making.installed(Environment("2.14.1"), folder(settings, "2.14.1"), [settings.root / "locks"])
    assert ready
    made.learn(Ready(Environment("2.14.1"), ready))
    made.remove_beyond(0)
    assert there(settings) == ["2.14.1", "2.15.1"]


def test_what_somebody_else_made_meanwhile_stays(settings: config.Config) -> None:
    """It was found ready: this bisect did not make it."""
    made = Made(settings.root / ".nox")
    install(Environment("2.14.1"), settings)
    ready = making.installed(Environment("2.14.1"), folder(settings, "2.14.1"), [settings.root / "locks"])
    assert ready
    made.learn(Ready(Environment("2.14.1"), ready))
    made.remove_beyond(0)
    assert there(settings) == ["2.14.1"]


def test_what_was_not_made_to_its_end_is_left_alone(settings: config.Config) -> None:
    """Nobody said that it is ready: whoever makes it next does so from the start."""
    made = Made(settings.root / ".nox")
    made.learn(Making(Environment("2.14.1")))
    install(Environment("2.14.1"), settings)
    made.remove_beyond(0)
    assert there(settings) == ["2.14.1"]
