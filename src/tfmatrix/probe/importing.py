"""Importing: what is a user's own is compiled from its source, and what is to be wrapped is met as it is imported."""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, ContextManager, Dict, Mapping, Optional, Sequence

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


Within = Callable[[str], ContextManager[None]]
"""Takes a module's name, and returns the context that it is to be imported in."""


def import_within(contexts: Mapping[str, Within]) -> None:
    """Have each module of some names be imported within a context, the first time that it is."""
    sys.meta_path.insert(0, _Within(contexts))


class _Within(importlib.abc.MetaPathFinder):
    """Finds what the others find, and imports it within a context; to look for a module is not to import it."""

    def __init__(self, contexts: Mapping[str, Within]) -> None:
        self._contexts: Dict[str, Any] = dict(contexts)
        self._looking = False

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """Return the spec of a module that is waited for, or None."""
        del path, target
        if self._looking or fullname not in self._contexts:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        if spec is not None and spec.loader is not None:
            original = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                with self._contexts.pop(fullname, contextlib.nullcontext)(fullname):
                    original(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # of this one loader
        return spec
