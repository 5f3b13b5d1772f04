"""Streams: the ops of one step of training as two releases execute it, and where they are other ops.

What the question's judge calls::

    recorded(trace, tensor) -> Recording              # of a trial of work `Ops`; None where it recorded nothing
    stream(base, other) -> tuple[Change, ...]         # by layer and phase, in the order of the baseline's step

A trial of ops has a tier of its own, with a stage for each output of each op, and one stage that describes all ops.
Nothing here knows a store: ``tensor`` gives the tensor of a digest.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from tfmatrix.compare.alignment import matched
from tfmatrix.records import Fingerprint, Tensor
from tfmatrix.store.fingerprints import to_array

TIER, DESCRIBED, REPLAYED = "ops", "described", "replayed"
"""The tier of single ops, and its stages that hold no tensor of a model: what was recorded, what was not replayed."""

FORWARD, BACKWARD, OPTIMIZER = "forward", "backward", "optimizer"
INITIALIZER, METRIC, LOSS = "initializer", "metric", "loss"
PHASES = (INITIALIZER, FORWARD, LOSS, METRIC, BACKWARD, OPTIMIZER)
"""The parts of a step, in their order."""

OP, VARIABLE, REFERENCE, READ = "op", "variable", "reference", "read"
GIVEN, UNREACHED = "given", "unreached"
"""What an input is: made by a recorded op; a variable to be read or moved, by its handle, or of version 1 itself; what
was read of one; neither, as a batch or a constant; what has no bytes elsewhere, as an iterator."""

ARRANGING = frozenset(
    (
        *("Assign", "AssignVariableOp", "BroadcastGradientArgs", "BroadcastTo", "Cast", "ConcatOffset", "ConcatV2"),
        *("Const", "EnsureShape", "Enter", "Equal", "Exit", "ExpandDims", "Fill", "GatherV2", "Greater"),
        *("GreaterEqual", "Identity", "IdentityN", "InvertPermutation", "IsVariableInitialized", "Less", "LessEqual"),
        *("LogicalAnd", "LogicalNot", "LogicalOr", "LoopCond", "Merge", "NextIteration", "NotEqual", "OnesLike"),
        *("Pack", "PlaceholderWithDefault", "PreventGradient", "Range", "Rank", "ReadVariableOp", "Reshape"),
        *("ResourceGather", "SelectV2", "Shape", "ShapeN", "Size", "Slice", "Split", "SplitV", "Squeeze"),
        *("StopGradient", "StridedSlice", "StridedSliceGrad", "Switch", "Tile", "Transpose", "Unpack"),
        *("VarHandleOp", "VarIsInitializedOp", "VariableShape", "ZerosLike"),
    )
)
"""Ops that move, choose or count elements and round none: another set of them changes no number by itself."""

NOTES = frozenset({"grad_a", "grad_b"})
"""Attributes that no kernel of a CPU reads: of which input a MatMul is the gradient."""

Find = Callable[[str], Tensor]
"""From a digest to its tensor."""


@dataclass(frozen=True)
class Input:
    """What an op is given."""

    source: str
    digest: str
    """Empty where it has no bytes."""
    dtype: str
    shape: tuple[int, ...]
    made_by: int | None = None
    """The number of the op that made it."""
    value: tuple[str, ...] = ()
    """The few numbers of a constant, in words."""
    parameter: str = ""
    """What the op's definition calls it; ``values[]`` is one of a list."""


@dataclass(frozen=True)
class Output:
    """What an op makes, or what a variable holds that it moved."""

    stage: str
    """Empty where it has no bytes."""
    digest: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Attribute:
    """One attribute of an op."""

    name: str
    value: str
    """As JSON."""
    usual: bool
    """Whether it has this value where nobody says another."""
    form: str = ""
    """Its type: ``int``, ``list(int)``, ``type``."""


@dataclass(frozen=True)
class Op:
    """One op, as it was executed."""

    number: int
    """Its place in the step, from 0 on."""
    type: str
    phase: str
    layer: str
    """The path of the layer, or a metric's name; empty outside of any."""
    attributes: tuple[Attribute, ...]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    of: int | None = None
    """The number of the op that it differentiates, where that is known."""
    obstacle: str = ""
    """Why it can't be replayed: ``takes a variant that is no variable``; empty where it can."""
    inferred: tuple[str, ...] = ()
    """The attributes that it has by what it is given."""
    session: bool = False
    """Whether a session runs it, and it is not executed eagerly."""


@dataclass(frozen=True)
class Recording:
    """The ops of one step."""

    ops: tuple[Op, ...]
    described: str
    """The digest of their description."""
    classes: tuple[str, ...] = ()
    """The classes of Keras whose objects were called, as a user names them: ``keras.layers.Dense``; sorted."""


