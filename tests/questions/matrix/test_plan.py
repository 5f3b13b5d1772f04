"""The plan: which cells and trials are expected, and what each trial's key covers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, fill, lock_of, make_project, missing_from, ones, plan_of
from tfmatrix import config, keys
from tfmatrix.environments import catalogue
from tfmatrix.environments.machine import INHERITED
from tfmatrix.errors import UserError
from tfmatrix.models import files
from tfmatrix.questions.matrix.judge import states
from tfmatrix.questions.matrix.plan import Plan, make_plan, only
from tfmatrix.records import Cell, Environment, ExpectedTrial, Machine, Train
from tfmatrix.store.store import Store

VARIANTS = 'VARIANTS = {"sgd": {"RATE": 1}, "adam": {"RATE": 2}}\n'


def keys_of(planned: Plan) -> dict[str, str]:
    """Return the key of each expected trial by its name."""
    return {expected.id: expected.key for trials in planned.trials.values() for expected in trials}


def of_cell(planned: Plan, environment: str, model: str = "mlp") -> tuple[ExpectedTrial, ...]:
    """Return the trials of one cell in the mode tf2."""
    return next(t for cell, t in planned.trials.items() if cell.id == f"{environment}/{model}/tf2")


def test_every_combination_is_a_cell(tmp_path: Path) -> None:
    """The cells are environments by launches by modes by models, each once."""
    planned = plan_of(tmp_path, ["a", "b"], "launches.single = { intra_op = 1 }", modes=["tf2", "v1"])
    assert len(planned.cells) == len(set(planned.cells)) == 2 * 2 * 2 * 2
    assert {cell.id for cell in planned.cells} >= {"2.15.1/a/tf2", "2.16.2/b/v1/single"}


def test_environments_stand_oldest_first_and_the_baseline_is_among_them(tmp_path: Path) -> None:
    """Versions are ordered by release and not by text, and a baseline that is not listed is added."""
    planned = plan_of(tmp_path, versions=["2.16.2", "2.9.3", "2.10.1"])
    assert [e.name for e in planned.environments] == ["2.9.3", "2.10.1", BASELINE, "2.16.2"]
    assert planned.baseline not in planned.candidates
    assert len(planned.candidates) == 3


def test_all_means_every_release_that_is_known(tmp_path: Path) -> None:
    """The word all stands for the catalogue's releases, each once even where it is listed too."""
    planned = plan_of(tmp_path, versions=["all", BASELINE])
    assert [e.name for e in planned.environments] == list(catalogue.RELEASES)


def test_what_each_role_is_needed_for(tmp_path: Path) -> None:
    """Trials and seeds are of every cell, jitters of the baseline's, a witness of one model per release and mode."""
    planned = plan_of(tmp_path, ["a", "b", "c"], trials=3, jitters=2)
    for cell, trials in planned.trials.items():
        roles = Counter(expected.role for expected in trials)
        assert roles["trial"] == 3
        assert roles["seeds"] == 1
        assert roles["jitter"] == (2 if cell.environment == planned.baseline else 0)
    witnesses = Counter(e.cell.environment for trials in planned.trials.values() for e in trials if e.role == "witness")
    assert witnesses == dict.fromkeys(planned.environments, 1)


def test_the_last_of_several_trials_has_another_hash_seed(tmp_path: Path) -> None:
    """Trials of one cell come from two hash seeds, a single one from the first, and the witness from the second."""
    several = [e.hash_seed for e in of_cell(plan_of(tmp_path, trials=3), CANDIDATE) if e.role == "trial"]
    single = [e.hash_seed for e in of_cell(plan_of(tmp_path, trials=1), CANDIDATE) if e.role == "trial"]
    assert (several, single) == (["0", "0", "1"], ["0"])
    assert [e.hash_seed for e in of_cell(plan_of(tmp_path), CANDIDATE) if e.role == "witness"] == ["1"]


