"""The rows of an op: each type that its definition allows, in each case, with what it is given there.

What an op is given is said by `templates.json`, mostly by the names of its arguments and attributes. Its parts:

``sizes``: how large each letter of a shape is, by the case. ``cases``: which cases a type has. ``wider``: the type of
which another has the width, where an op takes or makes both. ``arguments``, ``attributes``: what an argument or
attribute of a name gets, whatever the op. ``ops``: what some ops get instead, by patterns of their names; of several
that fit the first counts. Their ``types`` say which types of an attribute are run, where the definition allows more.
Their ``fixed`` attributes are as usual in every row: the kernel reads a value of that type as one of the main type, and
so beyond a smaller one. Their ``variants`` are further cases of the odd sizes, with what is given otherwise there: a
transposed operand, another stride. ``left_out``: ops that are not run, by patterns, and why. ``whole``: ops of which
every pair of types is a row, and not each type with the others as usual.

What an argument gets is ``["fill", size, ...]`` (see `inputs`), ``{"is": value}`` (letters in it are sizes),
``{"bytes": base64}``, ``{"each": count, "of": ...}`` or ``{"all": [...]}`` of a list, or ``{"types": [...], "of":
...}`` of a list of several types.
"""

from __future__ import annotations

import base64
import json
import zlib
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from .inputs import TYPES, Maker, NotRun, tensor

TEMPLATES: Dict[str, Any] = json.loads(Path(__file__).with_name("templates.json").read_text(encoding="utf-8"))

ODD = "odd"
"""The case that every row has: of sizes that no kernel's block divides."""

SPECIAL = "special"
"""The case of NaN, infinities, -0, denormal numbers, and of the smallest and largest whole numbers."""

IN_FUNCTION, COMPILED = WAYS = "function", "compiled"
"""Cases of the odd sizes that are run in another way: within a function, and within one that XLA compiles."""

STATEFUL, HANDLE, FUNCTION = "stateful", "a handle", "a function"
NO_OUTPUT, NO_TYPE, NO_TEMPLATE = "makes nothing", "no type that there are inputs of", "no template"
"""Why an op has no rows, besides what the templates say."""

MAIN = ("T", "dtype", "Tinput", "T1")
"""Names of the attribute that is the type of most of what an op is given or makes."""

OTHER = ("int32", "int64", "float32")
"""What another type is where the definition says none: the first of them that it allows."""

OTHER_MAIN = ("float32", "int32")
"""What the main type is while others are varied: the first of them that it allows."""

Types = Mapping[str, str]


class Row(NamedTuple):
    """One op with types in a case."""

    op: str
    types: str
    """``float32``, and each further type that is not as usual: ``float32,Tidx=int64``; empty where it has none."""
    case: str
    chosen: Types
    """Every attribute that is a type."""

    @property
    def name(self) -> str:
        """Return its name: ``MatMul[float32]/odd``."""
        return "{}{}/{}".format(self.op, "[{}]".format(self.types) if self.types else "", self.case)


def names() -> List[str]:
    """Return the name of every op of this release, whether or not it can be run."""
    return sorted(name for name in dir(tf.raw_ops) if op_def_registry.get(name) is not None)


def rows_of(name: str) -> List[Row]:
    """Return the rows of an op; of one that can't be run there are none."""
    if why_not_run(name):
        return []
    definition = op_def_registry.get(name)
    found = []
    for at, (told, types) in enumerate(_in_order(definition)):
        further = told.partition(",")[2]
        cases = [ODD] if further else [*_cases(definition, told), *template_of(name).get("variants", ())]
        # A generator has a state where it is run: what it draws there begins elsewhere.
        found += [Row(name, told, case, types) for case in (*cases, *(() if at or is_random(definition) else WAYS))]
    return found


