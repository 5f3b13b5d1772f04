"""Ways: how else a saved model can be had that a release refuses, each tried, so that what is advised was seen to work.

A way is a row of `ways.json`, which the host reads too, in the order in which it is advised. Either the file is read as
it is, by something else; or a release that reads it writes it in another format, and that is read. What was written
goes through the host: the one trial records its bytes, the other is handed them.
"""

from __future__ import annotations

import inspect
import json
import os
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np
import tensorflow as tf

from . import contents
from .context import Setting
from .exchange import phase
from .graphs import Arrays
from .inputs import Input
from .kinds import code
from .model_files import inputs_of, source_of
from .outcomes import Unsupported, want_of
from .readers import DESCRIBED, READERS, KerasFile, SavedModel, Source
from .recorder import NATIVE

CONFIG = "config.json"
"""The description of a model in a `.keras`."""

WRITTEN, GIVEN = "rewritten", "given"
"""The stages of what was written, by format and path, and of what it is called on, by format and input."""

LARGEST = 256 << 20
"""Bytes that a rewritten file may have: all of them pass through the host's store."""

HARMLESS: Sequence[Tuple[str, Any]] = (
    ("groups", 1),  # of DepthwiseConv2D and of transposed convolutions
    ("time_major", False),  # of recurrent layers
    ("implementation", 1),
    ("implementation", 2),  # how a recurrent layer computes, never what
    ("unroll", False),
    ("renorm", False),  # of batch norms
    ("fused", None),
    ("fused", True),
    ("virtual_batch_size", None),
    ("experimental_autocast", True),
    ("ragged", False),  # of inputs
    ("sparse", False),
    ("optional", False),
)
"""Arguments of layers, with values that change nothing: some releases write them, and others do not know them."""

NETWORKS = ("Functional", "Sequential", "Model")
"""Classes of whole networks: a file names the module that they lay in, which is another in each Keras."""

PACKAGES = ("keras", "tf_keras")
"""The packages whose modules are Keras's own."""


class Way(NamedTuple):
    """One way: what the probe needs of its row."""

    rewritten: str
    """The format that a release writes the file in; empty: it is read as it is."""
    reader: str
    """The class that reads it."""


WAYS = {
    name: Way(row["rewritten"], row["reader"])
    for name, row in json.loads(Path(__file__).with_name("ways.json").read_text(encoding="utf-8")).items()
}
"""Every way by its name."""

WRITERS: Mapping[str, Tuple[str, Callable[[KerasFile, str], None]]] = {
    contents.KERAS: ("model.keras", lambda file, path: file.save(path)),
    contents.H5: ("model.h5", lambda file, path: file.save(path)),
    contents.SAVED_MODEL: ("model", lambda file, path: file.save_with_signature(path)),
}
"""What a model is called in each format that it is rewritten in, and what writes it."""


class Forgiving(KerasFile):
    """A whole model of Keras whose description says what this release does not know, and what changes nothing."""

    def __init__(self, source: Source) -> None:
        """Load it with classes of the user's that leave that out; `told` says which."""
        form = contents.format_of(source.path)
        if form not in DESCRIBED:
            raise Unsupported("it has no description of the model")
        found: Dict[str, Any] = {}
        self.told: Dict[str, None] = {}
        for name, told, made in _needed(contents.config_of(source.path, form)):
            if name not in source.objects:
                found[name] = made
                self.told[told] = None
        if not found:
            raise Unsupported("its description says nothing that could be left out")
        super().__init__(source._replace(objects={**found, **source.objects}))


class Edited(KerasFile):
    """A `.keras` without what this release does not know: Keras 3 asks no custom object for a layer of its own."""

    def __init__(self, source: Source) -> None:
        """Load a copy of it that lies beside it; `told` says what is other there."""
        if contents.format_of(source.path) != contents.KERAS:
            raise Unsupported("it has no config.json that could be edited")
        config = contents.config_of(source.path, contents.KERAS)
        self.told: Dict[str, None] = {}
        for one, name, layer in _described(config):
            if layer is None:
                network = _network(name).__name__
                one.update(module="keras", class_name=network, registered_name=None)
                self.told["the class `{}` of the module `keras` for `{}`".format(network, name)] = None
            else:
                unknown = _unknown(layer, one["config"])
                self.told["`{}` without {}".format(name, _shown(unknown))] = None
                one["config"] = {key: value for key, value in one["config"].items() if key not in unknown}
        if not self.told:
            raise Unsupported("its description says nothing that could be edited")
        path = source.path + ".edited.keras"
        with zipfile.ZipFile(source.path) as own, zipfile.ZipFile(path, "w") as other:
            for member in own.infolist():
                content = json.dumps(config).encode("utf-8") if member.filename == CONFIG else own.read(member)
                other.writestr(member.filename, content)
        super().__init__(source._replace(path=path))


