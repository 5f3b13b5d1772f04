"""Plans over whole projects: what is pinned today, what would change, and which commands follow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tfmatrix import pins
from tfmatrix.errors import UserError

from .projects import HASHES, NEW, OLD_HASH, find_pins, read, write

UV_LOCK = "".join(
    f'[[package]]\nname = "{n}"\nversion = "{v}"\n' for n, v in [("numpy", "1.26.4"), ("tensorflow", "2.15.1")]
)
PIPFILE_LOCK = (
    '{"default": {"tensorflow": {"version": "==2.15.1"}, "numpy": {}}, "develop": {"keras": {"version": "==2.15.0"}}}'
)


def plan(root: Path, files: Mapping[str, str]) -> pins.Changes:
    """Write a project and return what pinning the new versions changes in it."""
    write(root, files)
    return pins.plan_changes(root, NEW, HASHES)


def commands(changes: pins.Changes) -> list[str]:
    """Return the commands of a plan as people type them."""
    return [" ".join(command.argv) for command in changes.commands]


def test_pins_that_disagree_are_all_named(tmp_path: Path) -> None:
    """Files that disagree are said and not chosen from."""
    write(
        tmp_path,
        {"requirements.txt": "\ntensorflow==2.14.1", "constraints.txt": "tensorflow-cpu==2.15.0"},
    )
    says = (
        "pins tensorflow to several versions: tensorflow-cpu 2.15.0 in constraints.txt, line 1; "
        "tensorflow 2.14.1 in requirements.txt, line 2"
    )
    with pytest.raises(UserError, match=re.escape(says)):
        pins.plan_changes(tmp_path, NEW, HASHES)


def test_a_project_that_names_no_tensorflow_is_told_what_was_looked_at(tmp_path: Path) -> None:
    """Files without it are listed; without any file the patterns are."""
    with pytest.raises(UserError, match=r"which has none of \*requirements\*\.txt, .*, Pipfile\.lock"):
        pins.plan_changes(tmp_path, NEW, HASHES)
    write(tmp_path, {"requirements-dev.txt": "flask==2.15.1", "pyproject.toml": ""})
    with pytest.raises(UserError, match=r"none is named in pyproject\.toml, requirements-dev\.txt"):
        pins.plan_changes(tmp_path, NEW, HASHES)


def test_a_folder_that_does_not_exist_is_said(tmp_path: Path) -> None:
    """A mistyped folder is not a project without pins."""
    with pytest.raises(UserError, match="is no folder"):
        find_pins(tmp_path / "nothing")


def test_nothing_is_planned_where_one_of_several_files_cannot_be_changed(tmp_path: Path) -> None:
    """A range in one file stops the edits of all, and names the file."""
    with pytest.raises(UserError, match=r"requirements\.in, line 1: 'tensorflow>=2\.15,<2\.16' does not admit"):
        plan(tmp_path, {"requirements.txt": "tensorflow==2.15.1", "requirements.in": "tensorflow>=2.15,<2.16"})


def test_companions_move_only_where_they_are_pinned_and_asked_for(tmp_path: Path) -> None:
    """A bare name and a range that admits the new version stay, and so does a package that no version is given for."""
    write(tmp_path, {"requirements.txt": "tensorflow==2.15.1\nkeras\nnumpy>=1.23\ntf-keras==2.15.1\nnumpy==1.26.4\n"})
    changes = pins.plan_changes(tmp_path, {"tensorflow-cpu": "2.21.0", "numpy": "2.2.6"}, {})
    (edit,) = changes.edits
    assert edit.after == b"tensorflow==2.21.0\nkeras\nnumpy>=1.23\ntf-keras==2.15.1\nnumpy==2.2.6\n"


def test_a_range_admits_a_release_candidate_that_is_asked_for(tmp_path: Path) -> None:
    """A version that is named exactly is not kept out of a range for being a release candidate."""
    write(tmp_path, {"requirements.txt": "tensorflow==2.15.1\ntensorflow>=2.15\n"})
    (edit,) = pins.plan_changes(tmp_path, {"tensorflow": "2.21.0rc1"}, {}).edits
    assert edit.after == b"tensorflow==2.21.0rc1\ntensorflow>=2.15\n"


def test_a_plan_that_was_half_carried_out_can_be_finished(tmp_path: Path) -> None:
    """A file that has the new version already does not count as another one."""
    changes = plan(
        tmp_path,
        {"requirements.txt": "tensorflow==2.15.1", "constraints.txt": "tensorflow==2.21.0", "uv.lock": UV_LOCK},
    )
    assert [edit.path.name for edit in changes.edits] == ["requirements.txt"]
    assert commands(changes) == ["uv lock --upgrade-package numpy==2.2.6 --upgrade-package tensorflow==2.21.0"]


def test_two_versions_of_tensorflow_cannot_be_asked_for() -> None:
    """Versions that contradict each other are the caller's bug, and not the user's."""
    with pytest.raises(ValueError, match="two versions of tensorflow"):
        pins.plan_changes(Path(), {"tensorflow": "2.21.0", "tensorflow-cpu": "2.20.0"}, {})


def test_a_lock_is_never_edited_and_has_a_command(tmp_path: Path) -> None:
    """The tool is asked for exact versions of what it has locked, also where the project itself names a range."""
    changes = plan(tmp_path, {"pyproject.toml": '[project]\ndependencies = ["tensorflow>=2.15"]\n', "uv.lock": UV_LOCK})
    assert changes.edits == ()
    assert changes.commands == (
        pins.Command(
            tmp_path / "uv.lock",
            ("uv", "lock", "--upgrade-package", "numpy==2.2.6", "--upgrade-package", "tensorflow==2.21.0"),
        ),
    )


def test_a_distribution_that_ended_is_not_asked_for(tmp_path: Path) -> None:
    """What TensorFlow 2.15 needed on Windows and 2.21 does not is left to the tool."""
    lock = UV_LOCK + '[[package]]\nname = "tensorflow-intel"\nversion = "2.15.1"\n'
    changes = plan(tmp_path, {"uv.lock": lock})
    assert commands(changes) == ["uv lock --upgrade-package numpy==2.2.6 --upgrade-package tensorflow==2.21.0"]


def test_a_lock_that_is_up_to_date_has_a_command_only_where_its_source_changes(tmp_path: Path) -> None:
    """An edited pyproject.toml makes a lock stale, whatever versions it has."""
    lock = UV_LOCK.replace("1.26.4", "2.2.6").replace("2.15.1", "2.21.0")
    assert plan(tmp_path, {"uv.lock": lock}).commands == ()
    changes = plan(tmp_path, {"uv.lock": lock, "pyproject.toml": '[project]\ndependencies = ["tensorflow==2.15.1"]\n'})
    assert len(changes.commands) == len(changes.edits) == 1


def test_poetry_is_asked_to_lock_what_pyproject_then_says(tmp_path: Path) -> None:
    """Poetry takes names and no versions, so pyproject.toml has to have the version."""
    pyproject = "[tool.poetry.dependencies]\ntensorflow = '2.15.1'\n"
    changes = plan(tmp_path, {"pyproject.toml": pyproject, "poetry.lock": UV_LOCK})
    assert [edit.after.decode() for edit in changes.edits] == [pyproject.replace("2.15.1", "2.21.0")]
    assert commands(changes) == ["poetry update --lock numpy tensorflow"]


@pytest.mark.parametrize(
    ("pyproject", "says"),
    [
        (
            "[tool.poetry.dependencies]\ntensorflow = '^2.15'\n",
            "which is '^2.15' (line 2, tool.poetry.dependencies.tensorflow)",
        ),
        ("", "which names no TensorFlow; pin one version there first"),
    ],
)
def test_poetry_cannot_choose_within_a_range(tmp_path: Path, pyproject: str, says: str) -> None:
    """A lock that no command brings to the new version is refused, with the line to change."""
    with pytest.raises(UserError, match=re.escape(f"poetry.lock: Poetry locks what pyproject.toml says, {says}")):
        plan(tmp_path, {"pyproject.toml": pyproject, "poetry.lock": UV_LOCK})


def test_pipenv_is_asked_for_each_category(tmp_path: Path) -> None:
    """A package is locked in the category that it stands in."""
    changes = plan(tmp_path, {"Pipfile": "[packages]\ntensorflow='==2.15.1'\n", "Pipfile.lock": PIPFILE_LOCK})
    assert commands(changes) == [
        "pipenv upgrade --lock-only tensorflow==2.21.0",
        "pipenv upgrade --lock-only --dev keras==3.12.0",
    ]


@pytest.mark.parametrize(
    ("head", "command"),
    [
        (
            "#\n# This file is autogenerated by pip-compile with Python 3.10\n# by the following command:\n#\n"
            "#    pip-compile --generate-hashes requirements.in\n#\n",
            ["pip-compile --generate-hashes requirements.in --upgrade-package tensorflow==2.21.0"],
        ),
        (
            "# This file was autogenerated by uv via the following command:\n#    uv pip compile x.in -o r.txt\n",
            ["uv pip compile x.in -o r.txt --upgrade-package tensorflow==2.21.0"],
        ),
        (
            "# This file is autogenerated by pip-compile\n# To update, run:\n#\n#    make 'the pins'\n",
            ["make the pins"],
        ),
        ("# This file is autogenerated by pip-compile\n#\n#    make 'the pins\n", []),
        ("# This file is autogenerated by us\n", []),
        ("# Nothing about\n#    pip-compile x.in\n", []),
    ],
)
def test_a_compiled_file_is_edited_and_has_its_own_command(tmp_path: Path, head: str, command: list[str]) -> None:
    """The line is pinned in place, and the command at the file's head brings the other packages after it."""
    files = {"requirements.txt": f"{head}tensorflow==2.15.1 \\\n    --hash={OLD_HASH}\n"}
    changes = plan(tmp_path, files)
    assert len(changes.edits) == 1
    assert commands(changes) == command
    assert read(tmp_path)["requirements.txt"].decode() == files["requirements.txt"]