def why_not_run(name: str) -> str:
    """Return why an op has no rows, as far as its definition tells; empty where it has some."""
    definition = op_def_registry.get(name)
    reason = _fitting(TEMPLATES["left_out"], name)
    if reason is not None:
        return str(reason)
    arguments = [*definition.input_arg, *definition.output_arg]
    handles = (tf.resource.as_datatype_enum, tf.variant.as_datatype_enum)
    if any(one.is_ref or one.type in handles for one in arguments):
        return HANDLE
    if any(one.type in ("func", "list(func)") for one in definition.attr):
        return FUNCTION
    if definition.is_stateful and not is_random(definition):
        return STATEFUL
    if not definition.output_arg:
        return NO_OUTPUT
    return "" if list(_chosen(definition)) else NO_TYPE


def is_random(definition: Any) -> bool:
    """Tell whether an op keeps a state that is nothing but a generator's, which begins at its seeds."""
    return {"seed", "seed2"} <= {one.name for one in definition.attr}


def _in_order(definition: Any) -> List[Tuple[str, Types]]:
    """Return the types of an op, that which is varied least first: its rows are run in each way."""
    found = list(_chosen(definition))
    first = next((one for name in OTHER_MAIN for one in found if one[0] == name), found[0])
    return [first, *(one for one in found if one is not first)]


def _chosen(definition: Any) -> Iterator[Tuple[str, Types]]:
    """Yield the types of an op, and how they are told: each of the main one, then each of the others."""
    attributes = {one.name: list(_allowed(one)) for one in definition.attr if one.type == "type"}
    template = template_of(definition.name)
    attributes = {name: template.get("types", {}).get(name, allowed) for name, allowed in attributes.items()}
    if not attributes:
        yield "", {}
        return
    main = next((one for one in MAIN if one in attributes), "") or max(attributes, key=lambda one: len(attributes[one]))
    if any(not allowed for allowed in attributes.values()):
        return
    defined = {one.name: one for one in definition.attr}
    others = {name: allowed for name, allowed in attributes.items() if name != main}
    varied = {name: allowed for name, allowed in others.items() if name not in template.get("fixed", ())}
    found = {}
    for dtype in attributes[main]:
        found[dtype] = {name: _beside(dtype, defined[name], allowed) for name, allowed in others.items()}
        yield dtype, {**found[dtype], main: dtype}
    first = next((one for one in OTHER_MAIN if one in attributes[main]), attributes[main][0])
    for name, allowed in varied.items():
        for dtype in attributes[main] if definition.name in TEMPLATES["whole"] else [first]:
            for other in (one for one in allowed if one != found[dtype][name]):
                yield "{},{}={}".format(dtype, name, other), {**found[dtype], main: dtype, name: other}


def _cases(definition: Any, dtype: str) -> List[str]:
    """Return the cases of a type: an op that takes any type there is moves what it is given, and computes nothing."""
    moves = any(one.type == "type" and not one.HasField("allowed_values") for one in definition.attr)
    if moves and dtype != "float32":
        return [ODD]
    found: List[str] = TEMPLATES["cases"].get(dtype, TEMPLATES["cases"]["*"])
    return found


def _allowed(attribute: Any) -> Iterator[str]:
    if not attribute.HasField("allowed_values"):
        yield from sorted(TYPES)
        return
    for dtype in dict.fromkeys(attribute.allowed_values.list.type):
        if tf.as_dtype(dtype).name in TYPES:
            yield tf.as_dtype(dtype).name


def _beside(dtype: str, attribute: Any, allowed: List[str]) -> str:
    """Return the type that an attribute has beside a main one, while others are varied.

    That is the default, or the same as the main one, or what goes with it in width where only that fits.
    """
    wider = TEMPLATES["wider"].get(dtype)
    if wider in allowed and dtype not in allowed:
        return str(wider)
    if attribute.HasField("default_value") and tf.as_dtype(attribute.default_value.type).name in allowed:
        return str(tf.as_dtype(attribute.default_value.type).name)
    return next((one for one in (dtype, *OTHER) if one in allowed), allowed[0])