def test_a_trial_is_the_first_process_of_its_role_unless_more_is_said(tmp_path: Path) -> None:
    """Number and seed of a trial are 0 and its hash seed is the first where none is named, and its key covers them."""
    planned = plan_of(tmp_path)
    cell = planned.cells[0]
    alone = keys.expect(planned.scope, cell, Train(), role="trial")
    assert (alone.number, alone.seed, alone.hash_seed) == (0, 0, "0")
    assert {("role", "trial-0"), ("seed", "0"), ("hash seed", "0")} < set(alone.covers)
    shared = keys.cell_covers(planned.scope, cell)
    assert set(shared) < set(alone.covers)
    assert keys.expect(planned.scope, cell, Train(), role="trial", shared=shared) == alone


def test_no_two_trials_share_a_key(tmp_path: Path) -> None:
    """Trials of a plan with variants, modes and launches that set different things all have keys of their own."""
    planned = plan_of(tmp_path, {"m": VARIANTS}, "launches.single = { intra_op = 1 }", modes=["tf2", "v1"])
    found = keys_of(planned)
    assert len(set(found.values())) == len(found) == sum(map(len, planned.trials.values()))


def test_one_plan_gives_the_same_keys_twice(tmp_path: Path) -> None:
    """A plan that is made anew from the same files has the same keys."""
    assert keys_of(plan_of(tmp_path)) == keys_of(plan_of(tmp_path))


OTHER: dict[str, dict[str, Any]] = {
    "seed": {"seed": 43},
    "threads": {"more": "launches.default = { intra_op = 1 }"},
    "pools": {"more": "launches.default = { inter_op = 1 }"},
    "variables": {"more": 'launches.default = { variables = { TF_ENABLE_ONEDNN_OPTS = "0" } }'},
    "device": {"more": 'launches.default = { device = "gpu" }'},
    "source": {"models": {"mlp": "# edited\n"}},
    "python": {"python": "3.9"},
}


@pytest.mark.parametrize("choices", OTHER.values(), ids=OTHER)
def test_what_can_change_bits_changes_every_key(tmp_path: Path, choices: dict[str, Any]) -> None:
    """Another seed, launch, model source or Python gives every trial another key."""
    before = keys_of(plan_of(tmp_path))
    if python := choices.get("python"):
        for version in (BASELINE, CANDIDATE):
            lock_of(tmp_path, Environment(version, python=python)).write_text(f"# kind: today\n# {version}\n")
    after = keys_of(plan_of(tmp_path, **choices))
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


def test_a_lock_changes_the_keys_of_its_own_environment_only(tmp_path: Path) -> None:
    """A lock that is made anew makes its environment's trials stale, and no other's."""
    settings = make_project(tmp_path)
    before = keys_of(make_plan(settings))
    lock_of(tmp_path, Environment(CANDIDATE)).write_text("# kind: as of 2024-01-01\n", encoding="utf-8")
    after = keys_of(make_plan(settings))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if name.startswith(CANDIDATE)}


def test_the_mode_and_the_variant_change_the_key(tmp_path: Path) -> None:
    """Cells that differ only in mode, or only in the variant of one file, have keys of their own."""
    planned = plan_of(tmp_path, {"m": VARIANTS}, modes=["tf2", "v1"])
    firsts = [trials[0] for trials in planned.trials.values() if trials[0].cell.environment == planned.baseline]
    assert len(firsts) == 4
    assert len({expected.key for expected in firsts}) == 4
    assert len({expected.cell.model.source for expected in firsts}) == 1


