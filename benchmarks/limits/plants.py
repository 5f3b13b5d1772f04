"""Small changes of meaning, planted inside the probe: each function of `PLANTS` changes a model or its optimizer."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

Plant = Callable[[Any, Any], None]


def setting_times(name: str, factor: float) -> Plant:
    """Return a plant of an optimizer's setting that is so many times what it was."""

    def plant(model: Any, setting: Any) -> None:
        model.OPTIMIZER = dict(model.OPTIMIZER, **{name: model.OPTIMIZER[name] * factor})

    return plant


def loss_times(factor: float) -> Plant:
    """Return a plant of a loss that is so many times what it was."""

    def plant(model: Any, setting: Any) -> None:
        plain = model.loss
        model.loss = lambda outputs, batch: plain(outputs, batch) * factor

    return plant


def loss_plus(bias: float) -> Plant:
    """Return a plant of a loss to which something is added."""

    def plant(model: Any, setting: Any) -> None:
        plain = model.loss
        model.loss = lambda outputs, batch: plain(outputs, batch) + bias

    return plant


def row_skipped(model: Any, setting: Any) -> None:
    """Leave the last row of each batch out of the loss, whose mean is still over all of them."""
    plain = model.loss

    def loss(outputs: Any, batch: Any) -> Any:
        rows = tf.shape(batch["y"])[0]
        kept = tf.cast(tf.range(rows) < rows - 1, tf.float32)[:, tf.newaxis]
        return plain({n: v * kept if n in ("output", "out") else v for n, v in outputs.items()}, batch)

    model.loss = loss


def constant_for(old: str, new: float) -> Plant:
    """Return a plant of another number in a model's own text."""

    def plant(model: Any, setting: Any) -> None:
        text = Path(model.__file__).read_text(encoding="utf-8")
        assert text.count(old) == 1
        exec(compile(text.replace(old, repr(new)), model.__file__, "exec"), vars(model))

    return plant


def smoothed(by: float) -> Plant:
    """Return a plant of targets that are moved by so much towards their mean, as label smoothing does."""

    def plant(model: Any, setting: Any) -> None:
        plain = model.loss
        model.loss = lambda outputs, batch: plain(outputs, {**batch, "y": batch["y"] * (1 - by) + by / 2})

    return plant


class Plants(dict):  # type: ignore[type-arg]  # of names and plants
    """The plants by what they are called: ``learning_rate times 1+1e-05``."""

    def __missing__(self, name: str) -> Plant:
        """Return the plant that a name asks for."""
        if found := re.fullmatch(r"(\w+) times 1\+(.*)", name):
            what, by = found[1], float(found[2])
            return loss_times(1 + by) if what == "loss" else setting_times(what, 1 + by)
        if found := re.fullmatch(r"loss plus (.*)", name):
            return loss_plus(float(found[1]))
        if found := re.fullmatch(r"labels smoothed by (.*)", name):
            return smoothed(float(found[1]))
        if found := re.fullmatch(r"(.*) in the text times 1\+(.*)", name):
            return constant_for(found[1], float(found[1]) * (1 + float(found[2])))
        raise KeyError(name)


PLANTS = Plants({"one row skipped": row_skipped})
