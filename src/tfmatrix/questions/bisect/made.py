"""The environments that a bisect made itself, of which it may remove some: never one that was there before."""

from __future__ import annotations

from pathlib import Path

from tfmatrix.environments import making
from tfmatrix.records import Environment
from tfmatrix.runner.events import Event, Finished, Making, Ready


class Made:
    """The environments that were made since this object was, in the order in which they were last used."""

    def __init__(self, root: Path) -> None:
        """Take note of what there is in nox's folder of virtual environments."""
        self._root = root
        self._there = frozenset(path.name for path in root.iterdir()) if root.is_dir() else frozenset[str]()
        self._begun: set[Environment] = set()
        self._made: dict[Environment, None] = {}

    def learn(self, event: Event) -> None:
        """Take in what happened."""
        match event:
            case Making(environment=environment):
                self._begun.add(environment)
            case Ready(environment=environment) if environment in self._begun and not self._was_there(environment):
                self._use(environment)
            case Finished(expected=expected) if expected.cell.environment in self._made:
                self._use(expected.cell.environment)
            case _:
                pass

    def remove_beyond(self, most: int) -> None:
        """Remove those that were used longest ago until no more are left; nobody may use them meanwhile."""
        for environment in list(self._made)[: max(0, len(self._made) - most)]:
            making.remove(making.folder_of(environment, self._root))
            del self._made[environment]

    def _use(self, environment: Environment) -> None:
        self._made.pop(environment, None)
        self._made[environment] = None

    def _was_there(self, environment: Environment) -> bool:
        return making.folder_of(environment, self._root).name in self._there
