"""Contents: what a saved model is, told by its bytes, and what in it would be run as code.

Nothing of a file is loaded here, and nothing is unpacked before its size is known. What cannot be a saved model, or is
only a part of one, is told in a sentence. TensorFlow is not needed.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from typing import Any, Collection, Iterator, Mapping, Optional

from .outcomes import BadModel

KERAS, H5, SAVED_MODEL, GRAPH, TFLITE, META_GRAPH = "keras", "h5", "saved-model", "graph", "tflite", "meta-graph"
"""The formats: the words of the table of readers."""

HEAD = 64
"""Bytes of a file's beginning that tell what it is."""

BEGINNINGS = (
    (b"version https://git-lfs", "is a pointer of Git LFS and not the file itself; run git lfs pull"),
    (b"\x80\x02", "is a pickle, which is never loaded"),
    (b"\x80\x03", "is a pickle, which is never loaded"),
    (b"\x80\x04", "is a pickle, which is never loaded"),
    (b"\x80\x05", "is a pickle, which is never loaded"),
    (b"\x1f\x8b", "is compressed by gzip; unpack it first"),
    (b"\x08\x01\x12", "is the inner file of a SavedModel; name the folder that it lies in"),
)
"""How files begin that are no saved models, and what is said of them."""

MARKS = ((0, b"PK", KERAS), (0, b"\x89HDF\r\n\x1a\n", H5), (4, b"TFL3", TFLITE), (0, b"\x0a", GRAPH))
"""Where what stands in a file of each format: of a graph, its first field."""

UNPACKED = 64 << 20
"""Bytes that an archive may have unpacked, however small it is."""

TIMES = 100
"""How many times its own size an archive may have unpacked: weights take up no less than they are."""

CONFIG = 64 << 20
"""Bytes that the description of a model may have."""

METADATA = "keras_metadata.pb"
"""The file in a SavedModel that Keras 2 describes a model in."""

CODE = re.compile(rb'"class_name":\s*"(Lambda|__lambda__|function)"')
"""What stands there where it holds code."""

OWN_PACKAGES = ("keras", "tf_keras", "tensorflow", "builtins")
"""Packages whose functions a file may name: what they do is the release's own."""


def format_of(path: str) -> str:
    """Return the format of a saved model; raise BadModel, in a sentence, for what is none that can be read."""
    name = os.path.basename(path)
    if os.path.isdir(path):
        if any(os.path.isfile(os.path.join(path, inner)) for inner in ("saved_model.pb", "saved_model.pbtxt")):
            return SAVED_MODEL
        raise _not_read(name, "is a folder without a saved_model.pb, so it is no SavedModel")
    if os.path.isfile(path + ".index"):
        raise _not_read(name, "is a checkpoint; name its meta graph, {}.meta".format(name))
    with open(path, "rb") as file:
        head = file.read(HEAD)
    if not head:
        raise _not_read(name, "is empty")
    for beginning, told in BEGINNINGS:
        if head.startswith(beginning):
            raise _not_read(name, told)
    form = next((form for at, beginning, form in MARKS if head[at:].startswith(beginning)), "")
    if not form:
        known = ".keras, .h5, a SavedModel's folder, a frozen graph, .tflite and .meta"
        raise _not_read(name, "is of no format that is read; these are {}".format(known))
    if form == KERAS:
        _require_archive(path, name)
    return META_GRAPH if form == GRAPH and _is_meta_graph(path, name) else form


def _is_meta_graph(path: str, name: str) -> bool:
    """Tell whether a graph's file is a meta graph; raise BadModel where it is one, and its checkpoint lacks."""
    if not name.endswith(".meta"):
        return False
    stem = path[: -len(".meta")]
    if not os.path.isfile(stem + ".index"):
        raise _not_read(name, "is a meta graph, and beside it is no {}.index".format(os.path.basename(stem)))
    return True


def _not_read(name: str, told: str) -> BadModel:
    return BadModel("{} {}".format(name, told))


