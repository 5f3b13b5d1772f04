"""What of recipes is still of use: trials of recipes as they are now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from tfmatrix.config import Config
from tfmatrix.keys import SCRIPT
from tfmatrix.questions.recipes.recipes import scripts
from tfmatrix.store.store import Store


def is_live(config: Config, store: Store) -> Callable[[Mapping[str, str]], bool]:
    """Return a function that says, by what a trial covers, whether it can be part of a report."""
    del config, store

    @cache
    def digests(seed: str) -> frozenset[str]:
        return frozenset(script.digest for script in scripts(int(seed)))

    return lambda covers: covers.get("work") == SCRIPT and covers["model"] in digests(covers["seed"])
