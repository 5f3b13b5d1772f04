"""Pinning: only on the report that was read, whole or not at all, and held to afterwards."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, fill, lock_of, ones, trial
from cli.project import Tell
from tfmatrix import __version__, cli, keys
from tfmatrix.environments import uv
from tfmatrix.environments.machine import this_machine
from tfmatrix.errors import UserError
from tfmatrix.gate import pinning, receipt
from tfmatrix.questions.matrix import summary
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.questions.matrix.summary import SCHEMA
from tfmatrix.records import ExpectedTrial, Package
from tfmatrix.store.facts import note_machine
from tfmatrix.store.store import Store

from .conftest import on
from .project import (
    REQUIREMENTS,
    TODAY,
    accept,
    gated,
    hash_of,
    make_gated_project,
    of_candidate,
    report_id,
)

FAILING = of_candidate(weights=[9.0] * 4)
FILE = "tfmatrix-pin.toml"


def files(folder: Path) -> dict[str, bytes]:
    """Return what a pin may write."""
    names = ["requirements.txt", "constraints.txt", FILE]
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def test_a_pin_changes_its_line_and_says_what_it_relies_on(tmp_path: Path, tell: Tell) -> None:
    """The version is edited in place, all else stays byte for byte, and the receipt names what the pin rests on."""
    gated(tmp_path)
    id_ = report_id(tell, tmp_path)
    said = tell("pin", CANDIDATE, "--report", id_)
    assert (said.code, said.err) == (cli.SAME, "")
    assert "+tensorflow-cpu==2.16.2  # pinned" in said.out
    pinned = files(tmp_path)
    assert pinned["requirements.txt"].decode() == REQUIREMENTS.replace("2.15.1", "2.16.2")
    written = receipt.read(tmp_path / FILE)
    assert written is not None
    assert (written.start, written.to, written.report, written.on) == (BASELINE, CANDIDATE, id_, TODAY)
    assert written.versions == {"tensorflow": CANDIDATE, "keras": "3.12.0", "numpy": "1.26.4"}
    assert written.settings["models"] == ["rounds", "same"]
    assert tell("pinned").out == f"{CANDIDATE}\n"
    said = tell("check", "--pinned")
    assert said.code == cli.SAME
    assert len(said.out.splitlines()) == 2  # the answer and the counts, and nothing that passes with a word


def test_a_dry_run_shows_all_and_writes_nothing(tmp_path: Path, tell: Tell) -> None:
    """With --dry-run the same is shown, and the project stays as it was."""
    gated(tmp_path)
    id_, before = report_id(tell, tmp_path), files(tmp_path)
    dry = tell("pin", CANDIDATE, "--report", id_, "--dry-run")
    assert dry.code == cli.SAME
    assert files(tmp_path) == before
    assert tell("pin", CANDIDATE, "--report", id_).out == dry.out


def test_what_holds_a_package_is_for_looking(tmp_path: Path) -> None:
    """A pin would not write that package's version, so the project would install something that was not compared."""
    config = gated(tmp_path).config
    kept = receipt.Receipt(
        BASELINE, CANDIDATE, "0" * 8, "m", "p", "e", TODAY, {"tensorflow": CANDIDATE}, {"modes": ["tf2"]}
    )
    held = replace(make_plan(config).candidates[0], further=(Package("protobuf", "4.25.3"),))
    with pytest.raises(UserError, match=r"2\.16\.2\+protobuf-4\.25\.3 holds protobuf.*write protobuf==4\.25\.3 into"):
        pinning.plan_pin(config, kept, held, anew=False)


def test_what_does_not_pass_is_not_pinned(tmp_path: Path, tell: Tell) -> None:
    """A candidate that fails is refused with its reasons, and pinned when its difference was accepted."""
    gated(tmp_path, FAILING, ["same"], modes=["tf2"])
    id_, before = report_id(tell, tmp_path), files(tmp_path)
    said = tell("pin", CANDIDATE, "--report", id_)
    assert said.code == cli.CHANGED
    assert "fail, different: 2.16.2/same/tf2 native/weights" in said.out
    assert files(tmp_path) == before
    accept(tell, "same/tf2", "--stage", "weights")
    assert tell("pin", CANDIDATE, "--report", id_).code == cli.SAME
    assert files(tmp_path) != before
    (tmp_path / "tfmatrix-accepted.toml").unlink()
    assert tell("check", "--pinned").code == cli.CHANGED


