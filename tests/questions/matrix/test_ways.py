"""Other ways to read a saved model that a release refuses: when they are tried, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from building import BASELINE, CANDIDATE, add, fill, installed, make_project, missing_from, tensor, trial
from tfmatrix.environments import making
from tfmatrix.questions.matrix.answer import answer as in_short
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.questions.matrix.summary import summarise
from tfmatrix.records import ExpectedTrial, Package, Reread, Rewrite, Trial
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.terminal import lines
from tfmatrix.runner.observing import request_of
from tfmatrix.store.facts import INSTALLED
from tfmatrix.store.store import Store

OUTPUTS = {"native predict/dense": [0.5, 0.25, 1.0, 0.75]}
SEEN = {"native loaded/w": [1.0], **OUTPUTS}
BYTES = np.frombuffer(b"a saved model", np.uint8)


WRITTEN = {
    "native rewritten/keras/model.keras": tensor(BYTES, "uint8"),
    "native given/keras/image": [1.0, 2.0],
    "native rewritten/saved-model/model/saved_model.pb": tensor(BYTES[:5], "uint8"),
    "native rewritten/saved-model/model/variables/v": tensor(BYTES[5:], "uint8"),
    "native given/saved-model/image": [1.0, 2.0],
}
"""What the baseline wrote; an .h5 it could not."""


def refused(expected: ExpectedTrial, message: str = "read: unknown argument groups") -> Trial:
    """Return a trial of a release that refused the file."""
    return trial(expected, "failed", kind="ValueError", message=message)


def plan_of(folder: Path, path: str = "saved/model.h5", *more: str) -> Plan:
    """Return the plan of one saved model."""
    for name in (path, *more):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    named = str(Path(path).parent) if more else path
    return make_plan(make_project(folder, (), f'models.served.file = "{named}"\n'))


def known(store: Store, plan: Plan, message: str = "read: unknown argument groups") -> None:
    """Add what the project's own trials came to."""
    fill(store, plan, lambda one: SEEN if one.cell.environment.name == BASELINE else refused(one, message))


