"""Writing what was found: `[tool.tfmatrix]` into a pyproject.toml, and a noxfile, both or neither."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from tfmatrix.errors import UserError
from tfmatrix.pins.applying import apply
from tfmatrix.pins.planning import Changes, Edit
from tfmatrix.reading import bytes_of, reading, toml_in

NOXFILE = '''"""The sessions of tfmatrix: `nox -l` lists them, `nox -s matrix` runs the models."""

from tfmatrix.sessions import *  # noqa: F403
'''
"""A noxfile of a project that has none."""

LINE = NOXFILE.splitlines()[2]
"""What is added to one that there is."""


def table_of(settings: Mapping[str, Any]) -> str:
    """Return `[tool.tfmatrix]` as it is written."""
    document = tomlkit.document()
    _fill(document, settings)
    return _ended(tomlkit.dumps(document))


def with_table(content: bytes, settings: Mapping[str, Any], name: str) -> bytes:
    """Return a pyproject.toml with some settings in `[tool.tfmatrix]`, and every line that it had.

    Raises ``UserError`` where the file can't be read, and where it would not keep what it says.
    """
    with reading(name):
        text = content.decode("utf-8")
        before = toml_in(text)
    try:
        document = tomlkit.parse(text)
        _fill(document, settings)
        after = _ended(tomlkit.dumps(document))
        if "\r\n" in text:
            after = after.replace("\r\n", "\n").replace("\n", "\r\n")
        kept = _keeps(text, after) and toml_in(after) == _merged(before, settings)
    except (TOMLKitError, ValueError, TypeError, AttributeError, RecursionError):
        kept = False
    if not kept:
        raise UserError(
            f"no table can be added to {name} with every line kept as it is; write it by hand, as it is shown "
            "without --write."
        )
    return after.encode("utf-8")


def _ended(text: str) -> str:
    return text.rstrip("\n") + "\n"


def _fill(document: tomlkit.TOMLDocument, settings: Mapping[str, Any]) -> None:
    """Set each setting in the table of tfmatrix, the tables of models behind everything else."""
    tool = document.setdefault("tool", tomlkit.table(is_super_table=True))
    table = tool.setdefault("tfmatrix", tomlkit.table())
    for key, value in settings.items():
        if key == "models":
            table[key] = _models(value)
        elif isinstance(value, Mapping):
            table[key] = tomlkit.inline_table()
            table[key].update(value)
        else:
            table[key] = value


def _models(value: Mapping[str, Mapping[str, Any]]) -> Table:
    models = tomlkit.table(is_super_table=True)
    for name, inner in value.items():
        one = tomlkit.table()
        one.update(inner)
        models[name] = one
    return models


def _merged(before: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file is to say that said something before."""
    tool = dict(before.get("tool", {}))
    tool["tfmatrix"] = {**tool.get("tfmatrix", {}), **settings}
    return {**before, "tool": tool}


def _keeps(before: str, after: str) -> bool:
    """Return whether every line of a text is in another one, in its order; blank ones may be more or fewer."""
    rest = iter([line.rstrip() for line in after.splitlines()])
    return all(line.rstrip() in rest for line in before.splitlines() if line.strip())


def write(root: Path, settings: Mapping[str, Any], *, noxfile: bool) -> None:
    """Write the table where there are settings, and a noxfile where one is wanted; all of it or nothing.

    Raises ``UserError`` where a file can't be read or written; every file is then as it was.
    """
    path = root / "pyproject.toml"
    with contextlib.ExitStack() as undo:
        if noxfile:
            _create(root / "noxfile.py", NOXFILE.encode("utf-8"), undo)
        if settings:
            before = read(path)
            if before is None:
                _create(path, table_of(settings).encode("utf-8"), undo)
            else:
                after = with_table(before, settings, path.name)
                apply(Changes((Edit(path, before, after),), (), root))
        undo.pop_all()


def read(path: Path) -> bytes | None:
    """Return the content of a file, or None where there is none; raises ``UserError`` where it can't be read."""
    if not path.exists() and not path.is_symlink():
        return None
    with reading(str(path)):
        return bytes_of(path)


def _create(path: Path, content: bytes, undo: contextlib.ExitStack) -> None:
    """Write a new file whole; it is removed again where something behind it fails."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.chmod(0o666 & ~_umask())
            os.link(beside, path)  # and not a rename, which would write over what somebody wrote in the meantime
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}; nothing was changed.") from None
    undo.callback(path.unlink, missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
