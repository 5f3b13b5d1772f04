"""Builders of tables: functions found by their names in a project's modules, and what is told of one that is not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .adopted import evidence, loading, named, outcomes, reads

FILES = {
    "src/mnist/__init__.py": "",
    "src/mnist/model.py": """
import os
from mnist import sizes
UNITS = sizes.UNITS
class Nets:
    @staticmethod
    def build():
        return "net"
def build(units=UNITS):
    return units
def other(units):
    return units
def none():
    raise NotImplementedError("not in this release")
STARTED = os.environ.get("TFMATRIX_START")
""",
    "src/mnist/sizes.py": "UNITS = 4\n",
    "rows.py": "def sample(rng):\n    with open('data/rows.csv') as file:\n        return file.read()\n",
    "needs.py": "import a_package_that_is_not_there\n",
    "data/rows.csv": "1,2\n",
    "a-script.py": "",
}

Load = Callable[..., Any]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Return a function that loads a builder of a project; nothing of it is left behind."""
    project = tmp_path / "project"
    for name, content in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("TFMATRIX_START", "{}")
    kept = dict(sys.modules)

    def loaded(build: str = "mnist.model:build", data: str = "rows:sample", files: Any = None, **constants: Any) -> Any:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        told = {"build": build, "data": data, "constants": constants}
        names = list(FILES) if files is None else files
        request = {"path": "digits", "builder": told, "project": str(project), "files": names}
        return named.load_named(request, str(scratch), reads.Reads(request, str(scratch)))

    yield loaded
    for name in set(sys.modules) - set(kept):
        del sys.modules[name]


def test_functions_stand_in_for_those_of_a_file(load: Load, tmp_path: Path) -> None:
    """Modules are found below the root and below src, and what they open by a relative path lies there."""
    model = load(EPOCHS=2, LOSS="mse")
    assert (model.build(), model.data(None)) == (4, "1,2\n")
    assert (model.EPOCHS, model.LOSS, hasattr(model, "BATCH")) == (2, "mse", False)
    assert Path.cwd() == tmp_path / "scratch" / "work"
    assert sys.modules["mnist.model"].STARTED is None


def test_a_function_may_be_a_classes(load: Load) -> None:
    """What is behind the colon may have dots."""
    assert load("mnist.model:Nets.build").build() == "net"


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "function": ({"build": "mnist.model:biuld"}, "digits: module mnist.model has no 'biuld'; did you mean 'build'?"),
    "within": ({"build": "mnist.model:Nets.make"}, "digits: Nets of module mnist.model has no 'make'; there are build"),
    "module": ({"build": "mnist.modle:build"}, "digits: there is no module mnist.modle; did you mean 'mnist.model'?"),
    "package": ({"data": "row:sample"}, "digits: there is no module row; did you mean 'rows'?"),
    "nothing like it": ({"data": "zzz:s"}, "digits: there is no module zzz; there are mnist, mnist.model, mnist.sizes"),
    "no files": (
        {"data": "zzz:s", "build": "os:getcwd", "files": []},
        "digits: there is no module zzz; the project has",
    ),
    "no function": ({"build": "mnist.model:UNITS"}, "digits: mnist.model:UNITS must be a function, but is a int"),
    "parameters": (
        {"build": "mnist.model:other"},
        "model.py, line 11: mnist.model:other must be called with nothing, but needs units",
    ),
}


@pytest.mark.parametrize(("asked", "told"), MISTAKES.values(), ids=MISTAKES)
def test_what_is_not_there_is_told_with_the_nearest(load: Load, asked: dict[str, Any], told: str) -> None:
    """A slip in a table is the user's mistake, and names what may be meant."""
    with pytest.raises(outcomes.BadModel) as refused:
        load(**asked)
    assert str(refused.value).startswith(told)


def test_a_package_that_a_module_needs_is_another_matter(load: Load) -> None:
    """The user's module is there: what it imports is not."""
    with pytest.raises(ModuleNotFoundError, match="a_package_that_is_not_there"):
        load(data="needs:sample")


def test_what_is_broken_is_placed_where_it_was_written(load: Load) -> None:
    """A function has its file and line, a constant the table's name."""
    model = load(LOSS="mse")
    assert str(loading.broken(model, "data", "is bad")) == "rows.py, line 1: is bad"
    assert str(loading.broken(model, "LOSS", "is bad")) == "digits: is bad"
    assert str(loading.broken(model, "", "is bad")) == "digits: is bad"


def test_what_a_users_function_raises_is_placed_in_its_file(load: Load, tmp_path: Path) -> None:
    """An exception has the innermost line of the user's, and a function may say that it does not exist here."""
    model = load("mnist.model:none")
    with pytest.raises(NotImplementedError) as raised:
        model.build()
    folder = os.fspath(tmp_path / "scratch" / "work")
    path = evidence.innermost_file(raised.value, folder, "digits")
    assert path == f"{folder}/src/mnist/model.py"
    told = evidence.of_exception(raised.value, path)
    assert (told["outcome"], told["message"], told["where"]) == ("unsupported", "not in this release", "line 14")
    assert evidence.innermost_file(ValueError(), folder, "digits") == "digits"