def _require_archive(path: str, name: str) -> None:
    """Raise BadModel for an archive that is cut off, encrypted or no model's, or that would not end when unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise _not_read(name, "is cut off or damaged: {}".format(error)) from None
    if any(member.flag_bits & 1 for member in members):
        raise _not_read(name, "is encrypted; decrypt it first")
    size, most = sum(member.file_size for member in members), max(UNPACKED, TIMES * os.path.getsize(path))
    if size > most:
        raise _not_read(name, "would be {} bytes unpacked, and no more than {} are".format(size, most))
    if "config.json" not in {member.filename for member in members}:
        raise _not_read(name, "is an archive without a config.json, so it is no model of Keras")


def config_of(path: str, form: str) -> Any:
    """Return the description of a Keras model in a file; raise BadModel where it has none that can be read."""
    name = os.path.basename(path)
    try:
        text = _of_archive(path) if form == KERAS else _of_hdf5(path)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, KeyError) as error:
        raise _not_read(name, "is cut off or damaged: {}".format(" ".join(str(error).split()))) from None
    if text is None:
        raise _not_read(name, "has weights and no model; save the whole model, or use a builder that loads them")
    if len(text) > CONFIG:
        raise _not_read(name, "has a description of more than {} bytes".format(CONFIG))
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _not_read(name, "is damaged: its description is no JSON") from None


def _of_archive(path: str) -> Optional[str]:
    with zipfile.ZipFile(path) as archive, archive.open("config.json") as file:
        return file.read(CONFIG + 1).decode("utf-8", "replace")


def _of_hdf5(path: str) -> Optional[str]:
    import h5py  # type: ignore[import-not-found]  # which every release of TensorFlow brings along

    with h5py.File(path, "r") as file:
        found = file.attrs.get("model_config")
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else found


def require_no_code(path: str, config: Any, objects: str) -> None:
    """Raise BadModel where a description holds code, or names a function outside of Keras and the user's module.

    Releases differ in what they ask before they run it, so it is looked for before anything is loaded.
    """
    own = (*OWN_PACKAGES, *filter(None, [objects.partition(".")[0]]))
    told = next(_code_in(config, own), "")
    if told:
        raise _not_read(
            os.path.basename(path), "has {}, which is not run without `trust = true` in its table".format(told)
        )


def require_no_code_by_keras(path: str) -> None:
    """Raise BadModel where Keras would run code if it read a SavedModel, which by its signature alone runs none."""
    try:
        with open(os.path.join(path, METADATA), "rb") as file:
            content = file.read(CONFIG)
    except OSError:
        return
    found = CODE.search(content)
    if found:
        told = "has a {} layer, whose code is not run without `trust = true` in its table"
        raise _not_read(os.path.basename(path), told.format(found.group(1).decode("ascii")))


def _code_in(config: Any, own: Collection[str]) -> Iterator[str]:
    """Yield what is code in a description."""
    left = [config]
    while left:
        one = left.pop()
        if isinstance(one, Mapping):
            told = _code_of(one, own)
            if told:
                yield told
            left.extend(one.values())
        elif isinstance(one, (list, tuple)):
            left.extend(one)


def _code_of(one: Mapping[str, Any], own: Collection[str]) -> str:
    kind, inner = one.get("class_name"), one.get("config")
    if kind == "__lambda__":
        return "the code of a lambda"
    if kind == "Lambda" and isinstance(inner, Mapping):
        code = [inner.get(name) for name in ("function", "mask", "output_shape") if _is_code(inner, name)]
        if code:
            return "the code of a Lambda layer, {}".format(inner.get("name"))
    module = one.get("module")
    if kind in ("function", "builtin_function_or_method", "type") and isinstance(module, str):
        package = module.partition(".")[0]
        if package not in own:
            return "the function {}.{}".format(module, inner if isinstance(inner, str) else "")
    return ""


def _is_code(config: Mapping[str, Any], name: str) -> bool:
    """Tell whether a part of a Lambda layer is code: marshalled, in Keras 2 a list, and not a function's name."""
    value, kind = config.get(name), config.get(name + "_type")
    return kind == "lambda" or (name == "function" and isinstance(value, list))
