"""Importing what is a user's own: always compiled from its source, and found beside a model file."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Optional, Sequence

SourceFileLoader = importlib.machinery.SourceFileLoader


def compile_from_source(is_ours: Callable[[str], bool]) -> None:
    """Have every module whose file is one of some be compiled from its source.

    A compiled file beside it, whose age tells seconds only, may be of other bytes than those that are noted.
    """
    usual = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        path = self.get_filename(fullname)
        if not is_ours(path):
            return usual(self, fullname)
        return self.source_to_code(self.get_data(path), path)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]  # for every finder, those of others too


def find_beside(model: str) -> None:
    """Have the modules and packages of a model file's folder be found, before all others, as a script's are."""
    sys.meta_path.insert(0, _Beside(Path(model)))


class _Beside(importlib.abc.MetaPathFinder):
    """Finds what lies beside a model; the model's own name stays that of a package that it may be about."""

    def __init__(self, model: Path) -> None:
        self._folder = str(model.parent)
        self._model = model.stem

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """Return the spec of a module beside the model, or None."""
        if path is not None or fullname == self._model:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, [self._folder], target)
        return spec if spec and spec.loader else None  # any folder without a loader could be a namespace
