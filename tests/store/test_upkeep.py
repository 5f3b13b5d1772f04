"""Upkeep: what is wrong in a store is named, two become one, and only what no report can show is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from building import CANDIDATE, fill, first_round, make_project, missing_from, ones, remove_stale, rest, trial
from tfmatrix.compare.tensors import wrong_distances
from tfmatrix.errors import UserError
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.questions.matrix.summary import summarise
from tfmatrix.records import ExpectedTrial
from tfmatrix.store import upkeep
from tfmatrix.store.facts import INSTALLED, REFUSAL
from tfmatrix.store.files import Folders
from tfmatrix.store.store import Store


def weights(expected: ExpectedTrial) -> object:
    """Answer with weights that are a little larger in the candidate."""
    return ones(weights=[1.0, 1.0, 1.0, 1.25 if expected.cell.environment.name == CANDIDATE else 1.0])


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of two environments and two models."""
    return make_plan(make_project(tmp_path, ["first", "second"]))


@pytest.fixture
def path(plan: Plan, tmp_path: Path) -> Path:
    """Return a store that has all of the plan, and was compared."""
    made = tmp_path / "store.sqlite"
    with Store(made) as store:
        fill(store, plan, weights)  # type: ignore[arg-type]  # stages, by name
        compare_all(plan, store)
    return made


FAULTS: dict[str, tuple[str, str]] = {
    "a bit of a tensor": (
        "UPDATE tensors SET data = zeroblob(length(data)) WHERE digest = (SELECT max(digest) FROM tensors)",
        "has other bytes than its digest says",
    ),
    "a tensor is gone": ("DELETE FROM tensors WHERE digest = (SELECT max(digest) FROM tensors)", "which is not there"),
    "a trace of other tensors": ("UPDATE traces SET tensors = zeroblob(length(tensors))", "has another digest"),
    "tensors in other places": (
        "UPDATE traces SET tensors = CAST(substr(tensors, 33) || substr(tensors, 1, 32) AS BLOB)",
        "has another digest",
    ),
    "a trace is gone": ("DELETE FROM traces", "which is not there"),
    "names are damaged": ("UPDATE names SET names = zeroblob(9)", "have another digest"),
    "names are gone": ("DELETE FROM names", "has no names, or another number of them"),
    "a distance": (
        "UPDATE distances SET measured = replace(measured, '1', '2'), "
        "digest = row_digest(pairs, replace(measured, '1', '2'))",
        "is another one than what is stored",
    ),
    "one digit of a distance": (
        "UPDATE distances SET measured = replace(measured, '1', '2')",
        "the distances in row 1 are not what was written",
    ),
    "an outcome that there is none of": ("UPDATE trials SET outcome = 'great'", "cannot be read"),
    "an outcome without its trace": ("UPDATE trials SET trace = NULL", "cannot be read"),
    "a trace that is none": ("UPDATE trials SET trace = 'abc'", "cannot be read"),
    "evidence": ("UPDATE trials SET evidence = '{}'", "cannot be read"),
    "a trace cut short": ("UPDATE traces SET tensors = substr(tensors, 1, 32)", "no names, or another number of them"),
    "a key": (
        "UPDATE trials SET key = 'ab' || substr(key, 3), "
        "digest = row_digest('ab' || substr(key, 3), id, outcome, trace, evidence, rests)",
        "is filed under another key than what it covers has",
    ),
    "a fact": (
        "INSERT INTO facts VALUES ('installed', 'k', '3', x'')",
        "what is noted as installed is not what was written",
    ),
    "a distance of nothing": (
        "INSERT INTO distances (pairs, measured, digest) "
        "VALUES (zeroblob(64), '[[true]]', row_digest(zeroblob(64), '[[true]]'))",
        "which are not both there",
    ),
    "distances that cannot be read": (
        "UPDATE distances SET measured = '[1', digest = row_digest(pairs, '[1')",
        "pairs of tensors cannot be read",
    ),
    "fewer distances than pairs": (
        "UPDATE distances SET measured = '[]', digest = row_digest(pairs, '[]')",
        "pairs of tensors cannot be read",
    ),
    "what a trial rests on": ("UPDATE trials SET rests = '{ }'", "cannot be read"),
    "a name": ("UPDATE trials SET id = 'another'", "the trial another cannot be read"),
}


def wrong_in(store: Store) -> Iterator[str]:
    """Yield all that is wrong in a store, as `tfmatrix check-store` has it."""
    yield from upkeep.check(store)
    yield from wrong_distances(store)