def test_another_machine_or_probe_changes_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with other instruction sets, and an edited file of the probe, make every trial stale."""
    here = plan_of(tmp_path)
    first = keys_of(here)
    other: Machine = replace(here.config.machine, flags=("none",))
    second = keys_of(make_plan(replace(here.config, machine=other)))
    monkeypatch.setattr(keys, "probe_source", lambda: "edited")
    third = keys_of(plan_of(tmp_path))
    assert len({*first.values(), *second.values(), *third.values()}) == 3 * len(first)


@pytest.mark.parametrize("name", INHERITED)
def test_other_gpus_or_libraries_change_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Which GPUs and libraries the caller has TensorFlow find is covered, and none is not any; a launch's own goes."""
    own = f'launches.default = {{ variables = {{ {name} = "0" }} }}'
    found: list[dict[str, str]] = []
    chosen = []
    for value in (None, "", "0"):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
        found.append(keys_of(plan_of(tmp_path)))
        chosen.append(keys_of(plan_of(tmp_path, more=own)))
    assert len({key for each in found for key in each.values()}) == 3 * len(found[0])
    assert chosen[0] == chosen[1] == chosen[2]


def covered(folder: Path, name: str, more: str = "") -> str:
    """Return what a trial covers under a name."""
    (expected, *_), *_ = plan_of(folder, more=more).trials.values()
    return dict(expected.covers)[name]


def test_a_launch_without_a_device_is_covered_as_ever(tmp_path: Path) -> None:
    """What was stored under it counts; a device is covered besides, and with it which GPUs it leaves to be seen."""
    assert covered(tmp_path, "launch") == "[2, 2, []]"
    gpu, cpu = ('launches.default = { device = "gpu" }', 'launches.default = { device = "cpu" }')
    assert covered(tmp_path, "launch", gpu) == '[2, 2, [["TF_FORCE_GPU_ALLOW_GROWTH", "true"]], "gpu"]'
    assert covered(tmp_path, "launch", cpu) == '[2, 2, [["CUDA_VISIBLE_DEVICES", "-1"]], "cpu"]'
    assert covered(tmp_path, "variable CUDA_VISIBLE_DEVICES", cpu) == '"-1"'


def test_an_edited_probe_file_changes_the_probes_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe's digest covers the names and the bytes of its files, code and tables."""
    monkeypatch.setattr(keys, "PROBE", tmp_path)
    digests = set()
    (tmp_path / "watch").mkdir()
    edits = (("a.py", "1"), ("a.py", "2"), ("b.py", "2"), ("c.json", "1"), ("c.json", "2"))
    within = (("watch/a.py", "1"), ("watch/a.py", "2"))
    for name, content in (*edits, *within):
        (tmp_path / name).write_text(content, encoding="utf-8")
        digests.add(keys.probe_source())
    assert len(digests) == len(edits) + len(within)


UNRELATED: dict[str, dict[str, Any]] = {
    "timeout": {"timeout": 999},
    "jobs": {"jobs": 7},
    "memory": {"memory": 99999},
    "places": {"reports": "elsewhere", "store": "other.sqlite"},
    "another version": {"versions": [BASELINE, CANDIDATE, "2.9.3"]},
    "another mode": {"modes": ["tf2", "v1"]},
    "another model": {"models": ["mlp", "other"]},
    "another launch": {"more": "launches.single = { intra_op = 1 }"},
    "more trials": {"trials": 2, "jitters": 5},
    "the same launch under its name": {"more": "launches.default = { intra_op = 2, inter_op = 2 }"},
    "a policy": {"more": 'policy.preset = "bitwise"'},
}


@pytest.mark.parametrize("choices", UNRELATED.values(), ids=UNRELATED)
def test_what_cannot_change_bits_changes_no_key(tmp_path: Path, choices: dict[str, Any]) -> None:
    """Limits, places, and cells besides leave the keys of the trials that were there before."""
    before = {id_: key for id_, key in keys_of(plan_of(tmp_path)).items() if "witness" not in id_}
    after = keys_of(plan_of(tmp_path, **choices))
    assert {id_: after[id_] for id_ in before} == before


def test_another_place_of_the_project_changes_no_key(tmp_path: Path) -> None:
    """A project that is moved keeps its trials: paths are no part of a key."""
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    assert keys_of(plan_of(folders[0])) == keys_of(plan_of(folders[1]))


