"""Opening the store of a project."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.store.files import Folders
from tfmatrix.store.store import Store


def open_store(config: Config, *elsewhere: Path) -> Store:
    """Open the store of a project; a file that a trial read and that the project has not may lie elsewhere too.

    Raises ``UserError`` where its path is that of something else, of which not a byte is changed.
    """
    path = config.under_root(config.store)
    _require_a_store(path)
    return Store(path, Folders(config.root, *elsewhere))


def _require_a_store(path: Path) -> None:
    """Raise ``UserError`` for another program's database; what is no database at all opens as no store."""
    if not path.is_file():
        return
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as connection:
            connection.text_factory = bytes  # a name in a damaged file need be no text
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        return  # which opening it says better
    except UnicodeDecodeError:  # of SQLite's own message about what is damaged
        raise UserError(
            f"the store {path} is damaged: its tables have no names; move the file away to start a new one, "
            "or, if it is no store, have `store` name another file."
        ) from None
    if tables and not {b"meta", b"trials", b"traces", b"tensors"} <= tables:
        raise UserError(f"the store {path} is another program's database; have `store` name another file.")