def test_what_is_refused_is_written_otherwise_and_read_in_every_way(tmp_path: Path) -> None:
    """By the baseline once; then by the candidate, and by Keras 2 beside it, which are handed what was written."""
    plan = plan_of(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        known(store, plan)
        (writer,) = missing_from(store, plan)
        assert (writer.id, writer.work) == (f"{BASELINE}/served/tf2 rewritten", Rewrite())
        assert request_of(writer, plan.config, fresh=False)["keep"] == ["native rewritten", "native given"]
        add(store, writer, WRITTEN)
        wanted = {one.work.way: one for one in missing_from(store, plan) if isinstance(one.work, Reread)}
        assert list(wanted) == ["custom-objects", "config", "keras", "tf-keras", "tfsm-layer", "saved-model"]
        names = {way: one.cell.environment.name for way, one in wanted.items()}
        assert names.pop("tf-keras").startswith(f"{CANDIDATE}+tf-keras-2.16")
        assert set(names.values()) == {CANDIDATE}
        for way, files in {"keras": 1, "saved-model": 2, "custom-objects": 0}.items():
            request = request_of(wanted[way], plan.config, fresh=False)
            assert (request["purpose"], request["way"]) == ("reread", way)
            assert bool(request["handed"]) is bool(files)
            if files:
                with np.load(request["handed"]) as handed:
                    stages = list(handed["stages"])
                    assert len(stages) == files + 1
                    assert handed[str(stages.index(f"given/{way}/image"))].tolist() == [1.0, 2.0]
                    assert handed["0"].tobytes() == BYTES.tobytes()[: len(handed["0"])]


def test_a_release_that_writes_otherwise_is_read_anew(tmp_path: Path) -> None:
    """What is handed over is part of the key; a way that reads the file itself is not asked for again."""
    plan = plan_of(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        known(store, plan)
        (writer,) = missing_from(store, plan)
        add(store, writer, WRITTEN)
        before = {one.key for one in missing_from(store, plan)}
        add(store, writer, {**WRITTEN, "native rewritten/keras/model.keras": tensor(BYTES[1:], "uint8")})
        after = {one.key for one in missing_from(store, plan)}
    assert len(before ^ after) == 2


@pytest.mark.parametrize("message", ["model.h5 is cut off or damaged", "timed out"])
def test_what_is_no_refusal_is_not_advised(tmp_path: Path, message: str) -> None:
    """A file that is none is none in every way."""
    plan = plan_of(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        known(store, plan, message)
        assert missing_from(store, plan) == []


def test_what_the_baseline_refuses_too_is_not_advised(tmp_path: Path) -> None:
    """Nobody knows what it would have to predict."""
    plan = plan_of(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, refused)
        assert missing_from(store, plan) == []


def told(tmp_path: Path, **became: Any) -> tuple[str, str]:
    """Return the report and the terminal's lines, where ways came to something; all others do not exist."""
    plan = plan_of(tmp_path)
    with Store(tmp_path / "store.sqlite") as store:
        known(store, plan)
        add(store, missing_from(store, plan)[0], WRITTEN)
        for one in missing_from(store, plan):
            assert isinstance(one.work, Reread)
            found = became.get(one.work.way.replace("-", "_"), "unsupported")
            add(store, one, trial(one, found, message="read: no") if isinstance(found, str) else found)
        assert missing_from(store, plan) == []
        report = summarise(compare_all(plan, store))
    assert [cell.verdict for cell in report.cells] == ["", "failed"]
    return to_markdown(page(report)), "\n".join(lines(in_short(report)))


def test_what_was_seen_to_work_is_told_with_what_it_predicts(tmp_path: Path) -> None:
    """The same bits whatever they are called, rounding, or others; what is refused too comes last."""
    ulp = np.nextafter(np.float32(0.5), np.float32(1))
    text, short = told(
        tmp_path,
        keras="failed",
        tf_keras={"native predict/other_name": OUTPUTS["native predict/dense"]},
        tfsm_layer={"native predict/0": [ulp, 0.25, 1.0, 0.75]},
        saved_model={"native predict/0": [0.5, 0.25, 1.0, 0.8]},
    )
    table = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in table if "load" in line or "TFSM" in line]
    assert [came.split(":")[0] for _, came in rows] == ["`=` identical", "`.` rounding", "`#` different", "refused too"]
    assert rows[0][0].startswith("`load_model(path)` of tf-keras 2.16")
    assert f"of what {BASELINE} saved" in rows[1][0]
    assert rows[3][0].startswith(f"a `.keras` that {BASELINE} saved")
    assert "| a `.h5`" not in text  # it was not written, and a way that does not exist is none
    assert "served/tf2: it was read by `load_model(path)` of tf-keras" in short
    assert "and in 2 other ways" in short


def test_where_no_way_works_that_is_told(tmp_path: Path) -> None:
    """It has been tried."""
    text, short = told(tmp_path, custom_objects="failed", keras="crashed")
    assert text.count("| refused too") == 2
    assert "none of 2 other ways read it" in short


def test_other_outputs_than_the_baselines_are_no_success(tmp_path: Path) -> None:
    """Another number of them, another shape, or NaN."""
    for number, outputs in enumerate(
        (
            {"native predict/a": [1.0], "native predict/b": [1.0]},
            {"native predict/a": [1.0]},
            {"native predict/a": [0.5, 0.25, 1.0, np.nan]},
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        text, _ = told(folder, keras=outputs)
        assert "`#` different" in text


def test_a_folder_of_keras_2_is_no_longer_loaded_by_keras_3(tmp_path: Path) -> None:
    """It is read by its signature, so nothing is refused; what its user can do is tried all the same."""
    plan = plan_of(tmp_path, "saved/model/saved_model.pb", "saved/model/keras_metadata.pb")
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, lambda _: SEEN)
        assert missing_from(store, plan) == []  # nothing says that it is Keras 3
        environment = plan.environments[1]
        made = installed(environment, plan.config)
        made = replace(made, packages=(*made.packages, Package("keras", "3.11.3")))
        store.note(INSTALLED, plan.scope.environment_key(environment), making.to_json(made))
        add(store, missing_from(store, plan)[0], {k: v for k, v in WRITTEN.items() if "saved-model" not in k})
        wanted = {one.work.way: one.work for one in missing_from(store, plan) if isinstance(one.work, Reread)}
    assert list(wanted) == ["custom-objects", "config", "keras", "tf-keras", "tfsm-layer"]
    assert [way for way, work in wanted.items() if work.rewritten] == ["keras"]