def test_companions_move_with_their_hashes(tmp_path: Path, tell: Tell) -> None:
    """Keras moves where it is pinned, and hashes are those of the environment's lock."""
    gated(tmp_path, models=["same"])
    hashed = "".join(
        f"{name}=={version} \\\n    --hash=sha256:{hash_of(name, version)}\n"
        for name, version in (("tensorflow-cpu", "2.15.1"), ("keras", "2.15.0"), ("numpy", "1.26.4"))
    )
    (tmp_path / "requirements.txt").write_text(hashed, encoding="utf-8")
    assert tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path)).code == cli.SAME
    text = (tmp_path / "requirements.txt").read_text(encoding="utf-8")
    for name, version in (("tensorflow-cpu", "2.16.2"), ("keras", "3.12.0"), ("numpy", "1.26.4")):
        assert f"{name}=={version} \\\n    --hash=sha256:{hash_of(name, version)}\n" in text
    assert len(text.splitlines()) == 6


def test_another_numpy_than_the_locks_is_another_baseline(tmp_path: Path, tell: Tell) -> None:
    """A project that has another NumPy than the compared environment runs something else, and is told so."""
    gated(tmp_path, models=["same"])
    with (tmp_path / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write("numpy==1.24.3\n")
    assert tell("pinned").out == "2.15.1+numpy-1.24.3\n"
    assert tell("check", CANDIDATE).code == cli.INCOMPLETE
    said = tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path))
    assert said.code == cli.INCOMPLETE
    assert "the project pins 2.15.1+numpy-1.24.3" in said.err


def another_schema(schema: int) -> Callable[[Path], None]:
    """Return a function that gives a report another schema."""

    def change(folder: Path) -> None:
        path = folder / "reports" / "matrix.json"
        path.write_text(
            json.dumps({**json.loads(path.read_text(encoding="utf-8")), "schema": schema}), encoding="utf-8"
        )

    return change


def put_a_list_in_place_of_the_report(folder: Path) -> None:
    """Have JSON in the report's place that is no table."""
    (folder / "reports" / "matrix.json").write_text("[]", encoding="utf-8")


def put_a_folder_in_place_of_the_report(folder: Path) -> None:
    """Have a folder in the report's place."""
    remove_the_report(folder)
    (folder / "reports" / "matrix.json").mkdir()


def configure(**choices: Any) -> Callable[[Path], None]:
    """Return a function that configures other settings than those that the report was made under."""

    def change(folder: Path) -> None:
        make_gated_project(folder, (), **choices)

    return change


def take_out_a_model(folder: Path) -> None:
    """Remove a model that the report has."""
    (folder / "reference_models" / "rounds.py").unlink()


def edit_the_report(folder: Path) -> None:
    """Make a report say something else under its id."""
    path = folder / "reports" / "matrix.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["candidates"][0]["verdict"] = "identical"
    path.write_text(json.dumps(data), encoding="utf-8")


def break_the_report(folder: Path) -> None:
    """Cut a report off."""
    path = folder / "reports" / "matrix.json"
    path.write_text(path.read_text(encoding="utf-8")[:1000], encoding="utf-8")


def empty_a_cell(folder: Path) -> None:
    """Leave a cell without what every cell has."""
    path = folder / "reports" / "matrix.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["cells"][0] = {}
    path.write_text(json.dumps(data), encoding="utf-8")


def put_a_list_in_place_of_a_table(folder: Path) -> None:
    """Give the machine another shape."""
    path = folder / "reports" / "matrix.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**data, "machine": []}), encoding="utf-8")


def remove_the_report(folder: Path) -> None:
    """Leave no report."""
    (folder / "reports" / "matrix.json").unlink()


def edit_a_model(folder: Path) -> None:
    """Make the results of a model stale."""
    (folder / "reference_models" / "same.py").write_text("# edited\n", encoding="utf-8")


