"""What people do with a file that a release refuses, by hand: ``python ways.py write|read FOLDER``.

`write` makes small models whose files Keras 3 refuses, each with what it predicts, and writes each otherwise; `read`
tries each way that there is, and prints as JSON what it predicts, or what it was refused with.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

tf.config.experimental.enable_op_determinism()
layers = tf.keras.layers
random = np.random.RandomState(3)

IMAGES = random.uniform(-1, 1, (4, 8, 8, 3)).astype("f4")
STEPS = random.uniform(-1, 1, (4, 6, 5)).astype("f4")
GIVEN = {"depthwise": IMAGES, "timed": STEPS, "chain": IMAGES}


def depthwise() -> Any:
    """Return a depthwise convolution: Keras 2 writes its `groups`."""
    image = tf.keras.Input((8, 8, 3), name="image")
    x = layers.BatchNormalization(name="norm")(layers.DepthwiseConv2D(3, name="depthwise")(image))
    return tf.keras.Model(image, layers.Dense(2, name="dense")(layers.GlobalAveragePooling2D(name="pool")(x)))


def timed() -> Any:
    """Return an LSTM: Keras 2 writes its `time_major`."""
    steps = tf.keras.Input((6, 5), name="steps")
    return tf.keras.Model(steps, layers.Dense(2, name="dense")(layers.LSTM(4, name="lstm")(steps)))


def chain() -> Any:
    """Return a chain of layers."""
    kernel = layers.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise")
    return tf.keras.Sequential([tf.keras.Input((8, 8, 3)), kernel, layers.Flatten(), layers.Dense(2, name="dense")])


def digest(array: Any) -> str:
    """Return the digest of an array."""
    array = np.ascontiguousarray(array)
    return hashlib.sha256(f"{array.dtype} {array.shape}".encode() + array.tobytes()).hexdigest()[:16]


def write(folder: Path) -> None:
    """Write each model as `.h5`, `.keras` and a folder, and each again from what was read of its `.h5`."""
    for make in (depthwise, timed, chain):
        name, network = make.__name__, make()
        network.set_weights([random.uniform(0.1, 0.9, w.shape).astype(w.dtype) for w in network.get_weights()])
        for ending in (".h5", ".keras", "_folder"):
            network.save(str(folder / (name + ending)))
        np.savez(folder / f"{name}.npz", GIVEN[name])
        again = tf.keras.models.load_model(str(folder / f"{name}.h5"), compile=False)
        again.save(str(folder / f"{name}_again.keras"))
        again.save(str(folder / f"{name}_again.h5"))
        tf.saved_model.save(again, str(folder / f"{name}_again"))


def without(layer: Any, argument: str) -> Any:
    """Return a class that is made without an argument."""

    class Without(layer):  # type: ignore[misc]
        def __init__(self, **arguments: Any) -> None:
            arguments.pop(argument, None)
            super().__init__(**arguments)

    Without.__name__ = layer.__name__
    return Without


def load(path: Path, objects: Mapping[str, Any] | None = None) -> Callable[[Any], Any]:
    """Return what predicts."""
    network = tf.keras.models.load_model(str(path), compile=False, custom_objects=dict(objects or {}))
    return lambda x: network.predict(x, batch_size=4, verbose=0)


def custom(path: Path) -> Callable[[Any], Any]:
    """Load with classes that leave out what Keras 3 does not know."""
    return load(
        path,
        {
            "DepthwiseConv2D": without(layers.DepthwiseConv2D, "groups"),
            "LSTM": without(layers.LSTM, "time_major"),
            "Functional": tf.keras.Model,
        },
    )


def edited(path: Path) -> Callable[[Any], Any]:
    """Load a copy with another description."""
    if path.suffix != ".keras":
        raise ValueError("no zip")
    copy = path.with_suffix(".edited.keras")
    with zipfile.ZipFile(path) as own, zipfile.ZipFile(copy, "w") as other:
        for name in own.namelist():
            text = own.read(name)
            if name == "config.json":
                for before, after in (
                    (b'"groups": 1, ', b""),
                    (b'"time_major": false, ', b""),
                    (b'"implementation": 2, ', b""),
                    (b'"keras.src.engine.functional", "class_name": "Functional"', b'"keras", "class_name": "Model"'),
                    (b'"registered_name": "Functional"', b'"registered_name": null'),
                ):
                    text = text.replace(before, after)
            other.writestr(name, text)
    return load(copy)


def layer(path: Path) -> Callable[[Any], Any]:
    """Load as a layer."""
    network = tf.keras.Sequential([layers.TFSMLayer(str(path), call_endpoint="serving_default")])
    return lambda x: next(iter(network.predict(x, batch_size=4, verbose=0).values()))


def signature(path: Path) -> Callable[[Any], Any]:
    """Load without Keras."""
    function = tf.saved_model.load(str(path)).signatures["serving_default"]
    (name,) = function.structured_input_signature[1]
    return lambda x: next(iter(function(**{name: tf.constant(x)}).values())).numpy()


WAYS: Mapping[str, tuple[str, Callable[[Path], Callable[[Any], Any]]]] = {
    "": ("", load),
    "custom-objects": ("", custom),
    "config": ("", edited),
    "keras": ("_again.keras", load),
    "h5": ("_again.h5", load),
    "tfsm-layer": ("_again", layer),
    "saved-model": ("_again", signature),
}


def came(way: str, folder: Path, name: str, ending: str) -> str:
    """Return the digest of what one way predicts, or the type of the exception."""
    other, read = WAYS[way]
    try:
        return digest(read(folder / (name + (other or ending)))(GIVEN[name]))
    except Exception as error:
        return type(error).__name__


def main() -> None:
    """Do what is asked for."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "write":
        write(folder)
    ways = [""] if what == "write" or os.environ.get("TF_USE_LEGACY_KERAS") else list(WAYS)
    told = {
        f"{name}{ending}": {way: came(way, folder, name, ending) for way in ways}
        for name in GIVEN
        for ending in (".h5", ".keras", "_folder")
    }
    sys.stdout.write("\n" + json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