@lru_cache(maxsize=None)
def template_of(name: str) -> Mapping[str, Any]:
    """Return what the templates say of an op alone; nothing where they say nothing."""
    return next((one for one in TEMPLATES["ops"] if name in one["names"] or any(map(_fits(name), one["names"]))), {})


def _fits(name: str) -> Callable[[str], bool]:
    return lambda pattern: "*" in pattern and fnmatchcase(name, pattern)


def given(row: Row) -> Optional[Dict[str, Any]]:
    """Return what an op is called with in a row, by the names of its arguments; None where it is no row of its own.

    That is so for the case of special values where nothing has any. Raises NotRun where no template says what an
    attribute is.
    """
    definition = op_def_registry.get(row.op)
    template = template_of(row.op)
    other = template.get("variants", {}).get(row.case, {})
    inputs, attributes = ({**template.get(kind, {}), **other.get(kind, {})} for kind in ("inputs", "attributes"))
    sizes = TEMPLATES["sizes"]
    maker = Maker("{}/{}".format(row.op, row.case), sizes[row.case if row.case in sizes else ODD], row.case == SPECIAL)
    found: Dict[str, Any] = {}
    for argument in definition.input_arg:
        said = inputs.get(argument.name) or _by_name("arguments", argument.name) or ["uniform", "n", "m"]
        found[argument.name] = _given(argument, said, row, maker)
    if row.case == SPECIAL and not maker.has_special:
        return None
    inferred = {name for one in definition.input_arg for name in (one.type_attr, one.number_attr, one.type_list_attr)}
    for attribute in definition.attr:
        if attribute.name in inferred:
            continue
        if attribute.name in row.chosen:
            found[attribute.name] = tf.as_dtype(row.chosen[attribute.name])
            continue
        if attribute.name in attributes:
            found[attribute.name] = maker.literal(attributes[attribute.name])
        elif attribute.name in ("seed", "seed2") and is_random(definition):
            found[attribute.name] = zlib.crc32(row.name.encode("ascii")) % 2**31 if attribute.name == "seed" else 1
        elif not attribute.HasField("default_value"):
            by_name = _by_name("attributes", attribute.name)
            if by_name is None:
                raise NotRun("{}: {}".format(NO_TEMPLATE, attribute.name))
            found[attribute.name] = maker.literal(by_name["is"])
    return found


@lru_cache(maxsize=None)
def _by_name(kind: str, name: str) -> Any:
    """Return what an argument or an attribute of a name gets, whatever the op; None where nothing is said of it."""
    return _fitting(TEMPLATES[kind], name)


def _fitting(table: Mapping[str, Any], name: str) -> Any:
    """Return what a table says of a name, which may be one of its patterns; None where nothing is said."""
    if name in table:
        return table[name]
    return next((said for pattern, said in table.items() if "*" in pattern and fnmatchcase(name, pattern)), None)


def _given(argument: Any, said: Any, row: Row, maker: Maker) -> Any:
    """Return what an argument gets: a tensor, or a list of them."""
    dtype = row.chosen.get(argument.type_attr, "")
    if argument.type_list_attr:
        said = said if isinstance(said, dict) and "types" in said else {"types": ["float32", "int32"], "of": said}
        of = [(said["of"], one) for one in said["types"]]
    elif argument.number_attr:
        said = said if isinstance(said, dict) and ("each" in said or "all" in said) else {"each": 3, "of": said}
        of = [(one, dtype) for one in said["all"]] if "all" in said else [(said["of"], dtype)] * said["each"]
    else:
        return _tensor(argument, argument.name, said, dtype, maker)
    return [_tensor(argument, "{}.{}".format(argument.name, at), *one, maker) for at, one in enumerate(of)]


def _tensor(argument: Any, name: str, said: Any, dtype: str, maker: Maker) -> Any:
    dtype = dtype or tf.as_dtype(argument.type).name
    if isinstance(said, list):
        return tensor(maker.array(name, said, dtype), dtype)
    if "bytes" in said:
        return tf.constant(base64.b64decode(said["bytes"]))
    return tensor(maker.literal(said["is"]), dtype)
