"""The names of Keras: every class and public function of ``tf.keras``, and what each takes, in words.

What has several names has rows under one of them. A release that has it under another one alone has it under that.
"""

from __future__ import annotations

import inspect
import re
from functools import lru_cache
from hashlib import sha256
from types import ModuleType
from typing import Any, Dict, Iterator, List, Tuple

import tensorflow as tf

ROOT = "keras"

APART = ("experimental", "legacy", "dtensor")
"""Parts of a place by which nobody calls what has another name too."""

REQUIRED = "required"
"""What stands in the place of a default where an argument has none."""

PLACE = re.compile(r"<(?:[\w<>]+\.)*(\w+) object at 0x[0-9a-f]+>")
ADDRESS = re.compile(r" at 0x[0-9a-f]+")

MOST = 200
"""Characters of a text that are kept; of what is longer, a digest of the rest is."""


@lru_cache(maxsize=None)
def everything() -> Dict[str, Any]:
    """Return every class and public function by each of its names: ``keras.layers.Dense``."""
    return dict(_found(tf.keras, ROOT, (tf.keras,)))


def _found(module: ModuleType, place: str, within: Tuple[ModuleType, ...]) -> Iterator[Tuple[str, Any]]:
    for name in sorted(dir(module)):
        if name.startswith("_"):
            continue
        value = _member(module, name)
        if isinstance(value, ModuleType):
            if value not in within and ROOT in value.__name__:
                yield from _found(value, "{}.{}".format(place, name), (*within, value))
        elif callable(value):
            yield "{}.{}".format(place, name), value


def _member(module: ModuleType, name: str) -> Any:
    """Return what a module has by a name; None of a name that raises, since what it needs is not there."""
    try:
        return getattr(module, name)
    except Exception:  # whatever the import of an optional package raises
        return None


@lru_cache(maxsize=None)
def _by_object() -> Dict[int, str]:
    """Return the one name that has the rows of a class or function, by its id."""
    found: Dict[int, str] = {}
    for name in sorted(everything(), key=_rank):
        found.setdefault(id(everything()[name]), name)
    return found


def _rank(name: str) -> Tuple[bool, bool, bool, int, str]:
    """Return how well a name fits to have the rows: one that it calls itself by, in a place of few words, fits best."""
    parts = name.split(".")
    own = getattr(everything()[name], "__name__", "")
    return any(one in parts for one in APART), parts[-1] != own, len(parts) == 2, len(parts), name


def names() -> List[str]:
    """Return the name of every class and function of this release, whether or not it can be run."""
    return sorted(_by_object().values())


def other_names() -> Dict[str, str]:
    """Return each further name that a class or function has, and the name that has its rows."""
    found = {name: _by_object()[id(value)] for name, value in everything().items()}
    return {name: best for name, best in found.items() if name != best}


def parameters(value: Any) -> List[inspect.Parameter]:
    """Return what a class or function takes by name; nothing where that can't be told."""
    try:
        found = list(inspect.signature(value.__init__ if inspect.isclass(value) else value).parameters.values())
    except (TypeError, ValueError):
        return []
    named = [one for one in found if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    return [one for one in named if not (inspect.isclass(value) and one.name == "self")]


def arguments(value: Any) -> Dict[str, str]:
    """Return the default of each argument in words, in their order."""
    return {one.name: REQUIRED if one.default is one.empty else told(one.default) for one in parameters(value)}


def told(value: Any) -> str:
    """Return a value in words that are the same in each process: without addresses, and of a class its own name."""
    if inspect.isclass(value) or inspect.isroutine(value):
        return shortened(value.__name__)
    return shortened(ADDRESS.sub("", PLACE.sub(r"\1 object", repr(value))))


def shortened(text: str) -> str:
    """Return a text in ASCII, of which the end is a digest where it is long."""
    text = text.encode("ascii", "backslashreplace").decode("ascii")
    if len(text) <= MOST:
        return text
    return "{}... (SHA-256 {})".format(text[:MOST], sha256(text.encode("ascii")).hexdigest()[:8])