def _needed(config: Any) -> Iterator[Tuple[str, str, Any]]:
    """Yield what a description needs besides: a class's name, what is said of it, and the class."""
    for one, name, layer in _described(config):
        if layer is None:
            yield name, "`{}`: `keras.{}`".format(name, _network(name).__name__), _network(name)
        else:
            told = "`{}`: a subclass without {}".format(name, _shown(_unknown(layer, one["config"])))
            yield name, told, _without(layer)


def _described(config: Any) -> Iterator[Tuple[Dict[str, Any], str, Any]]:
    """Yield each part of a description that this release does not know, its class's name, and the class.

    None for the class of a whole network whose module is gone.
    """
    left = [config]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            name, inner = one.get("class_name"), one.get("config")
            if isinstance(name, str) and isinstance(inner, dict):
                layer = getattr(tf.keras.layers, name, None)
                if name in NETWORKS and _is_gone(str(one.get("module") or "")):
                    yield one, name, None
                elif inspect.isclass(layer) and _unknown(layer, inner):
                    yield one, name, layer
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)


def _network(name: str) -> Any:
    """Return what makes a whole network of its description."""
    return tf.keras.Sequential if name == "Sequential" else tf.keras.Model


def _shown(arguments: Mapping[str, Any]) -> str:
    return ", ".join("`{}={!r}`".format(*item) for item in arguments.items())


def _is_gone(module: str) -> bool:
    """Return whether a module of Keras's is one that this release has not."""
    if module.partition(".")[0] not in PACKAGES:
        return False
    try:
        __import__(module)
    except ImportError:
        return True
    return False