def add_a_model(folder: Path) -> None:
    """Add a model that the report does not have."""
    (folder / "reference_models" / "new.py").write_text("# new\n", encoding="utf-8")


def change_the_results(folder: Path) -> None:
    """Have the store say something else."""
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        fill(store, make_plan(make_gated_project(folder, ())), of_candidate(weights=[3.0, 3.0, 3.0, 3.0000002]))


def change_the_policy(folder: Path) -> None:
    """Configure another policy."""
    make_gated_project(folder, (), more='[tool.tfmatrix.policy]\npreset = "redraw"\n')


def pin_by_hand(version: str) -> Callable[[Path], None]:
    """Return a function that pins a version by hand."""

    def change(folder: Path) -> None:
        (folder / "requirements.txt").write_text(f"tensorflow=={version}\n", encoding="utf-8")

    return change


def pin_two(folder: Path) -> None:
    """Pin two versions."""
    (folder / "constraints.txt").write_text("tensorflow==2.14.1\n", encoding="utf-8")


def pin_nothing(folder: Path) -> None:
    """Leave the version open."""
    (folder / "requirements.txt").write_text("tensorflow>=2.14\n", encoding="utf-8")


def pin_it_already(folder: Path) -> None:
    """Pin the candidate by hand."""
    (folder / "requirements.txt").write_text(f"tensorflow=={CANDIDATE}\n", encoding="utf-8")


def put_a_number_without_end(folder: Path) -> None:
    """Put what Python reads as a number, and JSON does not have, into the report."""
    path = folder / "reports" / "matrix.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'"memory_gib": [0-9.]+', '"memory_gib": Infinity', text), encoding="utf-8")


def nest_the_report(folder: Path) -> None:
    """Put lists into lists, deeper than anything reads."""
    (folder / "reports" / "matrix.json").write_text("[" * 200_000, encoding="utf-8")


SPOILT = {
    put_a_number_without_end: "is none of tfmatrix's",
    nest_the_report: "cannot be read",
    edit_the_report: "was edited",
    break_the_report: "cannot be read",
    empty_a_cell: "is none of tfmatrix's: Object missing required field `id` - at `$.cells[0]`",
    put_a_list_in_place_of_a_table: "is none of tfmatrix's: Expected `object`, got `array` - at `$.machine`",
    put_a_list_in_place_of_the_report: "has another schema",
    put_a_folder_in_place_of_the_report: "cannot be read: Is a directory",
    remove_the_report: "there is no report",
    edit_a_model: "stale: run before the model changed",
    add_a_model: "it leaves out 2.15.1/new/tf2",
    take_out_a_model: "it has 2.15.1/rounds/tf2, 2.15.1/rounds/v1, 2.16.2/rounds/tf2, 2.16.2/rounds/v1",
    change_the_results: "the verdict of 2.16.2/same/tf2, 2.16.2/same/v1 has changed",
    change_the_policy: "made under other settings, another policy",
    pin_two: "constraints.txt, line 1, says 'tensorflow==2.14.1', but tensorflow 2.15.1 counts",
    pin_nothing: "the project pins 2.21.0",
    pin_it_already: "pins 2.16.2 already",
}
OTHERWISE = {
    "schema after": (another_schema(SCHEMA + 1), "has another schema"),
    "schema before": (another_schema(SCHEMA - 1), "has another schema"),
    "fewer trials": (configure(trials=1), "made under other settings, trials 2"),
    "more trials": (configure(trials=3), "made under other settings, trials 2"),
    "fewer modes": (configure(modes=["tf2"]), "made under other settings, modes tf2, v1 in place"),
    "pin before": (pin_by_hand("2.14.1"), "the project pins 2.14.1"),
    "pin behind": (pin_by_hand("2.17.1"), "the project pins 2.17.1"),
}


@pytest.mark.parametrize(
    ("spoil", "saying"),
    [*SPOILT.items(), *OTHERWISE.values()],
    ids=[*(spoil.__name__ for spoil in SPOILT), *OTHERWISE],
)
def test_what_is_no_longer_so_is_refused_and_told_why(
    tmp_path: Path, tell: Tell, spoil: Callable[[Path], None], saying: str
) -> None:
    """A report that is not the current one, or not about this move, is refused in one sentence."""
    gated(tmp_path)
    id_ = report_id(tell, tmp_path)
    spoil(tmp_path)
    before = files(tmp_path)
    said = tell("pin", CANDIDATE, "--report", id_)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert saying in said.err
    assert len(said.err.splitlines()) == 1
    assert files(tmp_path) == before


