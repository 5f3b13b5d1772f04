"""pyproject.toml, Pipfile, uv.lock and poetry.lock: what is taken from them, and what is changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tfmatrix import pins
from tfmatrix.errors import UserError
from tfmatrix.pins import toml_files
from tfmatrix.pins.document import places

from .projects import HASHES, NEW, find_pins, found, repin, write

PEP_621 = """\
# tensorflow==2.15.1, caf\u00e9\r
[project]\r
name = "x" # tensorflow==2.15.1\r
version = "2.15.1"\r
dependencies = [\r
\t'tensorflow==2.15.1; python_version < "3.13"', # tensorflow==2.15.1\r
  "numpy>=1.23",\r
]\r
optional-dependencies.gpu = [\"\"\"tensorflow[and-cuda]==2.15.1\"\"\"]\r
[dependency-groups]\r
dev = [{include-group = "x"}, "keras == 2.15.0"]\r
x = ["pytest", "tensorflow == 2.15.1"]\r
[tool.uv]\r
constraint-dependencies = ["tensorflow==2.15.1"]\r
[tool.hatch.envs.test]\r
extra-dependencies = ["tf-keras==2.15.1"]\r
[tool.other]\r
versions = ["tensorflow==2.15.1"]"""

POETRY = """\
[tool.poetry]
name = "x"
version = "2.15.1"
[tool.poetry.dependencies]
python = "^3.10"
tensorflow = { version = "2.15.1", extras = ["and-cuda"], markers = "sys_platform == 'linux'" } # 2.15.1
numpy = '==1.26.4'
[tool.poetry.dev-dependencies]
tf-keras = ">=2.15.1"
[tool.poetry.group.dev.dependencies]
Keras = "= 2.15.0"
[[tool.poetry.group.two.dependencies.TensorFlow]]
version = "2.15.1"
python = "<2.15.1"
[[tool.poetry.group.two.dependencies.TensorFlow]]
version = "2.15.1"
"""

PIPFILE = """\
[[source]]
url = "https://example.org/2.15.1"
name = "tensorflow"
[packages]
tensorflow = {version = "==2.15.1", extras = ["and-cuda"]} # ==2.15.1
numpy = "*"
[dev-packages]
keras = "==2.15.0"
[ours]
tf-keras="==2.15.1"
[requires]
python_version = "3.10"
"""


def test_requirements_of_pyproject_are_found_with_line_and_key(tmp_path: Path) -> None:
    """Project, extras, groups and the lists of tools are read; comments and other tables are not."""
    write(tmp_path, {"pyproject.toml": PEP_621})
    assert found(tmp_path) == [
        ("pyproject.toml", "line 6, project.dependencies[0]", "tensorflow", "2.15.1"),
        ("pyproject.toml", "line 9, project.optional-dependencies.gpu[0]", "tensorflow", "2.15.1"),
        ("pyproject.toml", "line 11, dependency-groups.dev[1]", "keras", "2.15.0"),
        ("pyproject.toml", "line 12, dependency-groups.x[1]", "tensorflow", "2.15.1"),
        ("pyproject.toml", "line 14, tool.uv.constraint-dependencies[0]", "tensorflow", "2.15.1"),
        ("pyproject.toml", "line 16, tool.hatch.envs.test.extra-dependencies[0]", "tf-keras", "2.15.1"),
    ]


def test_requirements_of_pyproject_are_changed_and_nothing_else(tmp_path: Path) -> None:
    """Comments, quotes, tabs, carriage returns, the project's own version and the missing last line end stay."""
    expected = (
        PEP_621.replace("\t'tensorflow==2.15.1", "\t'tensorflow==2.21.0")
        .replace("[and-cuda]==2.15.1", "[and-cuda]==2.21.0")
        .replace("keras == 2.15.0", "keras == 3.12.0")
        .replace("tensorflow == 2.15.1", "tensorflow == 2.21.0")
        .replace('constraint-dependencies = ["tensorflow==2.15.1', 'constraint-dependencies = ["tensorflow==2.21.0')
        .replace("tf-keras==2.15.1", "tf-keras==2.21.0")
    )
    assert repin(tmp_path, PEP_621, "pyproject.toml") == expected


def test_poetrys_tables_are_changed_and_nothing_else(tmp_path: Path) -> None:
    """Bare versions, tables with extras, groups and lists of tables are pins; a range is none."""
    expected = (
        POETRY.replace('tensorflow = { version = "2.15.1"', 'tensorflow = { version = "2.21.0"')
        .replace("==1.26.4", "==2.2.6")
        .replace("= 2.15.0", "= 3.12.0")
        .replace(']]\nversion = "2.15.1"', ']]\nversion = "2.21.0"')
    )
    assert repin(tmp_path, POETRY, "pyproject.toml") == expected


def test_a_pipfile_is_changed_and_nothing_else(tmp_path: Path) -> None:
    """Every category of packages is read, plain or as a table; addresses of indexes are not."""
    expected = (
        PIPFILE.replace('{version = "==2.15.1"', '{version = "==2.21.0"')
        .replace("==2.15.0", "==3.12.0")
        .replace('tf-keras="==2.15.1', 'tf-keras="==2.21.0')
    )
    assert repin(tmp_path, PIPFILE, "Pipfile") == expected


@pytest.mark.parametrize(
    ("file", "content", "where"),
    [
        ("uv.lock", '[[package]]\nname = "tensorflow"\nversion = "2.15.1"\n', "package tensorflow"),
        ("poetry.lock", '[[package]]\nname = "TensorFlow"\nversion = "2.15.1"\n', "package TensorFlow"),
        ("Pipfile.lock", '{"default": {"tensorflow": {"version": "==2.15.1"}}}', "package tensorflow in default"),
    ],
)
def test_locks_are_pins_with_an_owner(tmp_path: Path, file: str, content: str, where: str) -> None:
    """What a tool locked is what the project pins, and the pin says which tool owns the file."""
    write(tmp_path, {file: content})
    owner = {"uv.lock": "uv", "poetry.lock": "poetry", "Pipfile.lock": "pipenv"}[file]
    assert find_pins(tmp_path) == (pins.Pin(tmp_path / file, "tensorflow", "2.15.1", where, owner),)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        (
            "pyproject.toml",
            "[project\n",
            "pyproject.toml is no TOML: Expected ']' at the end of a table declaration (at line 1",
        ),
        ("pyproject.toml", "[project]\ndependencies = 'x'", "pyproject.toml: project.dependencies must be a list"),
        (
            "pyproject.toml",
            "[project]\ndependencies = ['a=1']",
            "pyproject.toml, line 2, project.dependencies[0]: 'a=1' cannot be read",
        ),
        ("pyproject.toml", "[tool.poetry]\ndependencies = 1", "tool.poetry.dependencies must be a table"),
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\nnumpy = '=>1'",
            "line 2, tool.poetry.dependencies.numpy: '=>1' cannot be read",
        ),
        ("Pipfile", "packages = 1", "Pipfile: packages must be a table"),
        ("Pipfile", "[packages]\nkeras = '2.15.0'", "Pipfile, line 2, packages.keras: '2.15.0' cannot be read"),
        ("uv.lock", "package = 1", "uv.lock: `package` is no list of tables"),
        ("Pipfile.lock", "{\n,", "Pipfile.lock is no JSON: Expecting property name enclosed in double quotes: line 2"),
        ("Pipfile.lock", "[]", "Pipfile.lock is no lock of pipenv"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_said(tmp_path: Path, file: str, content: str, says: str) -> None:
    """The sentence names the file, and the line or key."""
    write(tmp_path, {file: content, "requirements.txt": "tensorflow==2.15.1"})
    with pytest.raises(UserError, match=re.escape(says)):
        find_pins(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[project]\ndependencies = ['tensorflow==2.15.1', \"tensorflow<2.16; python_version<'3.9'\"]",
         "pyproject.toml, line 2, project.dependencies[1]: \"tensorflow<2.16; python_version<'3.9'\" does not admit"),
        ('[project]\ndependencies = ["tensorflow==2\\u002e15.1"]',
         "project.dependencies[0]: the version in 'tensorflow==2.15.1'"),
        ("[tool.poetry.dependencies]\ntensorflow = '2.15.1'\nkeras = '~2.15'",
         "line 3, tool.poetry.dependencies.keras: '~2.15'"),
        ("[tool.poetry.dependencies]\ntensorflow = '2.15.1'\nkeras = {path = '../k'}",
         "keras.path: '../k' is an address"),
        ("[tool.poetry.dependencies]\ntensorflow = [{version='2.10.1', python='<3.8'}, {version='2.15.1'}]",
         "2.10.1 in pyproject.toml, line 2, tool.poetry.dependencies.tensorflow[0].version; tensorflow 2.15.1 in"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_is_said_with_line_and_key(tmp_path: Path, content: str, says: str) -> None:
    """Ranges that exclude the new version, escapes, addresses and several versions stop the plan."""
    write(tmp_path, {"pyproject.toml": content})
    with pytest.raises(UserError, match=re.escape(says)):
        pins.plan_changes(tmp_path, NEW, HASHES)


def test_few_places_are_tried_for_a_short_version() -> None:
    """Each try parses the file, so a digit is not looked for where its neighbours are others than the pin's."""
    others = "".join(f"[x{at}]\ny = ['3', 3.3] # keras=3, keras==33\n" for at in "abcdefgh")
    text = f"[project]\ndependencies = ['keras==3']\n{others}"
    (mention,) = toml_files.parse_pyproject(text, Path("pyproject.toml")).mentions
    assert list(places(text, "3", mention)) == [text.index("3")]


def test_entries_that_are_no_requirements_are_left_to_their_tool(tmp_path: Path) -> None:
    """PDM's editable entries are no requirements, and no error."""
    write(
        tmp_path, {"pyproject.toml": "[tool.pdm.dev-dependencies]\nx = ['-e file:///y#egg=y', 'tensorflow==2.15.1']\n"}
    )
    assert [pin[3] for pin in found(tmp_path)] == ["2.15.1"]
