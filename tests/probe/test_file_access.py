"""What lies beside a model, on a real release: what its key covers is imported and read, and nothing else is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tfmatrix.models import files
from tfmatrix.records import CHANGED, InstalledEnvironment, Model

from .client import Answer, Server

pytestmark = pytest.mark.integration

NAMES_ALL = '''
    """names_all: draws what a module and a file beside it say."""

    from pathlib import Path

    import _numbers
    import tensorflow as tf


    def draws():
        return {"x": tf.constant([_numbers.SCALE, int(Path(__file__).with_name("row.txt").read_text())])}
    '''

HIDES_ONE = '''
    """hides_one: opens a file beside it whose name it does not write out."""

    import os

    import tensorflow as tf


    def draws():
        with open(PATH) as row:
            return {"x": tf.constant([int(row.read())])}
    '''

HIDDEN = {
    "as text": 'os.path.join(os.path.dirname(__file__), "row" + ".txt")',
    "as bytes": 'os.fsencode(os.path.join(os.path.dirname(__file__), "row" + ".txt"))',
    "with links followed": 'os.path.join(os.path.realpath(os.path.dirname(__file__)), "row" + ".txt")',
}


@pytest.fixture(scope="module")
def server(made_environment: Callable[..., InstalledEnvironment]) -> Iterator[Server]:
    """Return one probe for all of these tests."""
    with Server(made_environment("2.15.1").interpreter) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of models, with a module and a file beside them."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "names_all.py").write_text(dedent(NAMES_ALL), encoding="utf-8")
    (folder / "_numbers.py").write_text("SCALE = 7\n", encoding="utf-8")
    (folder / "row.txt").write_text("3\n", encoding="utf-8")
    return folder


def planned(folder: Path, name: str) -> Model:
    """Return a model as a plan has it."""
    return next(model for model in files.discover(folder) if model.name == name)


def ask(server: Server, model: Model) -> Answer:
    """Run a model as it was planned."""
    return server.ask(Path(model.path), source=model.source, beside=dict(model.beside))


def test_what_the_key_covers_can_be_imported_and_read(server: Server, folder: Path) -> None:
    """A module and a file that a model names are there for it, and an edit that gives another key gives other bits."""
    before = planned(folder, "names_all")
    first, again = ask(server, before), ask(server, before)
    assert first.outcome == "observed", first.message
    assert first.trace == again.trace
    for name, text in (("row.txt", "4\n"), ("_numbers.py", "SCALE = 8\n")):
        (folder / name).write_text(text, encoding="utf-8")
        after = planned(folder, "names_all")
        assert after.beside != before.beside
        second = ask(server, after)
        assert second.trace["draw/x"] != first.trace["draw/x"]
        before, first = after, second


def test_a_compiled_file_does_not_stand_for_its_module(
    server: Server, folder: Path, made_environment: Callable[..., InstalledEnvironment]
) -> None:
    """A module edited within the second, to the same length, is what its bytes say and not what was compiled."""
    module = folder / "_numbers.py"
    compiling = [made_environment("2.15.1").interpreter, "-m", "compileall", "-q", str(folder)]
    subprocess.run(compiling, check=True)
    assert list(folder.glob("__pycache__/_numbers.*"))
    first, written = ask(server, planned(folder, "names_all")), module.stat()
    module.write_text("SCALE = 8\n", encoding="utf-8")
    os.utime(module, ns=(written.st_atime_ns, written.st_mtime_ns))
    assert ask(server, planned(folder, "names_all")).trace["draw/x"] != first.trace["draw/x"]


@pytest.mark.parametrize("path", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize("linked", ["nothing", "folder", "file"])
def test_a_file_that_the_key_does_not_cover_is_refused(server: Server, folder: Path, path: str, linked: str) -> None:
    """A model that opens what it does not name has failed, whatever the path goes through: it says which and why."""
    (folder / "hides_one.py").write_text(dedent(HIDES_ONE).replace("PATH", path), encoding="utf-8")
    if linked == "file":
        (folder / "row.txt").rename(folder.parent / "row.txt")
        (folder / "row.txt").symlink_to(folder.parent / "row.txt")
    if linked == "folder":
        folder = folder.rename(folder.with_name("elsewhere"))
        folder.with_name("models").symlink_to(folder)
        folder = folder.with_name("models")
    model = planned(folder, "hides_one")
    assert model.beside == ()
    refused = ask(server, model)
    assert (refused.outcome, refused.kind, refused.trace) == ("failed", "BadModel", {})
    assert refused.message == (
        "hides_one.py, line 1: it opens row.txt beside it, which it does not name; write 'row.txt' out in it, "
        "so that a change of that file is noticed"
    )


def test_a_file_that_is_named_may_be_a_link(server: Server, folder: Path) -> None:
    """What a link beside the model leads to is read, and is what the key covers."""
    (folder / "row.txt").rename(folder.parent / "row.txt")
    (folder / "row.txt").symlink_to(folder.parent / "row.txt")
    seen = ask(server, planned(folder, "names_all"))
    assert seen.outcome == "observed", seen.message


@pytest.mark.parametrize("named", [True, False])
def test_a_linked_model_may_read_where_it_really_lies(server: Server, folder: Path, named: bool) -> None:
    """Where a model file is a link, what lies beside the file that it leads to is covered, or refused, all the same."""
    real = folder.with_name("real")
    real.mkdir()
    name = '"column.txt"' if named else '"column" + ".txt"'
    path = f"os.path.join(os.path.dirname(os.path.realpath(__file__)), {name})"
    (real / "hides_one.py").write_text(dedent(HIDES_ONE).replace("PATH", path), encoding="utf-8")
    (real / "column.txt").write_text("3\n", encoding="utf-8")
    (folder / "hides_one.py").symlink_to(real / "hides_one.py")
    model = planned(folder, "hides_one")
    assert dict(model.beside).keys() == ({"../real/column.txt"} if named else set())
    answer = ask(server, model)
    assert answer.outcome == ("observed" if named else "failed"), answer.message
    assert named or "it opens column.txt beside it, which it does not name" in answer.message


def test_a_module_that_the_key_does_not_cover_cannot_be_imported(server: Server, folder: Path) -> None:
    """A module beside a model that is no part of its request is not found."""
    model = planned(folder, "names_all")
    beside = {name: digest for name, digest in model.beside if name != "_numbers.py"}
    refused = server.ask(Path(model.path), source=model.source, beside=beside)
    assert (refused.outcome, refused.kind) == ("failed", "ModuleNotFoundError")
    assert "_numbers" in refused.message


@pytest.mark.parametrize("name", ["row.txt", "_numbers.py"])
@pytest.mark.parametrize("became", ["changed during the run", "is gone"])
def test_a_file_that_changed_since_the_plan_gives_no_result(
    server: Server, folder: Path, name: str, became: str
) -> None:
    """What has not the bytes that the key covers gives no trace, and counts as ended from outside: run again."""
    model = planned(folder, "names_all")
    if became == "is gone":
        (folder / name).unlink()
    else:
        (folder / name).write_text("SCALE = 8\n" if name.endswith(".py") else "4\n", encoding="utf-8")
    refused = ask(server, model)
    assert (refused.outcome, refused.kind, refused.trace) == ("crashed", CHANGED, {})
    assert refused.message == f"names_all.py, line 1: {name} {became}; run again"