@pytest.mark.parametrize(("models", "more"), [(4, ""), (6, " and 4 more cells")])
def test_a_refusal_names_some_of_many_cells(tmp_path: Path, tell: Tell, models: int, more: str) -> None:
    """Of the cells that a report leaves out eight are named, and those beyond are counted."""
    gated(tmp_path, modes=["tf2"])
    id_ = report_id(tell, tmp_path)
    for number in range(models):
        (tmp_path / "reference_models" / f"a{number}.py").write_text(f"# {number}\n", encoding="utf-8")
    named = [f"{version}/a{number}/tf2" for version in (BASELINE, CANDIDATE) for number in range(models)]
    said = tell("pin", CANDIDATE, "--report", id_)
    assert f"it leaves out {', '.join(named[:8])}{more}, which the configuration has" in said.err


def test_another_id_or_candidate_is_refused(tmp_path: Path, tell: Tell) -> None:
    """The id has to be that of the report that lies there, and the report has to cover the candidate."""
    gated(tmp_path)
    id_ = report_id(tell, tmp_path)
    for other in ("00000000", "ffffffff"):
        assert "read that one first" in tell("pin", CANDIDATE, "--report", other).err
    assert "read that one first" in tell("pin", CANDIDATE, "--report", id_[:7]).err
    assert "does not cover 2.21.0" in tell("pin", "2.21.0", "--report", id_).err
    assert "Missing option '--report'" in tell("pin", CANDIDATE).err


def test_results_that_changed_are_told_by_what_weighs_most(tmp_path: Path, tell: Tell) -> None:
    """A verdict that changed either way is named first, and a trace that changed without one all the same."""
    plan = gated(tmp_path, lambda _: ones(), ["same"], modes=["tf2"])
    rounded = of_candidate(weights=[3.0, 3.0, 3.0, 3.0000002])
    for answer, word in (
        (rounded, "verdict"),
        (lambda _: ones(), "verdict"),
        (lambda _: ones(init=[2.0] * 40), "trace"),
    ):
        id_ = report_id(tell, tmp_path)
        with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
            fill(store, plan, answer)
        said = tell("pin", CANDIDATE, "--report", id_)
        assert said.code == cli.INCOMPLETE
        assert f"the {word} of 2.1" in said.err
        assert "/same/tf2 has changed; make it anew" in said.err


def test_the_first_of_several_reasons_is_told(tmp_path: Path, tell: Tell) -> None:
    """Where the reasons of several cells changed, the first cell's new one is said."""

    def failing(expected: ExpectedTrial) -> Any:
        cell = expected.cell
        fails = cell.environment.name == CANDIDATE
        return trial(expected, "failed", kind="ValueError", message=f"of {cell.model.name}") if fails else ones()

    plan = gated(tmp_path, lambda _: ones(), ["a", "b"], modes=["tf2"])
    id_ = report_id(tell, tmp_path)
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        fill(store, plan, failing)
    said = tell("pin", CANDIDATE, "--report", id_)
    assert f"the reason of {CANDIDATE}/a/tf2, {CANDIDATE}/b/tf2 has changed: ValueError: of a;" in said.err


