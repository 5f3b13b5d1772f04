"""Writing planned changes, all of them or none, and showing them."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.pins.document import decode
from tfmatrix.pins.planning import Changes, Edit


@dataclass(frozen=True)
class _Staged:
    """A file's old and new bytes, each whole beside it, so that either takes its place by a rename."""

    edit: Edit
    real: Path
    new: Path
    old: Path


def apply(changes: Changes) -> None:
    """Write every edit, or none of them.

    A file keeps its mode; one behind a symbolic link is written, and the link stays. Raises ``UserError`` where
    a file is no longer what was planned on, is read-only, or cannot be written; every file is then as it was.
    """
    for edit in changes.edits:
        _check(edit)
    with contextlib.ExitStack() as stack:
        staged = [_stage(edit, stack) for edit in changes.edits]
        replaced: list[_Staged] = []
        try:
            for each in staged:
                _check(each.edit)
                replaced.append(each)  # before, so that an interrupt between the two is undone as well
                each.new.replace(each.real)
        except BaseException as error:
            _restore(replaced)
            if isinstance(error, OSError):
                raise UserError(
                    f"{each.edit.path} cannot be written: {error.strerror or error}; nothing was changed."
                ) from None
            raise


def _check(edit: Edit) -> None:
    """Raise ``UserError`` where a file is not what the edit was planned on, or must not be written."""
    try:
        content, mode = edit.path.read_bytes(), edit.path.stat().st_mode
    except OSError as error:
        raise UserError(f"{edit.path} cannot be read: {error.strerror}; nothing was changed.") from None
    if content != edit.before:
        raise UserError(f"{edit.path} was changed in the meantime; nothing was changed, try again.")
    if not mode & 0o222 or not os.access(edit.path, os.W_OK):  # a rename would not ask, and root is not asked
        raise UserError(f"{edit.path} is read-only; nothing was changed.")


def _stage(edit: Edit, stack: contextlib.ExitStack) -> _Staged:
    """Write a file's old and new bytes beside it; what is left of them is removed at the end."""
    real = edit.path.resolve()
    try:
        new, old = (_write_beside(real, content, stack) for content in (edit.after, edit.before))
    except OSError as error:
        raise UserError(f"{edit.path} cannot be written: {error.strerror}; nothing was changed.") from None
    return _Staged(edit, real, new, old)


def _write_beside(real: Path, content: bytes, stack: contextlib.ExitStack) -> Path:
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}-")
    path = Path(name)
    stack.callback(path.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
    shutil.copymode(real, path)
    with contextlib.suppress(PermissionError):  # only root may give a file away
        status = real.stat()
        os.chown(path, status.st_uid, status.st_gid)
    return path


def _restore(replaced: list[_Staged]) -> None:
    """Put the old bytes back; raises ``UserError`` that names the files where that failed."""
    for each in reversed(replaced):
        with contextlib.suppress(OSError):  # what counts is looked at below
            each.old.replace(each.real)
    changed = [str(each.edit.path) for each in replaced if each.real.read_bytes() != each.edit.before]
    if changed:
        raise UserError(f"writing failed, and these files could not be restored: {', '.join(changed)}.")


def unified_diff(changes: Changes) -> str:
    """Return the edits as a unified diff, with paths relative to the project's folder."""
    return "".join(line for edit in changes.edits for line in _diff(edit, changes.root))


def _diff(edit: Edit, root: Path) -> Iterator[str]:
    name = os.path.relpath(edit.path, root.absolute())
    before, after = (_lines(content, edit.path) for content in (edit.before, edit.after))
    for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(content: bytes, path: Path) -> list[str]:
    """Return a file's lines as a diff has them: parted at line feeds alone."""
    text, _ = decode(content, path, declared=True)
    return [line + "\n" for line in text.split("\n")[:-1]] + ([last] if (last := text.split("\n")[-1]) else [])