def _unknown(layer: Any, config: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the arguments in a layer's description that this release does not know, and that change nothing."""
    known = {name for base in layer.__mro__ if base is not object for name in _parameters(base)}
    return {name: value for name, value in HARMLESS if name in config and config[name] == value and name not in known}


def _parameters(base: Any) -> List[str]:
    try:
        return list(inspect.signature(base.__init__).parameters)
    except (TypeError, ValueError):
        return []


def _without(layer: Any) -> Any:
    """Return a layer's class that is made without the arguments that this release does not know."""

    def from_config(cls: Any, config: Mapping[str, Any]) -> Any:
        unknown = _unknown(layer, config)
        return layer.from_config.__func__(cls, {n: v for n, v in config.items() if n not in unknown})

    return type(layer.__name__, (layer,), {"from_config": classmethod(from_config)})


class Layered(SavedModel):
    """A SavedModel as one layer of a Keras model, which Keras 3 has for it."""

    def __init__(self, source: Source) -> None:
        """Load it twice: once to know its signature, once as its user would have it."""
        super().__init__(source)
        make = getattr(tf.keras.layers, "TFSMLayer", None)
        if make is None:
            raise Unsupported("this Keras has no TFSMLayer")
        if len(self.inputs()) != 1:
            raise Unsupported("it has several inputs, and a TFSMLayer is called on one")
        self._network = tf.keras.Sequential([make(source.path, call_endpoint=self.endpoint)])

    def predict(self, arrays: Arrays) -> Arrays:
        """Return what `predict` of a model around the layer does."""
        (array,) = arrays.values()
        made = self._network.predict(array, batch_size=max(1, len(array)), verbose=0)
        return dict(made) if isinstance(made, Mapping) else {"0": made}


def try_way(model: ModuleType, setting: Setting, name: str) -> None:
    """Read a saved model in the way of a name, or, with none, write it for those that read something else."""
    if name:
        _reread(model, setting, name)
    else:
        _rewrite(model, setting)


def _rewrite(model: ModuleType, setting: Setting) -> None:
    """Write a model of Keras in each other format, and record what was written and what it is called on."""
    source, form = source_of(model, setting)
    if form not in (*DESCRIBED, contents.SAVED_MODEL):
        raise Unsupported("it is no model of Keras, so nothing else is written of it")
    _require_no_code(source, form)
    with phase("read"):
        file = KerasFile(source)
    with phase("use"):
        fed = inputs_of(model, (file if form in DESCRIBED else READERS[form](source)).inputs())
        file.predict(_named_as(file.inputs(), fed))  # a model of its user's own class is not built before
    for other in WRITERS:
        if other != form:
            try:
                _write(source, file, other, fed, setting)
            except Exception as error:  # whatever stands in the way of one format
                if want_of(error):
                    raise
                text = " ".join(str(error).split())[:200]
                setting.recorder.notes["{} was not written: {}: {}".format(other, type(error).__name__, text)] = None


def _write(source: Source, file: KerasFile, form: str, fed: Arrays, setting: Setting) -> None:
    name, write = WRITERS[form]
    folder = os.path.join(setting.scratch, WRITTEN, form)
    path = os.path.join(folder, name)
    os.makedirs(folder)
    write(file, path)
    if contents.format_of(path) != form:
        raise Unsupported("this release writes another format by that name")
    inputs = _named_as(READERS[form](source._replace(path=path)).inputs(), fed)
    files = [os.path.join(place, each) for place, _, names in os.walk(folder) for each in sorted(names)]
    if sum(map(os.path.getsize, files)) > LARGEST:
        raise Unsupported("it has more than {} bytes".format(LARGEST))
    for each in sorted(files):
        with open(each, "rb") as content:
            stage = "{}/{}/{}".format(WRITTEN, form, os.path.relpath(each, folder).replace(os.sep, "/"))
            setting.recorder.record(NATIVE, stage, np.frombuffer(content.read(), np.uint8))
    setting.recorder.record_all(NATIVE, "{}/{}".format(GIVEN, form), inputs)


def _require_no_code(source: Source, form: str) -> None:
    """Raise BadModel for a SavedModel whose code Keras would run."""
    if form == contents.SAVED_MODEL and not source.trust:
        contents.require_no_code_by_keras(source.path)


def _named_as(wanted: Sequence[Input], fed: Arrays) -> Arrays:
    """Return arrays under the names that another reader has for the same inputs.

    Raises Unsupported where the names differ and there are several.
    """
    names = [one.name for one in wanted] or list(fed)
    if sorted(names) == sorted(fed):
        return {name: fed[name] for name in names}
    if len(names) == len(fed) == 1:
        return dict(zip(names, fed.values()))
    raise Unsupported("its inputs have other names there, and nothing tells which is which")


def _reread(model: ModuleType, setting: Setting, name: str) -> None:
    """Read a saved model in another way, and record its weights and what it predicts."""
    way, reader = WAYS[name], code(WAYS[name].reader)
    source, form = source_of(model, setting)
    rewritten = bool(way.rewritten) and way.rewritten != form
    given: Dict[str, Any] = {}
    if rewritten:
        given = _unpack(setting, way.rewritten)
        source = source._replace(path=os.path.join(setting.scratch, WRITTEN, way.rewritten, WRITERS[way.rewritten][0]))
    elif not issubclass(reader, SavedModel):
        _require_no_code(source, form)
    with phase("read"):
        file = reader(source)
        weights = file.weights()
    for told in getattr(file, "told", {}):
        setting.recorder.notes[told] = None
    with phase("use"):
        if not rewritten:
            told_by = file if form in DESCRIBED else READERS[form](source)
            given = inputs_of(model, told_by.inputs())
        predicted = file.predict(_named_as(file.inputs(), given))
    setting.recorder.record_all(NATIVE, "loaded", weights)
    setting.recorder.record_all(NATIVE, "predict", predicted)


def _unpack(setting: Setting, form: str) -> Dict[str, Any]:
    """Lay out what another release wrote, and return what it is called on."""
    given = {}
    with open(setting.handed, "rb") as content, np.load(content, allow_pickle=False) as handed:
        for number, stage in enumerate(handed["stages"]):
            kind, _, rest = str(stage).partition("/")
            own, _, name = rest.partition("/")
            if own == form and kind == GIVEN:
                given[name] = handed[str(number)]
            elif own == form and kind == WRITTEN:
                path = os.path.join(setting.scratch, WRITTEN, form, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(handed[str(number)].tobytes())
    return given