@pytest.mark.parametrize("version", ["0.0.1", "999.0"])
def test_a_report_of_another_tfmatrix_is_refused(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """A report that an older or a newer tfmatrix made says what that one found."""
    gated(tmp_path)
    with monkeypatch.context() as other:
        other.setattr(summary, "__version__", version)
        id_ = report_id(tell, tmp_path)
    said = tell("pin", CANDIDATE, "--report", id_)
    assert said.code == cli.INCOMPLETE
    assert f"tfmatrix {version} made it, and this is {__version__}" in said.err


def test_any_other_id_is_another_report(tmp_path: Path, tell: Tell) -> None:
    """Where the store says something else, of whatever no cell shows, the report is not the current one.

    Whether an id is above or below another is chance, so there are several.
    """
    gated(tmp_path, models=["same"], modes=["tf2"])
    id_ = report_id(tell, tmp_path)
    for cores in range(5, 13):
        with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
            note_machine(store, replace(this_machine(), cores=cores))
        said = tell("pin", CANDIDATE, "--report", id_)
        assert said.code == cli.INCOMPLETE
        assert f"the report {id_} is not the current one: what is stored now gives the report" in said.err


def test_any_edit_of_a_report_is_seen(tmp_path: Path, tell: Tell) -> None:
    """Whatever stands in place of what was there, the id no longer fits.

    Whether an id is above or below another is chance, so there are several.
    """
    gated(tmp_path, models=["same"], modes=["tf2"])
    id_ = report_id(tell, tmp_path)
    path = tmp_path / "reports" / "matrix.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    for number in range(8):
        path.write_text(json.dumps({**data, "tfmatrix": f"0.{number}"}), encoding="utf-8")
        assert "was edited" in tell("pin", CANDIDATE, "--report", id_).err


@pytest.mark.parametrize("to", ["2.12.1", "2.21.0"])
def test_a_pin_by_hand_is_not_made_anew_on_anothers_receipt(tmp_path: Path, tell: Tell, to: str) -> None:
    """A receipt of another pin does not say what the one by hand came from."""
    pinned_project(tmp_path, tell)
    receive_otherwise(r'to = ".*"', f'to = "{to}"')(tmp_path)
    said = tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path))
    assert said.code == cli.INCOMPLETE
    assert f"the project pins {CANDIDATE} already, and no {FILE} says what that came from" in said.err