@pytest.mark.parametrize(("statement", "told"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_in_a_store_is_named(path: Path, statement: str, told: str) -> None:
    """Whatever is changed behind the store's back is found by its digest, and a whole store has nothing to tell."""
    with Store(path) as store:
        assert list(wrong_in(store)) == []
        assert list(store.distances())
        store.connection.execute("PRAGMA foreign_keys = OFF")
        assert store.connection.execute(statement).rowcount
        found = list(wrong_in(store))
    assert any(told in line for line in found), found


def other_store(folder: Path, plan: Plan, answer: Callable[[ExpectedTrial], object]) -> Path:
    """Make a store that answers something else."""
    made = folder / "other.sqlite"
    with Store(made) as store:
        fill(store, plan, answer)  # type: ignore[arg-type]  # stages, by name, or a trial
    return made


def test_a_merged_store_has_what_either_had(path: Path, plan: Plan, tmp_path: Path) -> None:
    """What only the other store has can be reported afterwards, and merging once more adds nothing."""
    other = other_store(tmp_path, plan, weights)
    with Store(tmp_path / "empty.sqlite") as store, Store(path) as full:
        assert list(upkeep.merge(store, other)) == []
        assert list(upkeep.merge(store, other)) == []
        assert missing_from(store, plan) == []
        assert summarise(compare_all(plan, store)).id == summarise(compare_all(plan, full)).id


def test_an_exported_store_is_one_file_that_can_be_merged(path: Path, plan: Plan, tmp_path: Path) -> None:
    """All of it, what is in the log alone as well; the same report comes of it."""
    exported = tmp_path / "exported.sqlite"
    with Store(path) as full:
        assert full.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        (trials,) = full.connection.execute("SELECT count(*) FROM trials").fetchone()
        assert upkeep.export(full, exported) == trials > 0
        assert [one.name for one in tmp_path.glob("exported*")] == ["exported.sqlite"]
        with Store(tmp_path / "empty.sqlite") as store:
            assert list(upkeep.merge(store, exported)) == []
            assert summarise(compare_all(plan, store)).id == summarise(compare_all(plan, full)).id


def test_what_cannot_be_exported_is_a_sentence(path: Path, tmp_path: Path) -> None:
    """A file that is there, a folder that is not, and a store without trials; nothing is left over."""
    taken = tmp_path / "taken"
    taken.write_text("mine")
    before = set(tmp_path.iterdir())
    with Store(path) as store:
        with pytest.raises(UserError, match=r"^there is a file .*taken already; name another, or remove it\.$"):
            upkeep.export(store, taken)
        with pytest.raises(UserError, match=r"^.*nowhere/x cannot be written: "):
            upkeep.export(store, tmp_path / "nowhere" / "x")
    assert (taken.read_text(), set(tmp_path.iterdir())) == ("mine", before)
    with Store(tmp_path / "empty.sqlite") as store, pytest.raises(UserError, match=r"^no trial is in the store"):
        upkeep.export(store, tmp_path / "x")


def test_refusals_are_not_merged_and_end_where_the_other_store_has_the_environment(
    path: Path, plan: Plan, tmp_path: Path
) -> None:
    """What one job could not have and another had is there afterwards, whichever of the two is merged into which."""
    key = plan.scope.environment_key(plan.baseline)
    with Store(tmp_path / "refused.sqlite") as store:
        fill(store, plan, weights)  # type: ignore[arg-type]  # stages, by name
        store.strike(INSTALLED, key)
        store.note(REFUSAL, key, "no network")
        assert list(upkeep.merge(store, path)) == []
        assert (store.noted(REFUSAL, key), bool(store.noted(INSTALLED, key))) == (None, True)
        store.note(REFUSAL, key, "no network")
    with Store(path) as store:
        assert list(upkeep.merge(store, tmp_path / "refused.sqlite")) == []
        assert store.noted(REFUSAL, key) is None


def test_where_two_stores_contradict_each_other_both_are_told_and_ours_is_kept(
    path: Path, plan: Plan, tmp_path: Path
) -> None:
    """Another trace or another outcome under the same key is a conflict of its own, by the trial's name."""

    def otherwise(expected: ExpectedTrial) -> object:
        if expected.cell.model.name == "first":
            return weights(expected)
        return trial(expected, "failed") if expected.number > 1 else ones(weights=[7.0] * 4)

    other = other_store(tmp_path, plan, otherwise)
    with Store(path) as store:
        before = summarise(compare_all(plan, store)).id
        conflicts = list(upkeep.merge(store, other))
        assert summarise(compare_all(plan, store)).id == before
    seconds = [e for trials in plan.trials.values() for e in trials if e.cell.model.name == "second"]
    assert sorted(line.partition(":")[0] for line in conflicts) == sorted(expected.id for expected in seconds)
    assert any("failed there" in line for line in conflicts)
    assert all("what is here is kept" in line for line in conflicts)


def test_a_damaged_store_is_not_merged(path: Path, plan: Plan, tmp_path: Path) -> None:
    """Nothing of a store that does not pass its check is added."""
    with Store(path) as damaged:
        damaged.connection.execute(FAULTS["a bit of a tensor"][0])
    with Store(tmp_path / "ours.sqlite") as store:
        with pytest.raises(UserError, match=r"is not merged: the tensor .* has other bytes"):
            list(upkeep.merge(store, path))
        assert len(missing_from(store, plan)) == len(first_round(plan))


def test_only_what_no_report_can_show_is_removed(path: Path, plan: Plan) -> None:
    """Trials of an edited model go, with the tensors and distances that only they had; the rest is as it was."""
    with Store(path) as store:
        assert remove_stale(store, plan) == (0, 0)
        (plan.config.root / "reference_models" / "second.py").write_text("# edited\n", encoding="utf-8")
        edited = make_plan(plan.config)
        missing = missing_from(store, edited)
        removed, _ = remove_stale(store, edited)
        assert removed > len(missing) > 0  # other seeds are not missed
        assert missing_from(store, edited) == missing
        assert {e.cell.model.name for e in missing} == {"second"}
        assert list(upkeep.check(store)) == []
        (plan.config.root / "reference_models" / "first.py").write_text("# edited\n", encoding="utf-8")
        remove_stale(store, make_plan(plan.config))
        for table in ("trials", "traces", "names", "tensors", "distances"):
            assert store.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_what_read_a_file_that_changed_is_removed(path: Path, plan: Plan) -> None:
    """Trials whose files are as they were stay, here and where they are merged into; the others go."""
    data = plan.config.root / "rows.csv"
    data.write_text("1", encoding="utf-8")
    folders = Folders(plan.config.root)
    with Store(path, folders) as store, Store(path.with_name("merged.sqlite"), folders) as merged:
        rest(store, on=[data], root=plan.config.root)
        assert list(upkeep.merge(merged, path)) == []
        assert list(upkeep.check(store)) == []
        for one in (store, merged):
            assert remove_stale(one, plan)[0] == 0
        data.write_text("2", encoding="utf-8")
        wanted = {key for (key,) in store.connection.execute("SELECT key FROM trials")}
        assert {expected.key for expected in missing_from(store, plan)} == {one.key for one in first_round(plan)}
        assert list(upkeep.check(store)) == []
        for one in (store, merged):
            assert remove_stale(one, plan)[0] == len(wanted)


UNREADABLE = (
    "an outcome without its trace",
    "a trace that is none",
    "evidence",
    "what a trial rests on",
    "a name",
    "names are damaged",
    "names are gone",
    "a trace cut short",
    "a trace of other tensors",
    "tensors in other places",
    "a trace is gone",
)


@pytest.mark.parametrize("fault", UNREADABLE)
def test_a_damaged_store_is_never_compared(path: Path, plan: Plan, fault: str) -> None:
    """What cannot be what was written is the user's error, in one sentence, and no verdict."""
    with Store(path) as store:
        store.connection.execute("PRAGMA foreign_keys = OFF")
        store.connection.execute(FAULTS[fault][0])
        with pytest.raises(UserError, match=r"is damaged: .*; `tfmatrix check-store` says what else is") as refused:
            compare_all(plan, store)
    assert "\n" not in str(refused.value)


OF_OTHER_TYPES = [
    "UPDATE tensors SET digest = '7' WHERE digest = (SELECT max(digest) FROM tensors)",
    "UPDATE tensors SET dtype = 4",
    "UPDATE tensors SET dtype = CAST(x'66ff' AS TEXT)",
    "UPDATE tensors SET shape = '[4'",
    "UPDATE tensors SET shape = '[-4]'",
    "UPDATE tensors SET shape = '{}'",
    "UPDATE tensors SET data = 1.5",
    "UPDATE tensors SET data = 'text'",
    "UPDATE names SET digest = '7'",
    "UPDATE names SET names = -1",
    "UPDATE traces SET digest = '7' WHERE digest = (SELECT max(digest) FROM traces)",
    "UPDATE traces SET tensors = 99",
    "UPDATE traces SET tensors = '[]'",
    "UPDATE trials SET id = CAST(x'66ff' AS TEXT)",
    "UPDATE trials SET evidence = '{}'",
    "UPDATE trials SET rests = '['",
]


@pytest.mark.parametrize("statement", OF_OTHER_TYPES)
def test_a_row_of_anything_at_all_is_the_users_error(path: Path, plan: Plan, tmp_path: Path, statement: str) -> None:
    """SQLite takes any value in any column: what cannot have been written is one sentence, or nobody reads it."""
    with Store(path) as store:
        before = compare_all(plan, store)
        store.connection.execute("DELETE FROM distances")
        store.connection.execute("PRAGMA foreign_keys = OFF")
        store.connection.execute(statement)
        assert list(upkeep.check(store))
        with suppress(UserError):
            assert compare_all(plan, store) == before
        with suppress(UserError):
            remove_stale(store, plan)
        list(wrong_distances(store))
    with Store(tmp_path / "ours.sqlite") as ours, pytest.raises(UserError, match="is not merged"):
        list(upkeep.merge(ours, path))


def test_a_tensor_with_other_bytes_is_never_measured(path: Path, plan: Plan) -> None:
    """A bit that flipped on the disk is the user's error, and no distance, whether it is read with others or alone."""
    with Store(path) as store:
        store.connection.execute("DELETE FROM distances")
        store.connection.execute(FAULTS["a bit of a tensor"][0].partition(" WHERE")[0])
        (digest,) = store.connection.execute("SELECT max(digest) FROM tensors").fetchone()
        saying = r"is damaged: the tensor \w+ has other bytes than its digest says"
        with pytest.raises(UserError, match=saying):
            compare_all(plan, store)
        with pytest.raises(UserError, match=saying):
            store.tensor(digest.hex())


@pytest.mark.parametrize("measured", ["'[1'", "replace(measured, '1', '2')"])
@pytest.mark.parametrize("digest", ["digest", "row_digest(pairs, '[1')"])
def test_a_distance_that_is_not_what_was_written_is_measured_again(
    path: Path, plan: Plan, measured: str, digest: str
) -> None:
    """Distances are kept for speed: what is damaged of them changes no report."""
    with Store(path) as store:
        before = compare_all(plan, store)
        assert store.connection.execute(f"UPDATE distances SET measured = {measured}, digest = {digest}").rowcount
        assert compare_all(plan, store) == before


def test_a_store_is_merged_without_being_written_to(path: Path, tmp_path: Path) -> None:
    """The other store has the bytes it had; one without a trial, and what is no store, are refused."""
    before = path.read_bytes()
    path.chmod(0o400)
    with Store(tmp_path / "ours.sqlite") as ours:
        assert list(upkeep.merge(ours, path)) == []
    assert path.read_bytes() == before
    (tmp_path / "text").write_text("no store" * 999, encoding="utf-8")
    (tmp_path / "nothing").touch()
    with Store(tmp_path / "ours.sqlite") as ours:
        for name, told in (("text", "not a database"), ("nothing", "no trial is in it"), ("nowhere", "no store")):
            with pytest.raises(UserError, match=told):
                list(upkeep.merge(ours, tmp_path / name))
    assert (tmp_path / "nothing").read_bytes() == b""


@pytest.mark.parametrize("ours", ["store.sqlite", "empty.sqlite"])
def test_a_refusal_of_another_machine_is_none_of_ours(path: Path, plan: Plan, tmp_path: Path, ours: str) -> None:
    """That an environment could not be had there is not taken over, whether it could be had here or is not known."""
    key = plan.scope.environment_key(plan.baseline)
    other = other_store(tmp_path, plan, weights)
    with Store(other) as theirs:
        theirs.strike(INSTALLED, key)
        theirs.note(REFUSAL, key, "no network")
    with Store(path.with_name(ours)) as store:
        before = store.noted(INSTALLED, key)
        assert list(upkeep.merge(store, other)) == []
        assert (store.noted(REFUSAL, key), store.noted(INSTALLED, key)) == (None, before)


@pytest.mark.parametrize(
    ("statement", "table", "told"),
    [
        (FAULTS["a bit of a tensor"][0], "tensors", "the tensor {} has other bytes than its digest says"),
        (FAULTS["names are damaged"][0], "names", "the names {} have another digest"),
        (FAULTS["names are gone"][0], "traces", "the trace {} has no names, or another number of them"),
        (FAULTS["tensors in other places"][0], "traces", "the trace {} has another digest"),
    ],
)
def test_what_is_wrong_is_told_by_twelve_digits(path: Path, statement: str, table: str, told: str) -> None:
    """A damaged row is named by the first twelve digits of its digest."""
    with Store(path) as store:
        store.connection.execute("PRAGMA foreign_keys = OFF")
        store.connection.execute(statement)
        (digest,) = store.connection.execute(f"SELECT max(digest) FROM {table}").fetchone()
        assert told.format(digest.hex()[:12]) in list(upkeep.check(store))
