"""The table of known changes, what their scripts printed, and the page that is made of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from known.__main__ import PAGE, attempted, main
from known.changes import FOLDER, ROUNDING, Change, Printed, fault, load, load_seen, write_seen
from known.page import page
from known.running import ScriptFailed, environments, printed

CHANGES = load()
CHANGE = Change("adam", "Adam", "2.10.1", "2.11.1", "another meaning", "Keras", "It.", ("a cell",), "legacy-optimizers")
SEEN = Printed("weight 1", "weight 2", "weight 1")


def test_each_script_shows_a_change_and_each_change_was_run() -> None:
    """No script is left over, and the page is what the scripts printed."""
    assert {one.script.name for one in CHANGES} == {path.name for path in FOLDER.glob("*.py")}
    seen = load_seen()
    assert list(seen) == [one.key for one in CHANGES]
    assert [fault(one, seen[one.key]) for one in CHANGES] == [""] * len(CHANGES)
    assert PAGE.read_text(encoding="utf-8") == page(CHANGES, seen)


@pytest.mark.parametrize(
    ("change", "seen", "wrong"),
    [
        (CHANGE, SEEN, ""),
        (CHANGE, replace(SEEN, after="weight 1"), "both print the same"),
        (replace(CHANGE, kind=ROUNDING), replace(SEEN, after="weight 1"), ""),
        (CHANGE, replace(SEEN, undone="weight 2"), "legacy-optimizers does not undo it: weight 2"),
        (replace(CHANGE, undo=""), replace(SEEN, undone=""), ""),
    ],
)
def test_a_change_has_to_be_seen_and_undone(change: Change, seen: Printed, wrong: str) -> None:
    """A rounding alone may be the same on a processor."""
    assert fault(change, seen) == wrong


@pytest.mark.parametrize(
    "row",
    ['kind = "odd"', 'owner = "nobody"', 'undo = "prayer"', 'name = "nowhere"', "seen = []"],
)
def test_a_table_that_says_what_is_not_is_refused(row: str, tmp_path: Path) -> None:
    """The kind, the owner, the switch and the script are known ones."""
    table = {
        "name": '"adam"', "title": '"T"', "before": '"2.10.1"', "after": '"2.11.1"', "kind": '"rounding"',
        "owner": '"Keras"', "what": '"W"', "seen": '["s"]',
    }  # fmt: skip
    word, _, value = row.partition(" = ")
    lines = [f"{key} = {text}" for key, text in (table | {word: value}).items()]
    path = tmp_path / "changes.toml"
    path.write_text("[[changes]]\n" + "\n".join(lines), encoding="utf-8")
    with pytest.raises(ValueError, match=r"adam|nowhere"):
        load(path)


def test_what_was_printed_is_kept_and_read(tmp_path: Path) -> None:
    """A change that is not run again keeps what it printed; one that is gone leaves nothing."""
    path = tmp_path / "seen.json"
    assert load_seen(path) == {}
    write_seen({CHANGE.key: SEEN, "gone 2.9.3": SEEN}, [CHANGE], path)
    assert load_seen(path) == {CHANGE.key: SEEN}


def test_the_page_says_what_is_missing_or_wrong() -> None:
    """A change that was not run, or is not as its table says, does not look like one that was seen."""
    assert "Not run yet." in page([CHANGE], {})
    unseen = {CHANGE.key: replace(SEEN, after="weight 1")}
    assert "**Not as it should be**: both print the same." in page([CHANGE], unseen)
    rounds = replace(CHANGE, kind=ROUNDING)
    assert "Not seen on this processor." in page([rounds], unseen)
    assert "`weight 2`" in page([CHANGE], {CHANGE.key: SEEN})


def test_a_name_that_no_change_has_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """It runs nothing."""
    assert main(["adam", "adamm"]) == 2
    assert "No change is called adamm" in capsys.readouterr().err


def test_a_script_that_fails_is_named_and_the_others_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the others printed is kept."""

    def fails(one: Change) -> Printed:
        raise ScriptFailed(f"{one.name}: it did not end well")

    monkeypatch.setattr("known.__main__.printed", fails)
    assert str(attempted(CHANGE)) == "adam: it did not end well"
    monkeypatch.setattr("known.__main__.printed", lambda one: SEEN)
    assert attempted(CHANGE) == SEEN


def test_each_environment_is_made_once() -> None:
    """The one that undoes a change counts too."""
    assert environments([CHANGE, CHANGE, replace(CHANGE, undone="2.11.1+keras-2.10.0")]) == [
        "2.10.1",
        "2.11.1",
        "2.11.1+keras-2.10.0",
    ]


@pytest.mark.integration
@pytest.mark.parametrize("name", ["moving_variance", "embedding_adam"])
def test_a_known_change_is_seen_and_undone(name: str) -> None:
    """Both releases print otherwise, and with Keras 2 the later one prints what the earlier one does."""
    change = next(one for one in CHANGES if one.name == name)
    assert fault(change, printed(change)) == ""
