"""The place of the store: what is no store is neither opened as one nor written over, by anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from building import fill, make_project, ones
from cli.conftest import tell  # noqa: F401  # a fixture, found by its name
from cli.project import Tell
from tfmatrix import cli
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.store.opening import open_store
from tfmatrix.store.store import Store


def a_database(path: Path) -> None:
    """Make another program's database."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customers (name TEXT)")
        connection.execute("INSERT INTO customers VALUES ('a')")
        connection.commit()


def one_with_a_word_of_ours(path: Path) -> None:
    """Make another program's database that has a table called as one of ours."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE meta (schema INTEGER)")
        connection.execute("INSERT INTO meta VALUES (6)")
        connection.commit()


def one_whose_names_are_no_text(path: Path) -> None:
    """Make a database in which the name of a table is no UTF-8."""
    a_database(path)
    path.write_bytes(path.read_bytes().replace(b"customers", b"customer\xff"))


def one_whose_tables_are_no_text(path: Path) -> None:
    """Make a database whose schema is malformed, in words that are no UTF-8."""
    a_database(path)
    path.write_bytes(path.read_bytes().replace(b"customers (name TEXT)", b"c\xc6stomers (na)e TEXT("))


def a_text(path: Path) -> None:
    """Make a text."""
    path.write_text("tensorflow==2.15.1\n", encoding="utf-8")


def a_folder(path: Path) -> None:
    """Make a folder."""
    path.mkdir()


@pytest.mark.parametrize("command", ["report", "check-store", "gc"])
@pytest.mark.parametrize(
    "make",
    [a_database, one_with_a_word_of_ours, one_whose_names_are_no_text, one_whose_tables_are_no_text, a_text, a_folder],
)
def test_what_is_no_store_stays_as_it_is(
    tmp_path: Path,
    tell: Tell,  # noqa: F811  # pytest gives a test what it names
    make: Callable[[Path], None],
    command: str,
) -> None:
    """Another program's database, a text and a folder keep every byte, and the sentence names the key to mend."""
    make_project(tmp_path, store="other")
    make(tmp_path / "other")
    before = (tmp_path / "other").read_bytes() if (tmp_path / "other").is_file() else b""
    said = tell(command)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert "have `store` name" in said.err
    assert len(said.err.splitlines()) == 1
    assert (not before) or (tmp_path / "other").read_bytes() == before
    assert not list(tmp_path.glob("other-*"))


@pytest.mark.parametrize("name", ["matrix.md", "matrix.json"])
def test_no_report_is_written_over_a_store(tmp_path: Path, tell: Tell, name: str) -> None:  # noqa: F811
    """A store in the place of a report is told, nothing of a report is written, and every trial is still there."""
    config = make_project(tmp_path, store=f"reports/{name}")
    plan = make_plan(config)
    with open_store(config) as store:
        fill(store, plan, lambda _: ones())
    said = tell("report")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert f"{name} is a database, which a report would replace" in said.err
    assert [path.name for path in (tmp_path / "reports").iterdir()] == [name]
    with Store(tmp_path / "reports" / name) as store:
        assert len(store.settled()) == sum(len(trials) for trials in plan.trials.values())


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    """What a killed process left empty is a store that has nothing yet."""
    config = make_project(tmp_path, store="empty")
    (tmp_path / "empty").touch()
    with open_store(config) as store:
        assert store.settled() == set()
