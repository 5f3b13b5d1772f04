"""Load a model file and hold it to the contract that `reference_models/README.md` states."""

from __future__ import annotations

import ast
import inspect
import os
import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

import numpy as np

from .kinds import KINDS, Kind
from .names import nearest
from .outcomes import BadModel, Changed

CONSTANTS: dict[str, type] = {
    "OPTIMIZER": dict,
    "EPOCHS": int,
    "BATCH": int,
    "STATISTICS": list,
    "VARIANTS": dict,
    "FIT": dict,
}
"""The constants that a model file may define, and their types; what OPTIMIZER is, is for the kind to say."""


PLACES = "TFMATRIX_PLACES"
"""The attribute of a module that no file is: where each of its names was defined."""


class Place(NamedTuple):
    """Where a name was defined: in a line of a file, or, without one, in a model's table."""

    file: str
    line: int = 0


def load(path: str, source: str = "") -> ModuleType:
    """Return the model file as a module; errors inside it are the model's own and pass through.

    It is compiled from the file's bytes, never from a compiled file beside it, whose age tells seconds only. Raises
    Changed where the bytes do not have the SHA-256 that ``source`` names.
    """
    content = _read(Path(path), source)
    module = ModuleType("reference_model_" + Path(path).stem)
    module.__file__ = path
    sys.modules[module.__name__] = module  # where classes and pickles look for their module
    exec(compile(content, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  # the file is the model
    return module


def _read(path: Path, digest: str) -> bytes:
    """Return a model file's bytes; raise BadModel where it has none that can be read.

    Raises Changed where they do not have this SHA-256, the empty one being any: what they do would stand for another
    file.
    """
    named = "{}, line 1: the file".format(path.name)
    if os.path.lexists(str(path)) and not path.is_file():  # a pipe would be waited for
        raise BadModel("{} is none, or leads to none".format(named))
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if not digest:
            raise
        raise Changed("{} is gone; run again".format(named)) from None
    except OSError as error:
        raise BadModel("{} cannot be read: {}".format(named, error.strerror)) from None
    if digest and sha256(content).hexdigest() != digest:
        raise Changed("{} changed during the run; run again".format(named))
    return content


def choose_variant(module: ModuleType, variant: str) -> None:
    """Set the constants that a variant of the file changes; the empty variant changes none."""
    if not variant:
        return
    variants: Dict[str, Dict[str, Any]] = getattr(module, "VARIANTS", {})
    if variant not in variants:
        raise broken(module, "VARIANTS", "there is no variant {!r}".format(variant))
    for constant, value in variants[variant].items():
        if constant not in CONSTANTS and not hasattr(module, constant):
            told = "the variant {!r} sets {}, which the file does not have; {}"
            known = sorted({*CONSTANTS, *(name for name in vars(module) if name.isupper())})
            raise broken(module, "VARIANTS", told.format(variant, constant, nearest(constant, known)))
        setattr(module, constant, value)


def kind_of(module: ModuleType) -> Kind:
    """Return the kind of model that the file defines; raise BadModel where it breaks the contract."""
    marks = {mark: kind for kind in KINDS.values() for mark in kind.marks if hasattr(module, mark)}
    if not marks:
        functions = ", ".join(mark for kind in KINDS.values() for mark in kind.marks)
        raise broken(module, "", "defines none of {}, so there is nothing to run".format(functions))
    mark, kind = next(iter(marks.items()))
    others = [other for other in marks if marks[other] != kind]
    if others:
        raise broken(module, others[0], "a model with {} cannot have {} too".format(mark, others[0]))
    _check_functions(module, kind)
    _check_constants(module, kind)
    missing = [name for name in kind.needs if not hasattr(module, name)]
    if missing:
        raise broken(module, mark, "a model with {} also needs {}".format(mark, ", ".join(missing)))
    return kind


def _check_functions(module: ModuleType, kind: Kind) -> None:
    """Hold the functions of a kind to their parameters; what else a file calls by such a name is its own business."""
    for name, parameters in {**kind.marks, **kind.functions}.items():
        function = getattr(module, name, None)
        if function is None:
            continue
        if not inspect.isfunction(function):
            raise broken(module, name, "{} must be a function".format(name))
        taken = list(inspect.signature(function).parameters)
        if taken != parameters:
            wanted = ", ".join(parameters)
            told = "{} must take ({}), but takes ({})".format(name, wanted, ", ".join(taken))
            raise broken(module, name, told)


def _check_constants(module: ModuleType, kind: Kind) -> None:
    for name, wanted in CONSTANTS.items():
        value = getattr(module, name, None)
        if name == "OPTIMIZER" and "build" in kind.marks:  # it may be an optimizer, made and ready
            continue
        if value is not None and not isinstance(value, wanted):
            told = "{} must be a {}, but is a {}".format(name, wanted.__name__, type(value).__name__)
            raise broken(module, name, told)
        if isinstance(value, int) and value < 1:
            raise broken(module, name, "{} must be at least 1, but is {}".format(name, value))
    variants = _definition(Path(str(module.__file__)), "VARIANTS")
    if variants is not None and not _is_written_out(getattr(variants, "value", None)):
        raise broken(module, "VARIANTS", "VARIANTS must be a dict written out: it is read, not run, to find them")
    optimizer = getattr(module, "OPTIMIZER", None)
    missing = {"name", "learning_rate"} - set(optimizer) if isinstance(optimizer, dict) else ()
    if missing:
        raise broken(module, "OPTIMIZER", "OPTIMIZER lacks {}".format(", ".join(sorted(missing))))


def _is_written_out(value: Any) -> bool:
    """Tell whether an expression is a dict whose names are strings that stand there."""
    return isinstance(value, ast.Dict) and all(_is_name(key) for key in value.keys)


def _is_name(key: Any) -> bool:
    name = getattr(key, "value", getattr(key, "s", None))  # Python 3.7 has nodes of strings
    return isinstance(name, str) and bool(name)


def parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a function by name; none of one that does not tell them."""
    try:
        return inspect.signature(function).parameters
    except ValueError:
        return {}


def needed(function: Any) -> List[str]:
    """Return the parameters that a function cannot be called without."""
    given = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters(function).values() if p.default is p.empty and p.kind not in given]


def mapping(module: ModuleType, function: str, returned: Any) -> Dict[str, Any]:
    """Return what a function of the model returned; raise BadModel where that is no dict of names."""
    if not isinstance(returned, Mapping) or not all(isinstance(name, str) for name in returned):
        kind = type(returned).__name__
        told = "{} must return a dict of tensors by name, but returned a {}".format(function, kind)
        raise broken(module, function, told)
    return dict(returned)


def rows_of(module: ModuleType, returned: Any) -> Dict[str, np.ndarray]:
    """Return what ``data`` returned as arrays; raise BadModel where they do not have one number of rows."""
    rows = {name: np.asarray(array) for name, array in mapping(module, "data", returned).items()}
    require_rows(module, rows)
    return rows


def require_rows(module: ModuleType, rows: Mapping[str, np.ndarray]) -> None:
    """Raise BadModel where the arrays of ``data`` do not have one number of rows."""
    if len({array.shape[:1] for array in rows.values()}) != 1 or not all(a.ndim for a in rows.values()):
        shapes = ", ".join("{} {}".format(name, array.shape) for name, array in rows.items())
        raise broken(module, "data", "data must return arrays of one number of rows, not {}".format(shapes))


def broken(module: ModuleType, name: str, told: str) -> BadModel:
    """Return the error that a name of the model is at fault, with its file and line, or the table's name."""
    places: Optional[Dict[str, Place]] = getattr(module, PLACES, None)
    if places is None:
        path = Path(str(module.__file__))
        places = {name: Place(path.name, line_of(path, name))}
    place = places.get(name, Place(module.__name__))
    where = "{}, line {}".format(*place) if place.line else place.file
    return BadModel("{}: {}".format(where, told))


def line_of(path: Path, name: str) -> int:
    """Return the line of a file that defines a name at its top level, or 1."""
    node = _definition(path, name)
    return node.lineno if node else 1


def _definition(path: Path, name: str) -> Optional[ast.stmt]:
    for node in ast.parse(path.read_bytes()).body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if getattr(node, "name", None) == name or any(getattr(target, "id", None) == name for target in targets):
            return node
    return None
