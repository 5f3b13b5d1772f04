"""The names of Keras and their rows: one name for what has several, no address in words, templates that are known."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from .adopted import atlas_inputs, atlas_keras_names, atlas_keras_rows, atlas_rows


class Layer:
    """The class that layers inherit from."""

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        """Take what every layer takes."""


class Dense(Layer):
    """A layer."""

    def __init__(self, units: int, rate: float = 0.99, act: Any = len, *, wide: Any = object, **kwargs: Any) -> None:
        """Take arguments of every kind."""


class Callback:
    """No layer."""


def relu(x: Any, slope: Any = Layer()) -> Any:  # noqa: B008  # a default whose words hold an address
    """Return its argument."""
    return x, slope


class Broken(ModuleType):
    """A module with a name that needs a package that is not there."""

    @property
    def needs(self) -> Any:
        """Raise what its import raises."""
        raise ImportError("no such package")


def module(name: str, **members: Any) -> ModuleType:
    """Return a module with members."""
    made = ModuleType(name)
    for key, value in members.items():
        setattr(made, key, value)
    return made


@pytest.fixture(autouse=True)
def _keras(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have TensorFlow's stand-in know a small Keras."""
    api = module(
        "keras",
        Dense=Dense,
        layers=module("keras.layers", Layer=Layer, Dense=Dense, Affine=Dense, _Hidden=Dense),
        experimental=module("keras.experimental", Layer=Layer, Dense=Dense),
        activations=module("keras.activations", relu=relu, rectify=relu),
        callbacks=module("keras.callbacks", Callback=Callback),
        numpy=module("numpy", array=len),
        wrappers=Broken("keras.wrappers"),
        VERSION="3",
    )
    api.layers.api = api  # a module within itself is no endless place
    monkeypatch.setattr(atlas_keras_names.tf, "keras", api, raising=False)
    cached = atlas_keras_names.everything, atlas_keras_names._by_object, atlas_keras_rows.kind_of
    for one in cached:
        one.cache_clear()
    yield
    for one in cached:
        one.cache_clear()


def test_what_has_several_names_has_rows_under_one() -> None:
    """Under the one that it calls itself by, in a place of its own; private names and other packages are no names."""
    assert atlas_keras_names.names() == [
        "keras.activations.relu",
        "keras.callbacks.Callback",
        "keras.layers.Dense",
        "keras.layers.Layer",
    ]
    assert atlas_keras_names.other_names() == {
        "keras.Dense": "keras.layers.Dense",
        "keras.activations.rectify": "keras.activations.relu",
        "keras.experimental.Dense": "keras.layers.Dense",
        "keras.experimental.Layer": "keras.layers.Layer",
        "keras.layers.Affine": "keras.layers.Dense",
    }


def test_arguments_are_told_with_their_defaults() -> None:
    """In words that no process says otherwise."""
    assert atlas_keras_names.arguments(Dense) == {
        "units": "required",
        "rate": "0.99",
        "act": "len",
        "wide": "object",
    }
    assert atlas_keras_names.arguments(relu) == {"x": "required", "slope": "Layer object"}
    assert atlas_keras_names.arguments(Callback) == {}


def test_a_long_text_ends_with_a_digest_of_all_of_it() -> None:
    """So that another end is another text."""
    one, other = (atlas_keras_names.shortened("x" * 300 + end) for end in "ab")
    assert one != other
    assert len(one) < 300
    assert atlas_keras_names.shortened("\u00e4") == "\\xe4"


def test_rows_follow_from_what_a_name_is() -> None:
    """A layer has a layer's; what is not run has its arguments alone, and a reason."""
    rows = {
        name: [row.name.partition("/")[2] for row in atlas_keras_rows.rows_of(name)]
        for name in atlas_keras_names.names()
    }
    assert rows == {
        "keras.activations.relu": ["arguments", "value", "special"],
        "keras.callbacks.Callback": ["arguments"],
        "keras.layers.Dense": ["arguments", "config", "init", "forward", "training"],
        "keras.layers.Layer": ["arguments"],
    }
    assert atlas_keras_rows.why_not_run("keras.callbacks.Callback") == "is of use in a training alone"
    assert atlas_keras_rows.why_not_run("keras.layers.Layer") == atlas_keras_rows.NO_KIND
    assert atlas_keras_rows.why_not_run("keras.layers.Dense") == ""


def test_every_entry_of_the_templates_is_of_a_kind_that_is_known() -> None:
    """A word that makes nothing, or a letter that is no size, would fail in every release."""
    sizes = atlas_rows.TEMPLATES["sizes"]["odd"]

    def check(said: Any) -> None:
        if isinstance(said, list):
            fill, _, parameter = said[0].partition(":")
            assert fill in {*atlas_inputs.FILLS, "uniform", "positive", "unit", "nonzero"}, said
            assert not parameter or parameter.isdigit() or parameter in sizes, said
            assert all(isinstance(one, int) or one in sizes for one in said[1:]), said
            return
        word = next(one for one in atlas_keras_rows.WORDS if one in said)
        assert set(said) <= {word, "arguments", "dtype"}, said
        for one in said["list"] if word == "list" else [said[word]] if word in ("of", "array") else []:
            check(one)

    templates = atlas_keras_rows.KERAS
    assert set(templates) == {"arguments", "left_out", "names"}
    for said in templates["arguments"].values():
        check(said)
    parts = {"names", "arguments", "call", "adapting", "adapt", "shapes", "cases", "variants"}
    for entry in templates["names"]:
        assert set(entry) <= parts, entry
        further = [*entry.get("variants", {}).values(), entry.get("arguments", {}), entry.get("adapting", {})]
        for said in [*entry.get("call", []), *(one for some in further for one in some.values())]:
            check(said)
