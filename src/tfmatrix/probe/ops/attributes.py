"""Attributes of ops as JSON, typed by the op's definition, and back as TensorFlow takes them.

Names and strings come as text or as bytes, types as numbers or as `DType`, lists as tuples: by the definition each of
them has one form. A string is text with a character for each byte.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

FIELDS = {"string": "s", "int": "i", "float": "f", "bool": "b", "type": "type", "shape": "shape"}
"""Where a definition's `AttrValue` has a value of each type that can be told; functions and tensors can't."""

FOR_OTHERS = ("grad_a", "grad_b")
"""Attributes that no kernel of a CPU reads: of which input a MatMul is the gradient. Older releases lack them."""

Told = List[Any]
"""An attribute: its type, its value, and whether that is what the definition has by default."""


class Untold(Exception):
    """What an op has can't be told or can't be had; the message says why, in the middle of a sentence."""


def text(name: Any) -> str:
    """Return a name or a string as text, a character for each byte."""
    return name.decode("latin-1") if isinstance(name, bytes) else str(name).encode("utf-8").decode("latin-1")


def definition(kind: str) -> Any:
    """Return the definition of an op in this release; None where it has none."""
    return op_def_registry.get(kind)


def told(kind: str, attributes: Sequence[Any]) -> Dict[str, Told]:
    """Return the attributes of an op, given as names and values in turn, as it was executed.

    Raises Untold where one can't be told.
    """
    defined = definition(kind)
    if defined is None:
        raise Untold("is a function")
    given = {text(name): value for name, value in zip(attributes[::2], attributes[1::2]) if value is not None}
    found = {}
    for one in defined.attr:
        if one.name in given:
            value = _plain(one.type, given[one.name])
            found[one.name] = [one.type, value, one.HasField("default_value") and value == _default(one)]
    return found


def taken(kind: str, attributes: Mapping[str, Told]) -> List[Any]:
    """Return attributes as names and values in turn, as this release takes them.

    Raises Untold where it has no such op, or no such attribute with a value other than the default.
    """
    defined = definition(kind)
    if defined is None:
        raise Untold("this release has no op {}".format(kind))
    known = {one.name: one.type for one in defined.attr}
    found: List[Any] = []
    for name, (form, value, usual) in attributes.items():
        if known.get(name) == form:
            found += [name, _given(form, value)]
        elif not usual and name not in FOR_OTHERS:
            raise Untold("{} has no {} of type {} in this release".format(kind, name, form))
    return found


def usual(kind: str) -> Dict[str, Any]:
    """Return an op's attributes that have a default in this release, with that, as this release takes them."""
    return {
        one.name: _given(one.type, _default(one))
        for one in definition(kind).attr
        if one.HasField("default_value") and one.type.rpartition("(")[2].rstrip(")") in PLAIN
    }


def parameters(kind: str, attributes: Mapping[str, Told]) -> List[str]:
    """Return the name of each of an op's inputs, as its definition has it; ``values[]`` is one of a list."""
    found: List[str] = []
    for one in definition(kind).input_arg:
        if one.number_attr:
            found += [one.name + "[]"] * attributes[one.number_attr][1]
        elif one.type_list_attr:
            found += [one.name + "[]"] * len(attributes[one.type_list_attr][1])
        else:
            found.append(one.name)
    return found


def references(kind: str) -> List[bool]:
    """Return of an op's inputs whether each is a variable itself, of version 1; behind a list none is."""
    defined = definition(kind)
    return [one.is_ref for one in defined.input_arg] if defined else []


def inferred(kind: str) -> List[str]:
    """Return the attributes that an op has by what it is given: types, and lengths of lists."""
    given = definition(kind).input_arg
    return sorted({name for one in given for name in (one.type_attr, one.number_attr, one.type_list_attr) if name})


def _default(defined: Any) -> Any:
    form = defined.type
    if form.startswith("list("):
        return _plain(form, getattr(defined.default_value.list, FIELDS.get(form[5:-1], "s")))
    return _plain(form, getattr(defined.default_value, FIELDS.get(form, "s")))


def _shape(value: Any) -> Any:
    shape = tf.TensorShape(value)
    return None if shape.rank is None else shape.as_list()


PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "string": text,
    "int": int,
    "float": lambda value: float(np.float32(value)),  # which is what an attribute holds
    "bool": bool,
    "type": lambda value: tf.as_dtype(value).name,
    "shape": _shape,
}
"""How JSON has a value of each type that can be told."""


def _plain(form: str, value: Any) -> Any:
    """Return a value of a type as JSON has it."""
    if form.startswith("list("):
        if isinstance(value, (str, bytes)):
            raise Untold("has a list that is told as text")
        return [_plain(form[5:-1], one) for one in value]
    if form not in PLAIN:
        raise Untold("takes a {}".format("function" if form == "func" else form))
    return PLAIN[form](value)


def _given(form: str, value: Any) -> Any:
    """Return a value of a type as `execute` takes it."""
    if form.startswith("list("):
        return [_given(form[5:-1], one) for one in value]
    if form == "string":
        return value.encode("latin-1")
    if form == "type":
        return tf.as_dtype(value).as_datatype_enum
    return tf.TensorShape(value) if form == "shape" else value
