"""What lies beside a model, without a release: the watch on files sees through links, and modules are found by name."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .adopted import file_access, outcomes

Opens = Callable[[Any], None]


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a model, a file and a module beside it, and a folder of the same beginning."""
    folder = tmp_path / "models"
    for name in ("m.py", "row.txt", "_numbers_beside.py", "below/row.txt"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text("SCALE = 7\n", encoding="utf-8")
    (tmp_path / "models.txt").write_text("no file of the folder\n", encoding="utf-8")
    return folder


@pytest.fixture
def opens(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Opens]]:
    """Return a function that admits files beside the model, and returns what happens when a path is opened.

    The real hook could not be taken away again.
    """
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    hooks: list[Callable[[str, tuple[Any, ...]], None]] = []
    monkeypatch.setattr(sys, "addaudithook", hooks.append, raising=False)

    def admit(*names: str, model: Path = folder / "m.py") -> Opens:
        hooks.clear()
        file_access.admit(str(model), {name: sha256(model.parent / name) for name in names})
        (hook,) = hooks
        return lambda path: hook("open", (path, "r", 0))

    yield admit
    sys.modules.pop("_numbers_beside", None)


def refuses(opens: Opens, path: Any) -> str:
    """Return the name that a refusal to open a path tells."""
    with pytest.raises(outcomes.BadModel) as caught:
        opens(path)
    told = str(caught.value)
    name = told.partition(" it opens ")[2].partition(" beside it, which it does not name; ")[0]
    assert told == (
        f"m.py, line 1: it opens {name} beside it, which it does not name; write {name!r} out in it, "
        "so that a change of that file is noticed"
    )
    return name


def test_what_the_model_names_may_be_opened(folder: Path, opens: Callable[..., Opens]) -> None:
    """The model, what it names, and everything outside of its folder are open to it."""
    look = opens("row.txt", "below/row.txt")
    for path in ("m.py", "row.txt", "below/row.txt", "below/../row.txt", "../models.txt"):
        look(str(folder / path))
    look(__file__)
    look(3)  # a descriptor


@pytest.mark.parametrize("name", ["row.txt", "below/row.txt", "_numbers_beside.py", "not_there.txt"])
def test_what_the_model_does_not_name_is_refused(folder: Path, opens: Callable[..., Opens], name: str) -> None:
    """Any other file of the folder is refused by its path from there, also one that does not exist."""
    look = opens()
    assert refuses(look, str(folder / name)) == name
    assert refuses(look, str(folder / "below" / ".." / name)) == name
    assert refuses(look, str(folder / name).encode()) == name


def test_a_path_from_the_working_folder_is_seen(
    folder: Path, opens: Callable[..., Opens], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path is taken from where the process is."""
    monkeypatch.chdir(folder / "below")
    assert refuses(opens(), "../row.txt") == "row.txt"


def test_a_link_into_the_folder_is_followed(folder: Path, opens: Callable[..., Opens]) -> None:
    """A path elsewhere that leads to a file of the folder is refused as that file."""
    link = folder.parent / "elsewhere.txt"
    link.symlink_to(folder / "row.txt")
    assert refuses(opens(), str(link)) == "row.txt"
    opens("row.txt")(str(link))


def test_a_link_in_the_folder_is_refused_by_its_own_name(folder: Path, opens: Callable[..., Opens]) -> None:
    """A file of the folder that leads out of it is beside the model all the same."""
    (folder / "link.txt").symlink_to(folder.parent / "models.txt")
    assert refuses(opens(), str(folder / "link.txt")) == "link.txt"
    opens("link.txt")(str(folder / "link.txt"))


def test_a_folder_behind_a_link_is_watched_by_both_names(folder: Path, opens: Callable[..., Opens]) -> None:
    """Where the model's folder is a link, its files are seen by way of it and where they really lie."""
    linked = folder.with_name("linked")
    linked.symlink_to(folder)
    look = opens(model=linked / "m.py")
    assert refuses(look, str(linked / "row.txt")) == "row.txt"
    assert refuses(look, str(folder / "row.txt")) == "row.txt"
    look(str(folder / "m.py"))
    look = opens("row.txt", model=linked / "m.py")
    look(str(linked / "row.txt"))
    look(str(folder / "row.txt"))


def test_what_lies_beside_a_linked_models_file_is_watched(folder: Path, opens: Callable[..., Opens]) -> None:
    """Where the model is a link, the folder of the file that it leads to is watched too."""
    (folder.parent / "other").mkdir()
    linked = folder.parent / "other" / "m.py"
    linked.symlink_to(folder / "m.py")
    look = opens(model=linked)
    assert refuses(look, str(folder / "row.txt")) == "row.txt"
    look(str(folder / "m.py"))
    look(str(linked))


def test_a_linked_model_in_a_linked_folder_has_three_places(folder: Path, opens: Callable[..., Opens]) -> None:
    """Its folder by the link's name, that folder itself, and the folder of the model's own file are all watched."""
    real, linked = folder.parent / "real", folder.parent / "linked"
    real.mkdir()
    (real / "m.py").symlink_to(folder / "m.py")
    linked.symlink_to(real)
    look = opens(model=linked / "m.py")
    for place in (linked, real, folder):
        assert refuses(look, str(place / "row.txt")) == "row.txt"


def test_only_opening_is_watched(folder: Path, opens: Callable[..., Opens], monkeypatch: pytest.MonkeyPatch) -> None:
    """Other events of the interpreter pass, whatever they carry."""
    hooks: list[Any] = []
    opens()
    monkeypatch.setattr(sys, "addaudithook", hooks.append)
    file_access.admit(str(folder / "m.py"), {})
    hooks[0]("os.listdir", (str(folder / "row.txt"),))
    hooks[0]("import", ())


def test_a_module_beside_the_model_is_run_from_its_source(folder: Path, opens: Callable[..., Opens]) -> None:
    """A module that the model names is imported from its folder, and knows its file."""
    opens("_numbers_beside.py")
    module = importlib.import_module("_numbers_beside")
    assert module.SCALE == 7
    assert module.__file__ == str(folder / "_numbers_beside.py")


def test_no_other_file_is_a_module(opens: Callable[..., Opens]) -> None:
    """A module that the model does not name is not found, and a text file is none."""
    opens("row.txt", "below/row.txt")
    for name in ("_numbers_beside", "row", "below.row"):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)


def test_a_file_that_is_not_what_was_planned_is_told(folder: Path, opens: Callable[..., Opens]) -> None:
    """A file that changed or went since the plan ends the trial before the model runs."""
    del opens  # nothing is admitted
    with pytest.raises(outcomes.Changed, match=r"^m\.py, line 1: row\.txt changed during the run; run again$"):
        file_access.admit(str(folder / "m.py"), {"row.txt": "0" * 64})
    with pytest.raises(outcomes.Changed, match=r"^m\.py, line 1: gone\.txt is gone; run again$"):
        file_access.admit(str(folder / "m.py"), {"gone.txt": "0" * 64})