@dataclass(frozen=True)
class Setting:
    """A constant or an attribute of an op that has another value in the other release."""

    type: str
    name: str
    """An attribute's name, or ``input 1``."""
    base: str
    other: str
    count: int = 1
    """Of how many ops this is so."""


Count = tuple[str, int]
"""A type of op, and how many of it."""


@dataclass(frozen=True)
class Change:
    """How the ops of one layer and phase differ between two releases."""

    layer: str
    """In the baseline; empty outside of any layer, or where the baseline has none like it."""
    other_layer: str
    phase: str
    gone: tuple[Count, ...] = ()
    """What computes in the baseline and not in the other release, by type."""
    new: tuple[Count, ...] = ()
    reordered: tuple[str, ...] = ()
    """Types that are there as often in both, and at another place between the others."""
    rewired: tuple[str, ...] = ()
    """Types that take what other ops made, of those that both have: (a + b) + c became a + (b + c)."""
    settings: tuple[Setting, ...] = ()
    arranging: tuple[tuple[Count, ...], tuple[Count, ...]] = ((), ())
    """The same as ``gone`` and ``new`` of ops that round nothing: they move, choose or count elements."""

    @property
    def computes(self) -> bool:
        """Return whether something that computes is another."""
        return bool(self.gone or self.new or self.reordered or self.rewired or self.settings)


def recorded(trace: Iterable[Fingerprint], tensor: Find) -> Recording | None:
    """Return the ops that a trial recorded; None where it recorded none."""
    digest = next((one.digest for one in trace if (one.tier, one.stage) == (TIER, DESCRIBED)), None)
    if digest is None:
        return None
    told = json.loads(to_array(tensor(digest)).item())
    ops = tuple(_op(number, one) for number, one in enumerate(told["ops"]))
    return Recording(ops, digest, tuple(told["classes"]))


def _op(number: int, told: Mapping[str, Any]) -> Op:
    return Op(
        number=number,
        type=told["type"],
        phase=told["phase"],
        layer=told["layer"],
        attributes=tuple(
            Attribute(name, json.dumps(value), usual, form)
            for name, (form, value, usual) in sorted(told["attributes"].items())
        ),
        inputs=tuple(
            Input(
                one["source"],
                one["digest"],
                one["dtype"],
                tuple(one["shape"]),
                one.get("from"),
                tuple(one.get("value", ())),
                one.get("parameter", ""),
            )
            for one in told["inputs"]
        ),
        outputs=tuple(Output(o["stage"], o["digest"], o["dtype"], tuple(o["shape"])) for o in told["outputs"]),
        of=told.get("of"),
        obstacle=told["obstacle"],
        inferred=tuple(told.get("inferred", ())),
        session=told.get("session", False),
    )


def types_of(op: Op) -> Mapping[str, str]:
    """Return the types that an op has, by the names of its attributes: ``{"T": "float32"}``."""
    return {one.name: json.loads(one.value) for one in op.attributes if one.form == "type"}


Ops = Sequence[Op]


def stream(base: Recording, other: Recording) -> tuple[Change, ...]:
    """Return where the ops of two releases are others, by layer and phase, in the order of the baseline's step.

    Layers of other names are aligned by their order and by what they hold and make. Within a layer and phase the ops of
    both are laid beside each other by their types.
    """
    layers = align_layers(base, other)
    mine, theirs = _by_place(base, {}), _by_place(other, layers)
    names = {here: own for own, here in layers.items()}
    beside = [pair for place in mine for pair in _beside(mine[place], theirs.get(place, []))]
    partners = {one.number: another.number for one, another in beside}
    changes = []
    for place in [*mine, *(place for place in theirs if place not in mine)]:
        layer, phase = place
        own = names.get(layer, layer)
        found = _change(
            (layer if place in mine else "", own if place in theirs else ""),
            phase,
            mine.get(place, []),
            theirs.get(place, []),
            partners,
        )
        if found:
            changes.append(found)
    return tuple(changes)


def align_layers(base: Recording, other: Recording) -> Mapping[str, str]:
    """Return the other release's layers, each with the one of the baseline's that it is; some have none.

    By name where both have the same names; else as variables are aligned: by what a layer holds and makes.
    """
    mine, theirs = _layouts(base), _layouts(other)
    here, there = ({name: f"{side}/{name}" for name in of} for side, of in (("base", mine), ("other", theirs)))
    layouts = {here[name]: layout for name, layout in mine.items()}
    layouts |= {there[name]: layout for name, layout in theirs.items()}
    return {own: name for own, name in matched(here, there, layouts).items() if own != name}


