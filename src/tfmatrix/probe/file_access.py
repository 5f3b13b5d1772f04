"""What lies beside a model file: modules that it imports and files that it reads, none that its trial's key misses."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Mapping, Optional, Sequence

from .loading import read
from .outcomes import BadModel


def admit(path: str, beside: Mapping[str, str]) -> None:
    """Let the model file at a path have the files beside it, given as path from its folder and SHA-256, and no others.

    Modules among them are compiled from their source. Any other file of the folder that is opened raises BadModel:
    the trial's key would not cover it. Python has that hook since 3.8, and sees what it opens itself, but not what is
    opened relative to a descriptor.
    """
    folder = Path(path).parent
    for name, digest in beside.items():
        read(folder / name, digest, "{}, line 1: {}".format(Path(path).name, name))
    modules = [name[: -len(".py")] for name in beside if name.endswith(".py") and "/" not in name]
    sys.meta_path.insert(0, _Beside(folder, modules))
    if hasattr(sys, "addaudithook"):
        named = [str(folder / name) for name in (*beside, Path(path).name)]
        # Both as it is written and with links followed: either may lead into the folder, or out of it.
        folders = {str(folder), os.path.realpath(str(folder)), os.path.dirname(os.path.realpath(path))}
        allowed = {*map(os.path.abspath, named), *map(os.path.realpath, named)}
        sys.addaudithook(_watch(folders, allowed, Path(path).name))


class _Beside(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules beside a model, and compiles them from their source."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._names = names

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """Return the spec of a module beside the model, or None."""
        del path, target
        if fullname not in self._names:
            return None
        file = str(self._folder / (fullname + ".py"))
        return importlib.machinery.ModuleSpec(fullname, self, origin=file)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's source."""
        assert module.__spec__ is not None
        file = str(module.__spec__.origin)
        module.__file__ = file
        exec(compile(Path(file).read_bytes(), file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102


def _watch(folders: "set[str]", allowed: "set[str]", model: str) -> Any:
    """Return a hook that raises where a file of the folders is opened that is not allowed."""

    def hook(event: str, arguments: Any) -> None:
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            path = os.path.abspath(os.fsdecode(arguments[0]))
            for opened in {path, os.path.realpath(path)} - allowed:
                folder = next((one for one in folders if opened.startswith(one + os.sep)), None)
                if folder:
                    raise BadModel(
                        "{0}, line 1: it opens {1} beside it, which it does not name; write {1!r} out in it, "
                        "so that a change of that file is noticed".format(model, opened[len(folder) + 1 :])
                    )

    return hook
