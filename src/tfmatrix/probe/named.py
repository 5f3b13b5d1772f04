"""A builder by a table: two functions of the user's modules, by their names, stand in for `build` and `data` of a file.

Its request has ``builder``: ``build`` and ``data`` (``package.module:function``), and ``constants``, those that a file
would have. ``files``, of the ``project``, lie in the trial's working folder, from where modules are imported.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any, Callable, Dict, List, Mapping, Optional

from .commands import add_source, lay
from .evidence import WORK
from .loading import PLACES, Place, broken, needed
from .names import nearest
from .outcomes import BadModel
from .reads import Reads


def enter(request: Mapping[str, Any], scratch: str, reads: Reads) -> str:
    """Lay a project's files into the trial's working folder, change to it, and have modules be imported from there."""
    folder = os.path.join(scratch, WORK)
    with reads.aside():
        lay(folder, request["project"], request["files"])
    os.chdir(folder)
    os.environ.pop("TFMATRIX_START", None)  # what a model must not see of us
    sys.path.insert(0, folder)
    add_source(folder)
    return folder


def imported(name: str) -> Optional[ModuleType]:
    """Import a module of the user's; None where there is none. What another one that it imports lacks is its error."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        lacking = error.name or ""
        if lacking != name and not name.startswith(lacking + "."):
            raise
        return None


def load_named(request: Mapping[str, Any], scratch: str, reads: Reads) -> ModuleType:
    """Return a module that has what a table names; errors inside the user's modules are theirs and pass through."""
    enter(request, scratch, reads)
    told = request["builder"]
    model = ModuleType(request["path"])
    places = {name: Place(request["path"]) for name in told["constants"]}
    for name in ("build", "data"):
        function = _function(told[name], request)
        code = getattr(inspect.unwrap(function), "__code__", None)
        places[name] = (
            Place(os.path.basename(code.co_filename), code.co_firstlineno) if code else Place(request["path"])
        )
        setattr(model, name, function)
    setattr(model, PLACES, places)
    vars(model).update(told["constants"])
    lacking = needed(model.build)
    if lacking:
        raise broken(model, "build", "{} must be called with nothing, but needs {}".format(told["build"], lacking[0]))
    return model


def _function(name: str, request: Mapping[str, Any]) -> Callable[..., Any]:
    """Return what a name like ``package.module:function`` stands for; raise BadModel where that is no function."""
    place, _, path = name.partition(":")
    found: Any = _module(place, request)
    where = "module {}".format(place)
    for part in path.split("."):
        if not hasattr(found, part):
            known = [other for other in dir(found) if not other.startswith("_")]
            raise BadModel("{}: {} has no {!r}; {}".format(request["path"], where, part, nearest(part, known)))
        found, where = getattr(found, part), "{} of {}".format(part, where)
    if not callable(found):
        kind = type(found).__name__
        raise BadModel("{}: {} must be a function, but is a {}".format(request["path"], name, kind))
    return found  # type: ignore[no-any-return]


def _module(name: str, request: Mapping[str, Any]) -> ModuleType:
    found = imported(name)
    if found is None:
        known = _modules(request["files"])
        hint = nearest(name, known) if known else "the project has no Python file that git tracks"
        raise BadModel("{}: there is no module {}; {}".format(request["path"], name, hint))
    return found


def _modules(files: List[str]) -> List[str]:
    """Return the modules of a project's files, as they are imported."""
    found: Dict[str, None] = {}
    for path in map(PurePosixPath, files):
        parts = path.with_suffix("").parts[path.parts[0] == "src" :]
        parts = parts[:-1] if parts[-1:] == ("__init__",) else parts
        if path.suffix == ".py" and parts and all(part.isidentifier() for part in parts):
            found[".".join(parts)] = None
    return list(found)
