"""`tfmatrix init` on small projects: what it shows, writes, leaves alone and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfmatrix import cli, config

from .project import Tell

TRAIN = 'import tensorflow as tf\n\nif __name__ == "__main__":\n    tf.keras.Sequential().fit()\n'
NET = "import keras\n\ndef build(): pass\n\ndef data(): pass\n"


@pytest.fixture(autouse=True)
def _no_outer_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have git find no repository above the test's folder."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def write(folder: Path, **files: str) -> None:
    """Write files; a double underscore in a name is its dot."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")


def content(folder: Path) -> dict[str, str]:
    """Return what lies in a folder."""
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.is_file()}


def test_it_shows_what_it_would_write_and_why_and_writes_nothing(tmp_path: Path, tell: Tell) -> None:
    """Each thing has a line with what it is told by, and the table is shown as it would be."""
    write(tmp_path, train__py=TRAIN, serve__py="import keras\nif __name__ == '__main__':\n    serve()\n")
    write(tmp_path, requirements__txt="tensorflow==2.12.1\n")
    before = content(tmp_path)
    said = tell("init")
    assert (said.code, said.err) == (cli.SAME, "")
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "baseline 2.12.1 2.12.1 in requirements.txt, line 1" in lines
    assert "train.py, the model train imports TensorFlow or Keras, and trains" in lines
    assert "serve.py imports TensorFlow or Keras, but does not seem to train: no table" in lines
    assert "\n[tool.tfmatrix.models.train]\n" in said.out
    assert "`tfmatrix init --write` writes it" in said.out
    assert content(tmp_path) == before


def test_what_it_writes_is_a_project_and_the_second_time_it_writes_nothing(tmp_path: Path, tell: Tell) -> None:
    """A folder without any configuration becomes one that every command takes."""
    write(tmp_path, train__py=TRAIN, net__py=NET)
    first = tell("init", "--write")
    assert (first.code, first.err) == (cli.SAME, "")
    assert "Written: pyproject.toml." in first.out
    found = config.load(tmp_path)
    assert [one.words for one in found.commands] == [("python", "train.py")]
    assert [one.model for one in found.builders] == ["net:build"]
    before = content(tmp_path)
    for arguments in (["init"], ["init", "--write"]):
        again = tell(*arguments)
        assert (again.code, again.err) == (cli.SAME, "")
        assert again.out == f"{tmp_path}/pyproject.toml is configured already: nothing to write.\n"
    assert content(tmp_path) == before
    assert tell("cells").code == cli.SAME


def test_packages_and_pythons_are_written_where_they_can_be(tmp_path: Path, tell: Tell) -> None:
    """What no lock can hold is left out, with why, so that the next command takes what was written."""
    write(tmp_path, train__py=TRAIN, requirements__txt="tensorflow==2.15.1\npandas\n")
    (tmp_path / ".python-version").write_text("3.12\n", encoding="utf-8")
    assert tell("init", "--write").code == cli.SAME
    found = config.load(tmp_path)
    assert (found.requirements, found.python, found.python_for) == (
        ("-r requirements.txt",),
        "3.12",
        (("2.15.1", "3.11"),),
    )
    assert tell("cells").code == cli.SAME