def test_a_key_is_the_digest_of_what_is_shown(tmp_path: Path) -> None:
    """Two trials with one key cover the same things, and each thing that is covered has a name of its own."""
    planned = plan_of(tmp_path, ["a", "b"])
    shown = {e.covers: e.key for trials in planned.trials.values() for e in trials}
    assert len(set(shown.values())) == len(shown)
    for covers in shown:
        assert len({name for name, _ in covers}) == len(covers)


def test_variants_are_read_and_not_run(tmp_path: Path) -> None:
    """A file's variants are its own keys of VARIANTS, found without running a line of it."""
    source = f'raise SystemExit("was run")\n{VARIANTS}'
    assert [m.name for m in plan_of(tmp_path, {"m": source}).models] == ["m[sgd]", "m[adam]"]
    annotated = "VARIANTS: dict = {'one': {}}\n"
    assert [m.name for m in plan_of(tmp_path, {"m": annotated}).models] == ["m[one]"]


@pytest.mark.parametrize("source", ["def (", "\0", "VARIANTS = {}", "VARIANTS = make()", ""])
def test_a_file_without_readable_variants_is_one_model(tmp_path: Path, source: str) -> None:
    """A model file that is broken, empty or computes its variants is one cell, and the others are planned."""
    assert [m.name for m in plan_of(tmp_path, {"good": "", "odd": source}).models] == ["good", "odd"]


def test_a_bare_name_means_every_variant(tmp_path: Path) -> None:
    """A model is chosen by its full name, or all variants by the file's, each once and in the order asked for."""
    files = {"m": VARIANTS, "z": ""}
    assert [m.name for m in plan_of(tmp_path, files).models] == ["m[sgd]", "m[adam]", "z"]
    chosen = make_project(tmp_path, files).overridden(models="z, m[adam], m")
    assert [m.name for m in make_plan(chosen).models] == ["z", "m[adam]", "m[sgd]"]


Wrong = Callable[[config.Config], config.Config]

MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "model": ({"models": "mpl"}, "there is no model 'mpl'; there are mlp"),
    "variant": ({"models": "mlp[x]"}, "there is no model"),
    "version": ({"versions": "1.12.0"}, "TensorFlow 1.12.0 is too old"),
    "new version": ({"versions": "2.99.0"}, "no TensorFlow 2.99.0 is known; the nearest are 2.21.0, "),
    "baseline": ({"baseline": "newest"}, "newest"),
    "package": ({"versions": "2.16.2+torch"}, "'torch' in the environment '2.16.2+torch' is no package with an exact"),
    "distribution": ({"distribution": "tensorflow-gpu"}, "is not one of tensorflow-cpu, tensorflow"),
    "python": ({"python": "3"}, "must be major and minor"),
    "seed": ({"seed": 2**31}, "must be below 2147483648"),
    "folder": ({"models_folder": "nowhere"}, "there is no model"),
}


