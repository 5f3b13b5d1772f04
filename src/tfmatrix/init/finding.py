"""The models of a project: scripts and notebooks that train, pairs of functions, and saved files, each as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from tfmatrix.config import Config
from tfmatrix.init.listing import Listing
from tfmatrix.init.modules import Module, Modules, dotted
from tfmatrix.init.needs import listed
from tfmatrix.init.saved import saved_models
from tfmatrix.models import commands
from tfmatrix.models.defined import plain

_TESTS = frozenset({"test", "tests", "testing"})
_NOT_RUN = frozenset({"conftest.py", "noxfile.py", "setup.py", "tasks.py"})
_BUILDER = frozenset({"build", "data"})
"""The two functions of a builder."""


@dataclass(frozen=True)
class Found:
    """One model that was found, or what may be one."""

    path: str
    why: str
    """What it is told by."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of its table; none where it is shown alone."""
    name: str = ""
    hints: tuple[str, ...] = ()
    """What is to be known of it, a sentence each without its full stop."""


def models(listing: Listing, config: Config) -> tuple[Found, ...]:
    """Return what is found in a project's files, each with a name of its own; nothing of it is run."""
    modules = Modules(listing)
    folder = f"{config.models_folder.as_posix()}/"
    names = [name for name in listing.names if not name.startswith(folder) and not _is_test(name)]
    names.sort(key=lambda name: name.count("/"))  # what lies on top has the plain name of two that are called alike
    found = (
        *(one for name in names if (one := _of_source(name, modules, listing))),
        *(_of_saved(path, what, obstacle) for path, what, obstacle in _saved(listing)),
    )
    return tuple(_named(found))


def reference_models(listing: Listing, config: Config) -> int:
    """Return how many files the models folder has, which need no table."""
    folder = config.models_folder
    paths = [PurePosixPath(name) for name in listing.names]
    return sum(path.parent == PurePosixPath(folder) and path.suffix == ".py" and path.name[0] != "_" for path in paths)


def _is_test(name: str) -> bool:
    path = PurePosixPath(name)
    stem = path.stem
    return (
        bool(_TESTS & set(path.parts[:-1]))
        or stem.startswith("test_")
        or stem.endswith("_test")
        or path.name in _NOT_RUN
    )


def _of_source(name: str, modules: Modules, listing: Listing) -> Found | None:
    """Return the builder or script of TensorFlow's that a file of Python or a notebook is; None where it is neither."""
    if not name.endswith((".py", ".ipynb")) or not modules.may_be_script(name):
        return None
    reached = modules.reached(name)
    if not any(one.has_tensorflow for one in reached.values()):
        return None
    module, place, is_notebook = reached[name], dotted(name), name.endswith(".ipynb")
    if module.functions >= _BUILDER and place and not is_notebook:
        settings = {"model": f"{place}:build", "data": f"{place}:data"}
        return Found(name, "has the functions build and data", settings, hints=_hints(name, module, reached, listing))
    if is_notebook or modules.is_started(name):
        return _of_script(name, modules, reached, listing)
    return None


def _of_script(name: str, modules: Modules, reached: Mapping[str, Module], listing: Listing) -> Found:
    module = reached[name]
    imports = "imports TensorFlow or Keras" + ("" if module.has_tensorflow else " by modules of the project")
    if not any(one.trains for one in reached.values()):
        return Found(name, f"{imports}, but does not seem to train")
    hints = (*_asked_for(module), *_hints(name, module, reached, listing))
    return Found(name, f"{imports}, and trains", {"command": _words(name, modules)}, hints=hints)


def _words(name: str, modules: Modules) -> list[str]:
    """Return the words that run a script: as a module where it finds its imports in no other way."""
    if name.endswith(".ipynb"):
        return [commands.JUPYTER, name]
    place = dotted(name)
    if place and (modules.needs_root(name) or name.endswith("/__main__.py")):
        return [commands.PYTHON, "-m", place]
    return [commands.PYTHON, name]


def _asked_for(module: Module) -> Iterator[str]:
    if module.asks_for:
        yield f"it can't be started without {', '.join(module.asks_for)}: add what you give it to its command"


def _hints(name: str, module: Module, reached: Mapping[str, Module], listing: Listing) -> tuple[str, ...]:
    """Return what is missing where a script runs, which has what git tracks, and what it declares."""
    if not listing.tracked:
        return ()
    sources = [path for path in reached if path not in listing.tracked and path != name]
    data = [text for text in sorted(module.texts) if _is_untracked(text, listing)]
    told = []
    if sources:
        told.append(f"it imports {listed(sources)}, which git does not track: add it there, or to files of its table")
    if data:
        told.append(f"it names {listed(data)}, which git does not track: if it reads that, list it under files")
    return tuple(told)


def _is_untracked(text: str, listing: Listing) -> bool:
    """Return whether a text is the path of a file or folder of the project that git has nothing of."""
    if not text.strip("./") or text.startswith("/") or "\0" in text or len(text) > 200 or ".." in text:
        return False
    path = PurePosixPath(text).as_posix()
    try:
        there = (listing.root / path).exists()
    except OSError:
        return False
    return there and not any(name == path or name.startswith(f"{path}/") for name in listing.tracked)


def _saved(listing: Listing) -> Iterator[tuple[str, str, str]]:
    yield from ((one.path, one.what, one.obstacle) for one in saved_models(listing) if not _is_test(one.path))


def _of_saved(path: str, what: str, obstacle: str) -> Found:
    if obstacle:
        return Found(path, f"by its name {what}, but it {obstacle}")
    return Found(path, f"is {what}", {"file": path})


def _named(found: Iterable[Found]) -> Iterator[Found]:
    """Yield what has a table with a name of its own: that of its file, or else of its whole path."""
    taken: set[str] = set()
    for one in found:
        if not one.settings:
            yield one
            continue
        path = PurePosixPath(one.path)
        stem = path.parent if path.name == "__main__.py" else path.with_suffix("") if "." in path.name else path
        names = [plain(stem.name, "command"), plain("-".join(stem.parts), "command")]
        names += [f"{names[-1]}-{number}" for number in range(2, len(taken) + 3)]
        name = next(each for each in names if each not in taken)
        taken.add(name)
        yield replace(one, name=name)
