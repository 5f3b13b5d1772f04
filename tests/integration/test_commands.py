"""Commands that go wrong, or do what few do: each ends in one outcome, with a sentence that its user understands."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import pytest

from tfmatrix.records import CRASHED, FAILED, OBSERVED, TIMED_OUT, InstalledEnvironment

from .commands import Observed, make_project, observe_project
from .project import ROOT, wide

pytestmark = pytest.mark.integration

ZOO = ROOT / "tests" / "models" / "commands"
BESIDE = {"small", "broken", "data"}
"""Modules that the scripts import."""

NO_MODULE = "; neither the project nor its environment, which has TensorFlow and what that needs, has it"
UNTRACKED = "; the project has {}, which git does not track: name it in `files`"
TRAINED_NOTHING = "it ended and trained nothing: in its own process no optimizer applied a gradient"
TOO_LONG = "no answer within {} s; `steps` stops it after so many updates, or raise `timeout`"


class End(NamedTuple):
    """How a command ends."""

    outcome: str = OBSERVED
    kind: str = ""
    message: str = ""
    updates: int = 3


ENDS = {
    "catches_everything": End(updates=2),
    "changes_the_folder": End(),
    "exits_at_once": End(CRASHED, "exit", "exits_at_once.py: ended with exit status 0 and without an answer"),
    "exits_before_training": End(FAILED, "BadModel", f"exits_before_training.py: {TRAINED_NOTHING}"),
    "exits_with_0": End(),
    "exits_with_3": End(FAILED, "SystemExit", "exits_with_3.py, line 6: SystemExit: ended itself with exit status 3"),
    "exits_with_words": End(
        FAILED,
        "SystemExit",
        "exits_with_words.py, line 6: SystemExit: ended itself and said: no convergence after 3 updates",
    ),
    "fails_at_import": End(FAILED, "ZeroDivisionError", "broken.py, line 3: ZeroDivisionError: division by zero"),
    "hangs": End(TIMED_OUT, "", f"hangs.py, line 4: {TOO_LONG.format(5)}"),
    "has_arguments": End(),
    "has_names_of_its_own": End(),
    "imports_no_tensorflow": End(
        FAILED,
        "BadModel",
        "imports_no_tensorflow.py: it ended without importing TensorFlow, so there is nothing to observe",
    ),
    "is_compiled_by_xla": End(),
    "kills_itself": End(
        CRASHED,
        "SIGKILL",
        "kills_itself.py: killed by SIGKILL, which it sent itself, or the system sent it for want of memory",
    ),
    "lacks_an_argument": End(
        FAILED, "SystemExit", "lacks_an_argument.py, line 7: SystemExit: ended itself with exit status 2"
    ),
    "misspells_a_word": End(FAILED, "SyntaxError", "misspells_a_word.py, line 3: SyntaxError: '(' was never closed"),
    "needs_a_package": End(
        FAILED,
        "ModuleNotFoundError",
        f"needs_a_package.py, line 2: ModuleNotFoundError: No module named 'sklearn'{NO_MODULE}",
    ),
    "needs_an_undeclared_module": End(
        FAILED,
        "ModuleNotFoundError",
        "needs_an_undeclared_module.py, line 2: ModuleNotFoundError: No module named 'undeclared'"
        + UNTRACKED.format("undeclared.py"),
    ),
    "never_ends": End(updates=4),
    "never_trains": End(FAILED, "BadModel", f"never_trains.py: {TRAINED_NOTHING}"),
    "pickles_its_classes": End(),
    "prints_megabytes": End(),
    "raises_in_training": End(
        FAILED, "ValueError", "raises_in_training.py, line 8: ValueError: the weights are positive"
    ),
    "reads_a_missing_file": End(
        FAILED, "FileNotFoundError", "reads_a_missing_file.py, line 4: FileNotFoundError: rows.csv not found."
    ),
    "reads_an_undeclared_file": End(
        FAILED,
        "NotFoundError",
        "reads_an_undeclared_file.py, line 4: NotFoundError: {{function_node __wrapped__ReadFile_device_"
        "/job:localhost/replica:0/task:0/device:CPU:0}} texts/undeclared.txt; No such file or directory [Op:ReadFile]"
        + UNTRACKED.format("texts/undeclared.txt"),
    ),
    "reads_standard_input": End(
        FAILED,
        "EOFError",
        "reads_standard_input.py, line 3: EOFError: EOF when reading a line; "
        "a trial has nothing to read from standard input",
    ),
    "saves_and_loads": End(updates=6),
    "sets_its_own_seeds": End(),
    "starts_processes": End(),
    "starts_threads": End(),
    "switches_eager_off_late": End(),
    "trains_in_a_process": End(FAILED, "BadModel", f"trains_in_a_process.py: {TRAINED_NOTHING}"),
    "trains_in_a_thread": End(),
    "trains_in_a_thread_for_ever": End(),
    "works_in_processes": End(updates=4),
    "writes_over_what_it_read": End(),
}
"""What becomes of each command."""

TABLES: dict[str, dict[str, Any]] = {
    "catches_everything": {"steps": 2},
    "hangs": {"timeout": 5},
    "never_ends": {"steps": 4},
    "trains_in_a_thread_for_ever": {"steps": 3},
}
"""What is in a command's table besides."""