def test_a_diff_shows_what_would_change(tmp_path: Path) -> None:
    """The diff has paths from the project's folder, and says where the last line has no end."""
    changes = plan(tmp_path, {"requirements/base.txt": "absl-py\ntensorflow==2.15.1"})
    assert pins.unified_diff(changes) == (
        "--- a/requirements/base.txt\n+++ b/requirements/base.txt\n@@ -1,2 +1,2 @@\n absl-py\n"
        "-tensorflow==2.15.1\n\\ No newline at end of file\n+tensorflow==2.21.0\n\\ No newline at end of file\n"
    )


def test_pdm_is_asked_to_lock_what_pyproject_says(tmp_path: Path) -> None:
    """PDM, like Poetry, takes no version, so one has to stand in pyproject.toml."""
    lock = '[[package]]\nname = "tensorflow"\nversion = "2.15.1"\n'
    project = '[project]\ndependencies = ["tensorflow==2.15.1"]\n'
    assert commands(plan(tmp_path, {"pyproject.toml": project, "pdm.lock": lock})) == ["pdm lock --update-reuse"]
    with pytest.raises(
        UserError, match=r"pdm\.lock: PDM locks what pyproject\.toml says, which is 'tensorflow>=2\.15'"
    ):
        plan(tmp_path, {"pyproject.toml": project.replace("==2.15.1", ">=2.15"), "pdm.lock": lock})


def test_a_pylock_is_made_anew_by_the_command_at_its_head(tmp_path: Path) -> None:
    """Whoever wrote it said how; without that, its owner knows, and `check --pinned` says that it is old."""
    lock = 'lock-version = "1.0"\n[[packages]]\nname = "tensorflow"\nversion = "2.15.1"\n'
    head = "# This file was autogenerated by uv via the following command:\n#    uv export -o pylock.toml\n"
    files = {"requirements.txt": "tensorflow==2.15.1", "pylock.toml": head + lock}
    assert commands(plan(tmp_path, files)) == ["uv export -o pylock.toml"]
    assert commands(plan(tmp_path, {**files, "requirements.txt": "tensorflow==2.15.1", "pylock.toml": lock})) == []