@pytest.mark.parametrize(
    ("pins", "name"),
    [
        ("tensorflow==2.15.1\nkeras==2.15.0\n", "2.15.1"),
        ("tensorflow==2.15.1\nkeras==2.15\n", "2.15.1"),
        ("tensorflow==2.16.2\nkeras==3.5.0\n", "2.16.2+keras-3.5.0"),
        ("tensorflow==2.16.2\nkeras<3.6\n", "2.16.2+keras-3.5.0"),
        ("tensorflow==2.16.2\n", "2.16.2"),
        ("tensorflow==2.15.1\nnumpy<1.24\n", "2.15.1+numpy-1.23.5"),
        ("tensorflow~=2.15.0\n", "2.15.1"),
        ("tensorflow-text==2.15.0\n", "2.15.1"),
        ("tensorflow==2.15.1\ntf-keras==2.15.0\n", "2.15.1+tf-keras-2.15.0"),
        ("tensorflow==2.15.0\nkeras==2.15.0\n", "2.15.0"),
        ("tensorflow==2.16.2\n-c more.txt\n", "2.16.2+keras-3.5.0"),
    ],
)
def test_what_is_pinned_otherwise_than_locked_is_part_of_the_name(
    tmp_path: Path, tell: Tell, pins: str, name: str
) -> None:
    """What the lock has in any spelling adds nothing, and what would be installed in place of it is named."""
    make_gated_project(tmp_path)
    (tmp_path / "more.txt").write_text("keras==3.5.0\n", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text(pins, encoding="utf-8")
    assert tell("pinned").out == f"{name}\n"


def test_two_pins_of_one_companion_are_refused(tmp_path: Path, tell: Tell) -> None:
    """Which of two versions of Keras would be run is nobody's guess."""
    make_gated_project(tmp_path)
    (tmp_path / "constraints.txt").write_text("keras==2.14.0\n", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("tensorflow==2.15.1\nkeras==2.15.0\n", encoding="utf-8")
    said = tell("pinned")
    assert said.code == cli.INCOMPLETE
    assert "constraints.txt, line 1, says 'keras==2.14.0', but keras 2.15.0 counts" in said.err


def test_a_report_of_another_machine_is_refused(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was measured elsewhere is not what this machine would have."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(keys, "machine_id", lambda _: "0" * 64)
        gated(tmp_path)
        id_ = report_id(tell, tmp_path)
    said = tell("pin", CANDIDATE, "--report", id_)
    assert said.code == cli.INCOMPLETE
    assert "stale: run before the machine changed" in said.err


def test_nothing_is_written_unless_all_of_it_can_be(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file cannot be written, neither the others nor the receipt are."""
    gated(tmp_path)
    (tmp_path / "constraints.txt").write_text("tensorflow==2.15.1\n", encoding="utf-8")
    id_, before = report_id(tell, tmp_path), files(tmp_path)
    (tmp_path / "constraints.txt").chmod(0o444)
    said = tell("pin", CANDIDATE, "--report", id_)
    assert said.code == cli.INCOMPLETE
    assert "constraints.txt is read-only" in said.err
    assert files(tmp_path) == before
    (tmp_path / "constraints.txt").chmod(0o644)
    with monkeypatch.context() as full:
        full.setattr(pinning, "_move", no_space)
        assert "cannot be written" in tell("pin", CANDIDATE, "--report", id_).err
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".partial")]


def no_space(*_: object) -> None:
    """Raise as a full disk does."""
    raise OSError(28, "No space left on device")


def test_a_receipt_that_cannot_be_put_in_place_undoes_the_rest(tmp_path: Path) -> None:
    """The requirement files are as they were where the receipt's own rename fails."""
    config = gated(tmp_path).config
    kept = receipt.Receipt(
        BASELINE, CANDIDATE, "0" * 8, "m", "p", "e", TODAY, {"tensorflow": CANDIDATE}, {"modes": ["tf2"]}
    )
    planned = pinning.plan_pin(config, kept, make_plan(config).candidates[0], anew=False)
    before = files(tmp_path)
    (tmp_path / FILE).mkdir()
    (tmp_path / FILE / "in the way").touch()
    with pytest.raises(Exception, match="nothing was changed"):
        pinning.write(planned)
    assert (tmp_path / "requirements.txt").read_bytes() == before["requirements.txt"]


def pinned_project(folder: Path, tell: Tell, answer: Callable[[ExpectedTrial], Any] = lambda _: ones()) -> str:
    """Make a project whose candidate was pinned, and return the report's id."""
    gated(folder, answer, ["same", "other"])
    id_ = report_id(tell, folder)
    assert tell("pin", CANDIDATE, "--report", id_).code == cli.SAME
    assert tell("check", "--pinned").code == cli.SAME
    return id_


def receive_otherwise(pattern: str, new: str) -> Callable[[Path], None]:
    """Return a function that edits the receipt."""

    def edit(folder: Path) -> None:
        path = folder / FILE
        changed = re.sub(pattern, new, path.read_text(encoding="utf-8"))
        assert changed != path.read_text(encoding="utf-8")
        path.write_text(changed, encoding="utf-8")

    return edit


def remove_a_model(folder: Path) -> None:
    """Take a model out of the folder."""
    (folder / "reference_models" / "other.py").unlink()


def leave_out_a_mode(folder: Path) -> None:
    """Take a mode out of the configuration."""
    make_gated_project(folder, (), modes=["v1"])
    pin_it_already(folder)


def change_both_sides(folder: Path) -> None:
    """Have the store say of both environments alike what it did not say before."""
    config = make_gated_project(folder, ())
    pin_it_already(folder)
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        fill(store, make_plan(config), lambda _: ones(weights=[4.0] * 4))


BROKEN = {
    "model edited": (edit_a_model, "stale: run before the model changed"),
    "model removed": (remove_a_model, "models no longer have other"),
    "mode left out": (leave_out_a_mode, "modes no longer have tf2"),
    "pin edited": (pin_by_hand("2.14.1"), "the project pins 2.14.1, and tfmatrix-pin.toml is about"),
    **{
        f"{key} {digit}": (receive_otherwise(rf'{key} = ".*"', f'{key} = "{digit * 64}"'), saying)
        for key, saying in (
            ("machine", "made on another machine"),
            ("policy", "the policy has changed since"),
            ("evidence", "the results have changed since"),
        )
        for digit in "0f"
    },
    "results": (change_both_sides, "the results have changed since"),
    "fewer trials": (receive_otherwise(r"trials = 2", "trials = 1"), "trials was 1, and is 2"),
    "more trials": (receive_otherwise(r"trials = 2", "trials = 3"), "trials was 3, and is 2"),
    "unknown setting": (receive_otherwise(r"trials = 2", "trials = 2\nsizes = [1]"), "sizes was [1], and is None"),
    "setting left out": (receive_otherwise(r"modes = .*\n", ""), "modes was None, and is ['tf2', 'v1']"),
    "model new": (receive_otherwise(r'"other", ', ""), "no longer holds: models now have other\n"),
    "model gone": (
        receive_otherwise(r'"other", ', '"gone", "other", '),
        "no longer holds: models no longer have gone\n",
    ),
    "model renamed": (receive_otherwise(r'"other"', '"gone"'), "models no longer have gone and now have other\n"),
    "order": (receive_otherwise(r'"tf2", "v1"', '"v1", "tf2"'), "modes was ['v1', 'tf2'], and is ['tf2', 'v1']"),
    "no versions": (
        receive_otherwise(r"\[versions\]\n(.+\n)*", "[versions]\n"),
        "versions must be a table that is not",
    ),
    "a number for a list": (receive_otherwise(r"modes = .*\n", "modes = 3\n"), "modes must be a list"),
    "a word for a list": (receive_otherwise(r"launches = .*\n", 'launches = "default"\n'), "launches must be a list"),
    "a table for a setting": (receive_otherwise(r"trials = 2", "trials = { a = 1 }"), "settings is of another shape"),
    "a list of lists": (receive_otherwise(r"modes = .*\n", "modes = [[]]\n"), "settings is of another shape"),
    "a number for a version": (
        receive_otherwise(r'tensorflow = ".*"', "tensorflow = 2"),
        "versions is of another shape",
    ),
    "no table": (receive_otherwise(r"\[versions\]\n(.+\n)*", ""), "'versions' is not there"),
    "day": (receive_otherwise(r"\non = .*", "\non = 2030-01-01"), "a day that has not come"),
    "move further": (receive_otherwise(r'to = ".*"', 'to = "2.21.0"'), "is about the move from 2.15.1 to 2.21.0"),
    "move elsewhere": (receive_otherwise(r'to = ".*"', 'to = "2.12.1"'), "is about the move from 2.15.1 to 2.12.1"),
    "key": (receive_otherwise(r"evidence = .*\n", ""), "'evidence' is not there"),
    "toml": (receive_otherwise(r"schema", "= schema"), "cannot be read"),
    "schema": (receive_otherwise(r"schema = 1", "schema = 2"), "schema 2"),
    "old schema": (receive_otherwise(r"schema = 1", "schema = 0"), "schema 0"),
}


@pytest.mark.parametrize(("spoil", "saying"), BROKEN.values(), ids=BROKEN)
def test_a_pin_that_no_longer_holds_is_said(
    tmp_path: Path, tell: Tell, spoil: Callable[[Path], None], saying: str
) -> None:
    """What a pin relied on is held against what is known today, and what changed is named."""
    pinned_project(tmp_path, tell)
    spoil(tmp_path)
    said = tell("check", "--pinned")
    assert said.code == cli.INCOMPLETE
    assert saying in said.out + said.err


def test_what_else_a_report_covers_does_not_break_a_pin(tmp_path: Path, tell: Tell) -> None:
    """A further candidate makes another report, and the evidence of the pin is still the same."""
    id_ = pinned_project(tmp_path, tell)
    versions = [BASELINE, CANDIDATE, "2.21.0"]
    config = make_gated_project(tmp_path, (), versions=versions)
    pin_it_already(tmp_path)
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        fill(store, make_plan(config), lambda _: ones())
    assert report_id(tell, tmp_path) != id_
    assert tell("check", "--pinned").code == cli.SAME


def test_a_pin_can_be_made_anew(tmp_path: Path, tell: Tell) -> None:
    """What no longer holds is pinned again on a report of today: the receipt is replaced, and nothing else."""
    pinned_project(tmp_path, tell)
    before = files(tmp_path)
    (tmp_path / "reference_models" / "new.py").write_text("# new\n", encoding="utf-8")
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        fill(store, make_plan(make_gated_project(tmp_path, ())), lambda _: ones())
    (tmp_path / "requirements.txt").write_bytes(before["requirements.txt"])
    assert tell("check", "--pinned").code == cli.INCOMPLETE
    said = tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path))
    assert said.code == cli.SAME, said.err
    after = files(tmp_path)
    assert after["requirements.txt"] == before["requirements.txt"]
    assert after[FILE] != before[FILE]
    assert tell("check", "--pinned").code == cli.SAME


def test_less_is_not_asked_of_the_next_candidate(tmp_path: Path, tell: Tell) -> None:
    """What the last pin's evidence covered is not left out of the next one's unseen."""
    pinned_project(tmp_path, tell)
    versions = [CANDIDATE, "2.21.0"]
    for modes, code in ((["tf2", "v1"], cli.SAME), (["tf2"], cli.INCOMPLETE)):
        config = make_gated_project(tmp_path, (), versions=versions, baseline=CANDIDATE, modes=modes)
        pin_it_already(tmp_path)
        with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
            fill(store, make_plan(config), lambda _: ones())
        said = tell("check", "2.21.0")
        assert said.code == code
    assert "modes no longer have v1, on which the pin of 2.16.2 relies" in said.out


def test_a_lock_that_a_tool_writes_is_left_to_the_tool(tmp_path: Path, tell: Tell) -> None:
    """Where uv owns a file, the command that brings it up to date is said."""
    gated(tmp_path)
    with (tmp_path / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.10"\n')
        file.write('dependencies = ["tensorflow-cpu==2.15.1"]\n')
    uv.run(["lock", "--quiet", "--python", sys.executable], failing="no lock", folder=tmp_path)
    said = tell("pin", CANDIDATE, "--report", report_id(tell, tmp_path))
    assert said.code == cli.SAME, said.err
    assert "now bring up to date uv.lock: uv lock" in said.err
    assert 'dependencies = ["tensorflow-cpu==2.16.2"]' in (tmp_path / "pyproject.toml").read_text(encoding="utf-8")


def test_the_clock_of_a_pin(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pin that was made on a day that has not come is not believed."""
    pinned_project(tmp_path, tell)
    on(monkeypatch, date(2026, 11, 24))
    assert tell("check", "--pinned").code == cli.INCOMPLETE
    on(monkeypatch, date(2030, 1, 1))
    assert tell("check", "--pinned").code == cli.SAME


def test_a_lock_of_the_candidate_that_changed(tmp_path: Path, tell: Tell) -> None:
    """Another lock is another environment, whose cells were not run."""
    config = gated(tmp_path).config
    id_ = report_id(tell, tmp_path)
    candidate = make_plan(config).candidates[0]
    path = lock_of(config.root, candidate)
    path.write_text(path.read_text(encoding="utf-8").replace("3.12.0", "3.12.1"), encoding="utf-8")
    said = tell("pin", CANDIDATE, "--report", id_)
    assert said.code == cli.INCOMPLETE
    assert "stale: run before the lock changed" in said.err


@pytest.mark.parametrize("digit", ["0", "f"])
def test_a_receipt_of_another_machine_is_no_obstacle_to_a_check_here(tmp_path: Path, tell: Tell, digit: str) -> None:
    """What was run on this machine stands for itself: where the pin was made elsewhere is said, and passes."""
    pinned_project(tmp_path, tell)
    receive_otherwise(r'machine = ".*"', f'machine = "{digit * 64}"')(tmp_path)
    receive_otherwise(r'evidence = ".*"', f'evidence = "{digit * 64}"')(tmp_path)
    said = tell("check", CANDIDATE, "--baseline", BASELINE)
    assert said.code == cli.SAME
    assert "tfmatrix-pin.toml was made on another machine" in said.out


def test_a_receipt_that_cannot_be_written_leaves_the_project_as_it_was(tmp_path: Path, tell: Tell) -> None:
    """The receipt is written beside its place before any other file is touched."""
    gated(tmp_path)
    id_, before = report_id(tell, tmp_path), files(tmp_path)
    (tmp_path / f".{FILE}.partial").mkdir()
    said = tell("pin", CANDIDATE, "--report", id_)
    assert said.code == cli.INCOMPLETE
    assert "nothing was changed" in said.err
    assert files(tmp_path) == before