WORDS = {"has_arguments": ["--updates", "3", "a b", ""]}

UNSEEN = "the batches were not seen, nor the order of rows"
HIDDEN = "what happens within a step was not seen where XLA compiles it"


@pytest.fixture(scope="module", params=[*wide("2.15.1"), "2.21.0"])
def cells(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    made_environment: Callable[..., InstalledEnvironment],
) -> tuple[Path, dict[str, Observed]]:
    """Return a project with the whole zoo, and what became of each command in a release."""
    made_environment(request.param)
    tables = {
        name: {"command": ["python", f"{name}.py", *WORDS.get(name, [])], **TABLES.get(name, {})} for name in ENDS
    }
    folder = make_project(tmp_path_factory.mktemp("zoo") / "project", ZOO, tables)
    (folder / "numbers.txt").write_text("1.0", encoding="utf-8")
    np.save(folder / "large.npy", np.ones([17 << 20], np.uint8))
    (folder / "larger.bin").write_bytes(bytes(17 << 20))
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    (folder / "undeclared.py").write_text("UPDATES = 3\n", encoding="utf-8")
    (folder / "texts").mkdir()
    (folder / "texts" / "undeclared.txt").write_text("some", encoding="utf-8")
    found = observe_project(folder, [request.param])
    return folder, {name: cell for (name, _), cell in found.items()}


def test_every_script_of_the_zoo_is_run() -> None:
    """A script without an end here would be looked at by nobody."""
    assert {path.stem for path in ZOO.glob("*.py")} == {*ENDS, *BESIDE}


@pytest.mark.parametrize("name", ENDS)
def test_a_command_ends_in_its_outcome(cells: tuple[Path, dict[str, Observed]], name: str) -> None:
    """It is observed with all of its updates, or it has one sentence with its file and line; the plain trial agrees."""
    end, cell = ENDS[name], cells[1][name]
    told = cell.state.reason or cell.trial.message
    assert (cell.trial.outcome, cell.trial.kind, cell.trial.message) == (end.outcome, end.kind, end.message), told
    assert cell.state.outcome == cell.plain.outcome == end.outcome, told
    if end.outcome == OBSERVED:
        assert list(cell.by_step["weights"]) == list(range(end.updates))
        assert cell.by_step["init"][None]
    if name != "is_compiled_by_xla" and end.outcome == OBSERVED:
        assert list(cell.by_step["gradient"]) == list(range(end.updates))


def test_what_xla_hides_is_said(cells: tuple[Path, dict[str, Observed]]) -> None:
    """Within a compiled step nothing is seen, and a note says so; weights are seen behind each, and the loss."""
    cell = cells[1]["is_compiled_by_xla"]
    assert HIDDEN in cell.state.notes
    assert "gradient" not in cell.by_step
    assert len(cell.by_step["loss"]) == 3
    assert len({array.tobytes() for stage, array in cell.arrays.items() if stage.startswith("weights@")}) == 3


def test_whole_models_and_checkpoints_are_seen_saved_and_loaded(cells: tuple[Path, dict[str, Observed]]) -> None:
    """Each once, by whatever function of Keras or TensorFlow; and what is loaded is what was saved, not what it was."""
    cell = cells[1]["saves_and_loads"]
    assert [len(names) for names in cell.names("saved")] == [4, 4, 5, 5]
    assert [len(names) for names in cell.names("loaded")] == [4, 4, 5, 5]
    for number in range(4):
        saved, loaded = (
            [array for stage, array in cell.arrays.items() if stage.startswith(f"{kind}@{number}/")]
            for kind in ("saved", "loaded")
        )
        assert {array.tobytes() for array in saved} == {array.tobytes() for array in loaded}


def test_the_users_files_stay_as_they_were(cells: tuple[Path, dict[str, Observed]]) -> None:
    """What a script writes over is its own copy, however large the file is."""
    folder, _ = cells
    assert (folder / "numbers.txt").read_text(encoding="utf-8") == "1.0"
    assert np.load(folder / "large.npy").shape == (17 << 20,)
    assert (folder / "larger.bin").read_bytes() == bytes(17 << 20)
    assert not (folder / "settings.pickle").exists()


def test_what_a_script_reads_is_noted_before_it_writes_over_it(cells: tuple[Path, dict[str, Observed]]) -> None:
    """Its result rests on the files as the user has them."""
    read = dict(cells[1]["writes_over_what_it_read"].trial.read)
    assert {"numbers.txt", "large.npy", "small.py", "writes_over_what_it_read.py"} <= set(read)


def test_processes_that_a_script_leaves_are_ended(cells: tuple[Path, dict[str, Observed]]) -> None:
    """A script's processes may outlive its training, and not its trial."""
    assert cells[1]["starts_processes"].trial.notes
    sleeping = [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "1000"]]
    assert not [one for one in sleeping if one.environ().get("TMPDIR", "").find("tfmatrix-") >= 0]


def test_of_what_a_script_printed_the_end_is_kept(cells: tuple[Path, dict[str, Observed]]) -> None:
    """However much that is."""
    assert 0 < len(cells[1]["prints_megabytes"].trial.output) < 10_000
