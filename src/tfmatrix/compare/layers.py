"""Layers whose draws do not line up: one release draws by other ops, in another number or shape.

Such draws have no counterpart. What they do is judged by the effect of their layer, which is called the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tfmatrix.compare.alignment import Alignment, LayoutsOf, Names, layer_of_draw
from tfmatrix.compare.stages import DRAW, NAMES_OF, NATIVE, parse


class Layer(NamedTuple):
    """One layer, by the path that its draws have on either side."""

    baseline: str
    candidate: str


def unlike(a: Names, b: Names, alignment: Alignment, layouts_of: LayoutsOf) -> Mapping[str, Layer]:
    """Return the draws of steps whose layer's draws do not all line up, by their stages, with that layer.

    A layer that has another name on the other side is known by a draw of its that has a counterpart; else the n-th
    layer that draws on one side alone is the n-th of the other, if both have as many. Else its name is taken to be the
    same: it may be that it does not draw there at all.
    """
    here = alignment.named(b)
    drawn = [dict.fromkeys(stage for (tier, stage) in side if _is_draw(tier, stage)) for side in (a, here)]
    stages = {**drawn[0], **drawn[1]}
    own = {stage: alignment.own.get(stage, stage) for stage in stages}
    both = [stage for stage in stages if stage in drawn[0] and stage in drawn[1]]
    other = [stage for stage in both if a[NATIVE, stage] != here[NATIVE, stage]]
    layouts = layouts_of({names[NATIVE, stage] for names in (a, here) for stage in other})
    parted = {
        *(stage for stage in stages if stage not in both),
        *(s for s in other if layouts.get(a[NATIVE, s]) != layouts.get(here[NATIVE, s])),
    }
    if not parted:
        return {}
    there = {layer_of(stage): layer_of(own[stage]) for stage in reversed(both)}
    lone = _lone(map(layer_of, drawn[0]), there), _lone((layer_of(own[s]) for s in drawn[1]), there.values())
    if len(lone[0]) == len(lone[1]):
        there |= dict(zip(*lone, strict=True))
    back = {candidate: baseline for baseline, candidate in there.items()}

    def layer(stage: str) -> Layer:
        if stage in drawn[0]:
            name = layer_of(stage)
            return Layer(name, there.get(name, name))
        name = layer_of(own[stage])
        return Layer(back.get(name, name), name)

    layers = {layer(stage) for stage in parted if layer_of(stage)}
    return {stage: layer(stage) for stage in stages if layer(stage) in layers}


def layer_of(stage: str) -> str:
    """Return the path of the layer that the draw of a step is made in; empty where there is none."""
    return layer_of_draw(parse(stage).variable) if _is_draw(NATIVE, stage) else ""


def _is_draw(tier: str, name: str) -> bool:
    stage = parse(name)
    return tier == NATIVE and NAMES_OF.get(stage.kind) == DRAW and stage.step is not None


def _lone(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the layers that draw on one side alone, in their order."""
    known = set(known)
    return [name for name in dict.fromkeys(names) if name and name not in known]
