"""Builders: what names a function, and the model that two of them are; nothing of them is run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfmatrix.models.defined import declared, digest
from tfmatrix.reading import shown
from tfmatrix.records import Builder, Model

SHOWN = 'model = "package.module:build" and data = "package.module:sample"'
"""What the two functions look like."""

MOST = 2**63
"""What a whole number among an optimizer's settings is below, whatever its sign."""

_DOTTED = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
_FUNCTION = re.compile(f"{_DOTTED}:{_DOTTED}")


def function_of(value: Any, name: str) -> str:
    """Return what names a function of a module; raises ``ValueError`` for what names none."""
    if isinstance(value, str) and _FUNCTION.fullmatch(value):
        return value
    hint = ""
    if isinstance(value, str) and (".py" in value or "/" in value):
        hint = "; a module is named as import names it, without .py and with dots"
    raise ValueError(
        f'has {name}, which must be a module and a function, "package.module:build", but is {shown(value)}{hint}'
    )


def optimizer_of(value: Any, name: str) -> tuple[tuple[str, str | float], ...]:
    """Return an optimizer's name and settings, sorted; raises ``ValueError`` where some are missing or are none."""
    if not isinstance(value, Mapping):
        raise ValueError(  # noqa: TRY004  # every check raises the same
            f'has {name}, which must be a table, {{ name = "Adam", learning_rate = 1e-3 }}, but is {shown(value)}'
        )
    if lacking := [key for key in ("name", "learning_rate") if key not in value]:
        raise ValueError(f"has {name}, which has no {lacking[0]}")
    if not isinstance(value["name"], str) or not value["name"].isidentifier():
        raise ValueError(f"has {name}.name, which must be an optimizer of Keras, but is {shown(value['name'])}")
    if strange := [key for key, setting in value.items() if not isinstance(setting, str | int | float)]:
        raise ValueError(f"has {name}.{strange[0]}, which must be a number, a string or true or false")
    if large := [key for key, setting in value.items() if isinstance(setting, int) and abs(setting) >= MOST]:
        raise ValueError(f"has {name}.{large[0]}, which is no number that an optimizer takes")
    return tuple(sorted(value.items()))


def model_of(builder: Builder, root: Path) -> Model:
    """Return the model that two functions of a project are; raises ``UserError`` where a declared file is not there."""
    files = declared(f"model {builder.name}", builder.files, root)
    functions, constants = [builder.model, builder.data], constants_of(builder)
    return Model(builder.name, digest(functions, constants, builder.variables, files), defined=builder)


def constants_of(builder: Builder) -> dict[str, Any]:
    """Return what a table says in the place of the constants that a model file has."""
    said = {
        "EPOCHS": builder.epochs,
        "BATCH": builder.batch,
        "OPTIMIZER": dict(builder.optimizer),
        "LOSS": builder.loss,
    }
    return {name: value for name, value in said.items() if value}
