"""Commands: what may be typed, what it is called, and the model that it is; nothing of it is run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from tfmatrix.errors import UserError, sentence
from tfmatrix.models.defined import declared, digest, near, plain, require_inside
from tfmatrix.reading import shown
from tfmatrix.records import Command, Model

PYTHON, JUPYTER = "python", "jupyter"

SHOWN = '["python", "train.py"], ["python", "-m", "package.module"] or ["jupyter", "notebook.ipynb"]'
"""What commands look like."""

_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def words_of(value: Any, name: str) -> tuple[str, ...]:
    """Return the words of a command; raises ``ValueError`` for what does not run one script, module or notebook."""
    if not isinstance(value, list | tuple) or not value or not all(isinstance(word, str) for word in value):
        raise ValueError(f"has {name}, which must be a list of words, {SHOWN}, but is {shown(value)}")
    first, *others = value
    if first not in {PYTHON, JUPYTER}:
        raise ValueError(f"has {name}, which must begin with python or jupyter, but begins with {first!r}: {SHOWN}")
    if "\0" in "".join(value):
        raise ValueError(f"has {name} with a NUL character, which no word has")
    if not others:
        raise ValueError(f"has {name} with {first} alone, which runs nothing: {SHOWN}")
    _require_target(first, others, name)
    return tuple(value)


def _require_target(first: str, others: Sequence[str], name: str) -> None:
    """Raise ``ValueError`` where what comes behind the first word is nothing that it runs."""
    target = others[0]
    if first == JUPYTER and not target.endswith(".ipynb"):
        raise ValueError(f"has {name}, in which the path of a notebook must follow jupyter, but {target!r} does")
    if first == JUPYTER and others[1:]:
        raise ValueError(f"has {name} with {others[1]!r} behind the notebook, which takes no words")
    if first == PYTHON and target.endswith(".ipynb"):
        raise ValueError(f"has {name} with a notebook, which begins with jupyter: {SHOWN}")
    if first == PYTHON and target == "-m":
        if not _MODULE.fullmatch("".join(others[1:2])):
            raise ValueError(f"has {name}, in which a module's name must follow -m, but {''.join(others[1:2])!r} does")
    elif target.startswith("-"):
        raise ValueError(f"has {name} with the option {target}; of python's own there is only -m")
    else:
        require_inside(target, f"{name} with")


def script_of(words: Sequence[str]) -> str:
    """Return the path of a command's script or notebook from the project's root; empty where it runs a module."""
    return "" if words[1] == "-m" else words[1]


def name_of(words: Sequence[str]) -> str:
    """Return what a command is called that no table names: after its script, module or notebook."""
    script = script_of(words)
    stem = PurePosixPath(script).stem if script else words[2].rpartition(".")[2]
    return plain(stem, "command")


def model_of(command: Command, root: Path) -> Model:
    """Return the model that a command of a project is.

    Raises ``UserError`` where its script, or a file that it declares, is not there.
    """
    script = script_of(command.words)
    if script and not (root / script).is_file():
        joined = "; write each word of a command as one of the list" if " " in script else near(root / script)
        raise UserError(sentence(f"the command {command.name} runs {script}, and {root} has no such file{joined}"))
    return Model(command.name, _source(command, root), defined=command)


def _source(command: Command, root: Path) -> str:
    """Return the digest of what may change a command's bits: neither its name nor its limits do.

    What its files hold is no part of it: which of them it reads is known once it was run, and noted then.
    """
    files = declared(f"command {command.name}", command.files, root)
    return digest(command.words, command.steps, command.variables, files)