def _layouts(recording: Recording) -> Mapping[str, tuple[str, tuple[int, ...]]]:
    """Return of each layer that is called what it holds and makes: shapes of its variables and of its last output."""
    found: dict[str, tuple[list[str], tuple[int, ...]]] = {}
    for op in recording.ops:
        if op.phase == FORWARD and op.layer:
            held, made = found.get(op.layer, ([], ()))
            held = [*held, *(str(one.shape) for one in op.inputs if one.source in (VARIABLE, REFERENCE, READ))]
            found[op.layer] = held, op.outputs[0].shape if op.outputs else made
    return {layer: (" ".join(held), made) for layer, (held, made) in found.items()}


def _by_place(recording: Recording, here: Mapping[str, str]) -> dict[tuple[str, str], list[Op]]:
    found: dict[tuple[str, str], list[Op]] = {}
    for op in recording.ops:
        found.setdefault((here.get(op.layer, op.layer), op.phase), []).append(op)
    return found


def _change(layers: tuple[str, str], phase: str, a: Ops, b: Ops, partners: Mapping[int, int]) -> Change | None:
    """Return how the ops of one place differ; None where they do not."""
    gone, new = _more(a, b), _more(b, a)
    change = Change(
        *layers,
        phase,
        gone=_counts(gone, arranging=False),
        new=_counts(new, arranging=False),
        reordered=_reordered(a, b),
        rewired=_rewired(a, b, partners),
        settings=_settings(a, b),
        arranging=(_counts(gone, arranging=True), _counts(new, arranging=True)),
    )
    return change if change.computes or any(change.arranging) else None


def _more(a: Ops, b: Ops) -> Counter[str]:
    return Counter(op.type for op in a) - Counter(op.type for op in b)


def _counts(types: Mapping[str, int], *, arranging: bool) -> tuple[Count, ...]:
    return tuple(sorted(one for one in types.items() if (one[0] in ARRANGING) == arranging))


def _computing(ops: Ops) -> list[Op]:
    return [op for op in ops if op.type not in ARRANGING]


def _reordered(a: Ops, b: Ops) -> tuple[str, ...]:
    """Return the types that compute as often on both sides, but not in one order: what lies outside of what is common.

    What is gone or new moves nothing: only types of equal counts are looked at.
    """
    counts = [Counter(op.type for op in side) for side in (_computing(a), _computing(b))]
    common = {kind for kind in counts[0] if counts[0][kind] == counts[1][kind]}
    mine, theirs = ([op.type for op in _computing(side) if op.type in common] for side in (a, b))
    moved = (
        {*mine[first:last], *theirs[start:end]}
        for tag, first, last, start, end in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes()
        if tag != "equal"
    )
    return tuple(sorted(set().union(*moved)))


def _beside(a: Ops, b: Ops) -> Iterator[tuple[Op, Op]]:
    """Yield the ops of one place that stand beside each other, by their types."""
    mine, theirs = [op.type for op in a], [op.type for op in b]
    for block in SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks():
        for at in range(block.size):
            yield a[block.a + at], b[block.b + at]


def _rewired(a: Ops, b: Ops, partners: Mapping[int, int]) -> tuple[str, ...]:
    """Return the types of ops that are given what another op made than the one that stands beside their own maker.

    ``partners`` are the ops of the whole step that stand beside each other, the baseline's first. Only of those is it
    said: behind what is gone or new everything takes something else.
    """
    there = set(partners.values())
    found = {
        one.type
        for one, another in _beside(a, b)
        if one.type not in ARRANGING and len(one.inputs) == len(another.inputs)
        for mine, theirs in zip(one.inputs, another.inputs, strict=True)
        if mine.made_by is not None and theirs.made_by in there
        if partners.get(mine.made_by, theirs.made_by) != theirs.made_by
    }
    return tuple(sorted(found))


def _settings(a: Ops, b: Ops) -> tuple[Setting, ...]:
    """Return the constants and attributes that have other values, of the ops that stand beside each other."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for one, another in _beside(a, b):
        found.update(_unlike(one, another))
    return tuple(Setting(*what, count) for what, count in found.items())


def _unlike(a: Op, b: Op) -> list[tuple[str, str, str, str]]:
    """Return what two ops of one type are told otherwise: type, name and both values."""
    values = [{one.name: one for one in op.attributes} for op in (a, b)]
    names = (name for name in dict.fromkeys([*values[0], *values[1]]) if name not in NOTES)
    pairs = [(name, values[0].get(name), values[1].get(name)) for name in names]
    found = [
        (a.type, name, _said(one), _said(another))
        for name, one, another in pairs
        if _said(one) != _said(another) and not all(x is None or x.usual for x in (one, another))
    ]
    if a.type in ARRANGING or len(a.inputs) != len(b.inputs):
        return found
    given = zip(a.inputs, b.inputs, strict=True)
    return found + [
        (a.type, f"input {at}", ", ".join(one.value), ", ".join(another.value))
        for at, (one, another) in enumerate(given)
        if one.value and another.value and one.value != another.value
    ]


def _said(attribute: Attribute | None) -> str:
    return "" if attribute is None else attribute.value