@pytest.mark.parametrize(("choices", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_name_that_does_not_exist_is_the_users_error(tmp_path: Path, choices: dict[str, Any], told: str) -> None:
    """An unknown model, version, package, Python or seed is refused in a sentence that says what there is."""
    settings = make_project(tmp_path)
    with pytest.raises(UserError) as refused:
        make_plan(settings.overridden(**choices))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_environment_without_a_lock_is_still_expected(tmp_path: Path) -> None:
    """Where there is no lock the cells stay in the plan, with an empty digest, so that they end as unavailable."""
    planned = plan_of(tmp_path, versions=[BASELINE, "2.16.1"])
    lock_of(tmp_path, Environment("2.16.1")).unlink()
    bare = make_plan(planned.config)
    assert {e.name: bool(digest) for e, digest in bare.scope.locks.items()} == {BASELINE: True, "2.16.1": False}
    assert len(bare.cells) == 2


def test_the_launch_is_in_a_cells_name_where_it_is_not_the_default(tmp_path: Path) -> None:
    """A cell is called by environment, model and mode, and by its launch where there are others."""
    planned = plan_of(tmp_path, {"m": VARIANTS}, "launches.single = { intra_op = 1 }")
    ids = [cell.id for cell in planned.cells]
    assert len(set(ids)) == len(ids)
    assert ids[:4] == [
        "2.15.1/m[sgd]/tf2",
        "2.15.1/m[adam]/tf2",
        "2.15.1/m[sgd]/tf2/single",
        "2.15.1/m[adam]/tf2/single",
    ]
    assert isinstance(planned.cells[0], Cell)


def test_other_variables_for_every_probe_change_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What tfmatrix itself sets for every process is part of every key: trials under other variables are stale."""
    before = keys.probe_source()
    edited = tmp_path / keys.LAUNCHING.name
    edited.write_text(keys.LAUNCHING.read_text(encoding="utf-8").replace("C.UTF-8", "C"), encoding="utf-8")
    monkeypatch.setattr(keys, "LAUNCHING", edited)
    assert keys.probe_source() != before


@pytest.mark.parametrize("keys", ["**MORE, 'b': {}", "1: {}", "NAME: {}, 'b': {}", "'': {}"])
def test_variants_that_cannot_be_read_are_one_model_that_fails(tmp_path: Path, keys: str) -> None:
    """Where VARIANTS does not write every name out there is one cell, which the probe refuses; others are planned."""
    planned = plan_of(tmp_path, {"good": "", "m": f"# a model\nVARIANTS = {{{keys}}}\n"})
    assert [model.name for model in planned.models] == ["good", "m"]


@pytest.mark.parametrize("source", ["-" * 100_000 + "1", "x=" + "+".join("1" * 100_000), "(" * 100_000])
def test_a_file_that_is_too_deep_is_one_model_that_fails(tmp_path: Path, source: str) -> None:
    """What Python itself can't read as it is too deep ends no command: its trials say so."""
    assert [model.name for model in plan_of(tmp_path, {"good": "", "m": source}).models] == ["good", "m"]


def test_a_pipe_in_the_place_of_a_model_is_not_waited_for(tmp_path: Path) -> None:
    """What is no file is a model whose trials say so, and no command waits for somebody to write into it."""
    settings = make_project(tmp_path, {"good": ""})
    os.mkfifo(settings.under_root(settings.models_folder) / "m.py")
    planned = make_plan(settings)
    assert [model.name for model in planned.models] == ["good", "m"]
    assert {e.role for trials in planned.trials.values() for e in trials if e.cell.model.name == "m"} >= {"trial"}


def test_the_witness_is_not_the_same_model_in_each_environment(tmp_path: Path) -> None:
    """Over all releases every one of a few models is the witness somewhere, and in one release it is the same twice."""
    models = ["a", "b", "c"]
    planned = plan_of(tmp_path, models, versions=["all"], modes=["tf2", "v1"])
    witnesses: dict[str, set[str]] = {}
    for trials in planned.trials.values():
        for expected in trials:
            if expected.role == "witness":
                witnesses.setdefault(expected.cell.environment.name, set()).add(expected.cell.model.name)
    assert list(witnesses) == list(catalogue.RELEASES)
    assert all(len(found) == 1 for found in witnesses.values())
    assert set.union(*witnesses.values()) == set(models)


MODELS = ("a", "b", "c", "d")


def test_a_cell_that_was_run_is_whole_in_a_report_of_any_selection(tmp_path: Path) -> None:
    """Whatever models a run and a report choose, nothing is missing of what both have, and nothing is run for it."""
    whole = plan_of(tmp_path, MODELS)
    with Store(tmp_path / "whole.sqlite") as store:
        fill(store, whole, lambda _: ones())
        for model in MODELS:
            part = make_plan(whole.config.overridden(models=[model]))
            assert {state.outcome for state in states(part, store).values()} == {"observed"}
            assert not missing_from(store, part)
    for model in MODELS:
        part = make_plan(whole.config.overridden(models=[model]))
        with Store(tmp_path / f"{model}.sqlite") as store:
            fill(store, part, lambda _: ones())
            found = {cell.model.name: state.outcome for cell, state in states(whole, store).items()}
            assert found == {other: "observed" if other == model else "missing" for other in MODELS}


def test_a_selection_without_the_witness_has_a_stand_in(tmp_path: Path) -> None:
    """Each environment and mode has a fresh process whatever is chosen; without one its cell is missing."""
    whole = plan_of(tmp_path, MODELS, modes=["tf2", "v1"])
    for model in MODELS:
        part = make_plan(whole.config.overridden(models=[model]))
        with Store(tmp_path / f"{model}.sqlite") as store:
            wanted = Counter(e.cell for e in missing_from(store, part) if e.role == "witness")
            assert wanted == dict.fromkeys(part.cells, 1)
            fill(store, part, lambda expected: None if expected.role == "witness" else ones())
            assert {state.outcome for state in states(part, store).values()} == {"missing"}


def test_a_stand_in_that_disagrees_is_never_passed_over(tmp_path: Path) -> None:
    """What a stand-in found counts in every report of its cell's selection, also where the witness is stored."""
    whole = plan_of(tmp_path, MODELS)
    for model in MODELS:

        def answer(expected: ExpectedTrial, model: str = model) -> Any:
            wrong = (expected.role, expected.cell.model.name) == ("witness", model)
            return ones(weights=[9.0] * 4) if wrong else ones()

        part = make_plan(whole.config.overridden(models=[model]))
        with Store(tmp_path / f"{model}.sqlite") as store:
            for plan in (whole, part):
                fill(store, plan, answer)
            assert {state.outcome for state in states(part, store).values()} == {"unstable"}


def test_a_new_model_moves_no_witness_but_to_itself(tmp_path: Path) -> None:
    """The witness of an environment is the one it was, or the model that came."""
    before, after = (witnesses_of(tmp_path / str(n), MODELS[:n]) for n in (3, 4))
    assert before.keys() == after.keys()
    assert all(after[name] in {before[name], "d"} for name in before)


def witnesses_of(folder: Path, models: tuple[str, ...]) -> dict[str, str]:
    """Return the witness of each release."""
    folder.mkdir()
    planned = plan_of(folder, models, versions=["all"])
    trials = [expected for found in planned.trials.values() for expected in found]
    return {e.cell.environment.name: e.cell.model.name for e in trials if e.role == "witness"}


def test_a_model_file_that_cannot_be_read_is_one_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is planned under a key of its own, and another one once it can be read; no other model waits for that."""
    settings = make_project(tmp_path)
    (readable,) = make_plan(settings).models

    def refusing(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files, "bytes_of", refusing)  # whoever is root may read everything
    (model,) = make_plan(settings).models
    assert model.name == readable.name
    assert model.source != readable.source


@pytest.mark.parametrize(
    ("source", "jitters", "equivalent"),
    [
        ("def variables(): ...", 2, True),
        ("def build(): ...", 1, True),
        ("def variables(): ...", 0, False),
        ("def pipeline(rows, random): ...", 2, False),
        ("def draws(): ...", 2, False),
        ("no Python", 2, False),
    ],
)
def test_what_trains_has_an_equivalent_execution_in_the_baseline(
    tmp_path: Path, source: str, jitters: int, equivalent: bool
) -> None:
    """One trial more, where rounding is measured at all; it can be named, and so can the one that repeats it."""
    settings = make_project(tmp_path, {"net": source}, jitters=jitters)
    for cell, trials in make_plan(settings).trials.items():
        found = [one for one in trials if one.role == "equivalent"]
        wanted = equivalent and cell.environment.name == BASELINE
        assert [(one.id, one.work) for one in found] == (
            [(f"{BASELINE}/net/tf2 equivalent", Train(equivalent=True))] if wanted else []
        )
        for one in found:
            assert only(settings, f"{BASELINE}/net/tf2 equivalent").key == one.key
            assert only(settings, f"{BASELINE}/net/tf2 kept-{jitters + 2}").key == one.key
            assert len({other.key for other in trials}) == len(trials)