def test_a_saved_model_is_one_of_the_models(tmp_path: Path, tell: Tell) -> None:
    """Its table is one that every command takes."""
    (tmp_path / "served.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    assert tell("init", "--write").code == cli.SAME
    assert [(one.name, one.path) for one in config.load(tmp_path).model_files] == [("served", "served.tflite")]
    assert tell("cells").code == cli.SAME


def test_a_requirement_that_cannot_be_locked_is_left_out_and_told(tmp_path: Path, tell: Tell) -> None:
    """Written, it would have every command refuse the project."""
    write(tmp_path, train__py=TRAIN, requirements__txt="tensorflow==2.15.1\n./a.whl\n")
    said = tell("init", "--write")
    assert "left out: requirements.txt has './a.whl', which is an address or a path" in " ".join(said.out.split())
    assert config.load(tmp_path).requirements == ()
    assert tell("cells").code == cli.SAME


def test_the_table_is_added_behind_what_is_there(tmp_path: Path, tell: Tell) -> None:
    """Comments are kept, and what an unfinished table says is not said again."""
    write(tmp_path, train__py=TRAIN, pyproject__toml="# mine\n[tool.tfmatrix]\nbaseline = '2.9.3'  # old\n")
    assert tell("init", "--write").code == cli.SAME
    text = content(tmp_path)["pyproject.toml"]
    assert text.startswith("# mine\n[tool.tfmatrix]\nbaseline = '2.9.3'  # old\nversions = ")
    assert config.load(tmp_path).baseline == "2.9.3"


def test_what_no_table_asks_for_is_told_where_all_is_configured(tmp_path: Path, tell: Tell) -> None:
    """A script that is new is named, and the file stays as it is."""
    table = '[tool.tfmatrix.models.one]\ncommand = ["python", "-m", "one"]\n'
    write(tmp_path, one__py=TRAIN, two__py=TRAIN, pyproject__toml=table)
    write(tmp_path, net__py=NET)
    said = tell("init", "--write")
    assert said.code == cli.SAME
    assert "two.py" in said.out
    assert "net.py" in said.out
    assert "configured already" in said.out
    assert content(tmp_path)["pyproject.toml"] == table


def test_a_project_is_that_around_the_folder(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of a configured project no second one is begun."""
    write(tmp_path, train__py=TRAIN)
    tell("init", "--write")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert "configured already" in tell("init", "--write").out
    assert list((tmp_path / "sub").iterdir()) == []


def test_model_files_alone_need_no_table_of_models(tmp_path: Path, tell: Tell) -> None:
    """The table that makes the folder a project is written all the same."""
    (tmp_path / "reference_models").mkdir()
    write(tmp_path / "reference_models", mlp__py=NET, _own__py=NET)
    said = tell("init", "--write")
    assert "has model files (1)" in said.out
    assert "models" not in content(tmp_path)["pyproject.toml"]
    assert "configured already" in tell("init").out


@pytest.mark.parametrize(("uses", "option"), [(True, []), (False, ["--nox"])])
def test_a_noxfile_is_written_where_nox_is_used_or_asked_for(
    tmp_path: Path, tell: Tell, *, uses: bool, option: list[str]
) -> None:
    """It is a few lines, and the second time there is nothing to write."""
    write(tmp_path, train__py=TRAIN, requirements__txt="nox\n" if uses else "")
    shown = tell("init", *option)
    assert "For noxfile.py:" in shown.out
    assert " ".join(["tfmatrix init", *option, "--write"]) in shown.out
    said = tell("init", *option, "--write")
    assert "Written: pyproject.toml and noxfile.py." in said.out
    assert "from tfmatrix.sessions import" in content(tmp_path)["noxfile.py"]
    assert "configured already" in tell("init", *option, "--write").out


def test_a_noxfile_can_be_added_later(tmp_path: Path, tell: Tell) -> None:
    """Where all is configured it is written alone."""
    write(tmp_path, train__py=TRAIN)
    tell("init", "--write")
    assert "noxfile.py" not in content(tmp_path)
    assert "Written: noxfile.py." in tell("init", "--nox", "--write").out


def test_a_noxfile_of_theirs_is_never_edited(tmp_path: Path, tell: Tell) -> None:
    """The line to add is shown until it is there."""
    theirs = "import nox\n# tfmatrix is not here yet\n"
    write(tmp_path, train__py=TRAIN, noxfile__py=theirs)
    for arguments in (["init", "--nox", "--write"], ["init"]):
        said = tell(*arguments)
        assert said.code == cli.SAME
        assert "from tfmatrix.sessions import *" in said.out
        assert content(tmp_path)["noxfile.py"] == theirs
    assert said.out.endswith("There is nothing else to write.\n")
    write(tmp_path, noxfile__py=theirs + "from tfmatrix.sessions import matrix\n")
    assert "configured already" in tell("init").out


def test_where_nothing_is_found_it_says_what_was_looked_for(tmp_path: Path, tell: Tell) -> None:
    """And what to write by hand; nothing is written."""
    write(tmp_path, serve__py="import keras\nif __name__ == '__main__':\n    serve()\n")
    said = tell("init", "--write")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert "no model was found among the 1 files" in said.err
    assert "serve.py imports TensorFlow or Keras, but does not seem to train" in said.err
    assert '[tool.tfmatrix.models.NAME] with command = ["python", "train.py"]' in said.err
    assert list(content(tmp_path)) == ["serve.py"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pyproject.toml", "[tool\n", "pyproject.toml"),
        ("pyproject.toml", "[tool.tfmatrix]\nversoins = 3\n", "did you mean 'versions'?"),
        ("pyproject.toml", "tool = 3\n", "tool must be a table"),
        ("requirements.txt", "tensorflow==\n", "requirements.txt, line 1"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, tell: Tell, name: str, text: str, said: str
) -> None:
    """The code is 2, and nothing is written."""
    write(tmp_path, train__py=TRAIN)
    (tmp_path / name).write_text(text, encoding="utf-8")
    before = content(tmp_path)
    found = tell("init", "--write", "--nox")
    assert (found.code, found.out) == (cli.INCOMPLETE, "")
    assert said in found.err
    assert found.err.count("\n") == 1
    assert content(tmp_path) == before


def test_help_has_an_example(tell: Tell) -> None:
    """Its lines are kept as they are typed."""
    assert "\n  $ tfmatrix init\n  $ tfmatrix init --write\n" in tell("init", "--help").out
