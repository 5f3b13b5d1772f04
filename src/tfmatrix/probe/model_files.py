"""A saved model: copied into the trial's folder, read as this release reads it, and called on inputs.

Its request has ``file``: ``path`` and ``inputs`` (paths within the project, the latter may be empty), ``parts`` (pairs
of a path and SHA-256: all files that the two consist of), ``objects`` (a module whose classes and functions the file
may name; or empty) and ``trust`` (whether code in the file may be run). ``files``, of the ``project``, lie in the
trial's working folder, from where the module is imported.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from types import ModuleType
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from . import canonical, contents
from .context import Setting
from .exchange import phase
from .inputs import Input, chosen, given
from .named import enter, imported
from .outcomes import BadModel, Changed, want_of
from .readers import DESCRIBED, READERS, Source
from .reads import Reads, digest_of
from .recorder import NATIVE

PART = "file"
"""The folder, below the trial's own, that the file and its inputs are copied into."""


def take(request: Mapping[str, Any], scratch: str, reads: Reads) -> ModuleType:
    """Return a module that stands for a saved model: what was copied, and what else its table says.

    Raises Changed where the copy is not what the trial's key covers.
    """
    work = enter(request, scratch, reads)
    told, folder = request["file"], os.path.join(scratch, PART)
    with reads.aside():
        for name, digest in told["parts"]:
            target = os.path.join(folder, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with contextlib.suppress(OSError):
                shutil.copyfile(os.path.join(request["project"], name), target)
            if digest_of(target) != digest:
                raise Changed("{} changed during the run; run again".format(name))
    model = ModuleType(request["path"])
    here = os.path.relpath(folder, work)  # a message of TensorFlow's names the same path in every trial
    model.path = os.path.join(here, told["path"])  # type: ignore[attr-defined]  # the module stands for a table
    model.inputs = os.path.join(here, told["inputs"]) if told["inputs"] else ""  # type: ignore[attr-defined]
    model.objects, model.trust = told["objects"], told["trust"]  # type: ignore[attr-defined]
    return model


def run_file(model: Any, setting: Setting) -> None:
    """Read the file, and record its weights, what it predicts, and what each layer or op of it makes.

    It predicts before anything is observed within, so that nothing is changed by that.
    """
    source, form = source_of(model, setting)
    with phase("read"):
        file = READERS[form](source)
        weights = file.weights()
    setting.recorder.record_all(NATIVE, "loaded", weights)
    with phase("use"):
        wanted = file.inputs()
    fed = inputs_of(model, wanted)
    setting.recorder.record_all(NATIVE, "data", fed)
    moved = setting.jittered("data", fed)
    if not any(canonical.is_float(array.dtype) for array in fed.values()) and setting.jitter:
        # Whole numbers have no unit in the last place that could be moved; what they look up has one.
        file.move_weights(lambda name, value: canonical.jittered(value, "loaded/" + name, setting.jitter))
    with phase("use"):
        predicted = file.predict(moved)
    for name, value in _inner(file, moved, setting):
        setting.recorder.record(NATIVE, "forward/" + name, value)
    setting.recorder.record_all(NATIVE, "predict", predicted)


def source_of(model: Any, setting: Setting) -> Tuple[Source, str]:
    """Return what a reader is given, and the format; raise BadModel for what is no saved model, or would run code."""
    form = contents.format_of(model.path)
    if form in DESCRIBED:
        described = contents.config_of(model.path, form)
        if not model.trust:
            contents.require_no_code(model.path, described, model.objects)
    return Source(model.path, setting.threads, _objects(model.objects), model.trust), form


def inputs_of(model: Any, wanted: Sequence[Input]) -> Dict[str, np.ndarray]:
    """Return what a saved model is called on: the user's arrays, or canonical ones."""
    name = os.path.basename(model.path)
    return given(name, model.inputs, wanted) if model.inputs else chosen(name, wanted)


def _inner(file: Any, fed: Mapping[str, np.ndarray], setting: Setting) -> List[Tuple[str, Any]]:
    """Return the inner values; none, with a note, where they can't be had of a file that predicts.

    Where the other release has them that is no pass: they are on one side only.
    """
    try:
        return list(file.inner(fed))
    except Exception as error:  # whatever stands in the way, as tables do that are no constants
        if want_of(error):
            raise
        told = "what lies within was not seen: {}: {}"
        setting.recorder.notes[told.format(type(error).__name__, " ".join(str(error).split())[:200])] = None
        return []


def _objects(module: str) -> Dict[str, Any]:
    """Return the classes and functions of a module of the user's that are its package's own, by their names."""
    if not module:
        return {}
    found = imported(module)
    if found is None:
        raise BadModel("objects names the module {}, and the project has none".format(module))
    package = module.partition(".")[0]
    return {
        name: one
        for name, one in vars(found).items()
        if callable(one) and str(getattr(one, "__module__", "")).partition(".")[0] == package
    }
