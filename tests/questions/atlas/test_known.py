"""What an atlas knows of an op as a model uses it: its rows, and what became of them between two releases."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from building import tensor
from tfmatrix.errors import UserError
from tfmatrix.questions.atlas import known
from tfmatrix.questions.atlas.known import NOT_KNOWN, Atlas, ship, shipped, worst
from tfmatrix.report.document import report_id, to_text

from .world import Ran, reported

FIRST, SECOND, THIRD = "2.12.1", "2.15.1", "2.16.2"


def row(types: str, value: float = 1.0, *, op: str = "Foo", case: str = "odd") -> Ran:
    """Return a trial in which one row made a value."""
    return Ran({f"{op}[{types}]/{case}/0": tensor([value, 0.5])})


def rows(*types: str, op: str = "Foo") -> Ran:
    """Return a trial in which some rows made something."""
    return Ran({stage: value for one in types for stage, value in row(one, op=op).made.items()})


def atlas_of(folder: Path, *ran: Ran | tuple[Ran, Ran]) -> Atlas:
    """Return the atlas of what the first releases ran."""
    return Atlas(reported(folder, dict(zip((FIRST, SECOND, THIRD), ran, strict=False))))


def kind(atlas: Atlas, since: str = FIRST, until: str = THIRD) -> str:
    """Return what becomes of the only row."""
    (row,) = atlas.report.rows
    return atlas.move(row, since, until).kind


@pytest.mark.parametrize(
    ("types", "found"),
    [
        ({"T": "float32", "Tidx": "int32"}, ["float32"]),
        ({"T": "float32", "Tidx": "int64"}, ["float32", "float32,Tidx=int64"]),
        ({"T": "float16", "Tidx": "int64"}, ["float16"]),  # the op's own type is what decides
        ({"T": "int32", "Tidx": "int32"}, []),  # a type that the atlas has as another argument's alone
    ],
)
def test_rows_are_found_by_the_main_type(tmp_path: Path, types: dict[str, str], found: list[str]) -> None:
    """That of another argument chooses among them, where the atlas tried it."""
    both = rows("float16", "float32", "float32,Tidx=int64")
    assert [row.types for row in atlas_of(tmp_path, both, both).rows("Foo", types)] == found


def test_where_every_pair_of_types_is_a_row_only_the_pair_counts(tmp_path: Path) -> None:
    """A cast of whole numbers says nothing of one of floats."""
    both = rows("float32", "int32", "float32,DstT=int32", "int32,DstT=float32", op="Cast")
    atlas = atlas_of(tmp_path, both, both)
    assert [row.types for row in atlas.rows("Cast", {"SrcT": "int32", "DstT": "float32"})] == ["int32,DstT=float32"]
    assert [row.types for row in atlas.rows("Cast", {"SrcT": "int32", "DstT": "int32"})] == ["int32"]


def test_an_op_without_types_has_its_rows(tmp_path: Path) -> None:
    """One with types has none among them."""
    both = Ran({"Foo/odd/0": tensor([1.0]), "Bar[float32]/odd/0": tensor([1.0])})
    atlas = atlas_of(tmp_path, both, both)
    assert [row.op for row in atlas.rows("Foo", {})] == ["Foo"]
    assert atlas.rows("Bar", {}) == atlas.rows("Foo", {"T": "float32"}) == ()


def test_what_is_the_same_is_nothing(tmp_path: Path) -> None:
    """Whatever number of releases lie between."""
    assert kind(atlas_of(tmp_path, *[row("float32")] * 3)) == ""


@pytest.mark.parametrize(
    ("last", "found"),
    [
        (row("float32", 1.0000001), "rounding"),
        (row("float32", 2.0), "another meaning"),
        (Ran(left_out={"Foo": "stateful"}), "gone"),
        (Ran(raised={"Foo[float32]/odd": "ValueError: no"}), "raises"),
        (Ran(ended={"Foo[float32]/odd": "ends the process by SIGABRT"}), "ends the process"),
        ((row("float32"), row("float32", 2.0)), NOT_KNOWN),
        (Ran(row("float32", 2.0).made, given="other"), NOT_KNOWN),
    ],
)
def test_what_becomes_of_a_row(tmp_path: Path, last: Ran | tuple[Ran, Ran], found: str) -> None:
    """By its bits, or by why it has none; what is unstable or was given something else tells nothing."""
    assert kind(atlas_of(tmp_path, row("float32"), row("float32"), last)) == found


def test_of_two_steps_the_worse_counts(tmp_path: Path) -> None:
    """And both are there."""
    atlas = atlas_of(tmp_path, row("float32"), row("float32", 2.0), row("float32", 2.0000002))
    assert kind(atlas) == "another meaning"
    assert kind(atlas, SECOND) == "rounding"
    assert [step.after for step in atlas.move(atlas.report.rows[0], FIRST, THIRD).steps] == [SECOND, THIRD]


def test_what_came_back_is_the_same_and_has_its_steps(tmp_path: Path) -> None:
    """A reader may stop on the way."""
    atlas = atlas_of(tmp_path, row("float32"), row("float32", 2.0), row("float32"))
    move = atlas.move(atlas.report.rows[0], FIRST, THIRD)
    assert (move.kind, len(move.steps)) == ("", 2)


def test_what_changed_unmeasured_is_no_rounding(tmp_path: Path) -> None:
    """Between the two it raised, so that no distance is known: rounding would be a guess."""
    raising = Ran(raised={"Foo[float32]/odd": "ValueError: no"})
    assert kind(atlas_of(tmp_path, row("float32"), raising, row("float32", 1.0000001))) == "another meaning"


def test_what_did_not_run_where_one_begins_tells_nothing(tmp_path: Path) -> None:
    """An op that is new later is none that a model uses by now."""
    assert kind(atlas_of(tmp_path, Ran(left_out={"Bar": "stateful"}), row("float32"), row("float32"))) == NOT_KNOWN


def test_a_change_is_told_in_a_phrase(tmp_path: Path) -> None:
    """With its types and boundary, in either direction."""
    atlas = atlas_of(tmp_path, row("float32"), row("float32", 1.0000001), row("float32", 1.0000001))
    types = {"T": "float32"}
    assert atlas.told("Foo", types, FIRST, THIRD) == "Foo float32, 2.12.1 to 2.15.1, rounding"
    assert atlas.told("Foo", types, THIRD, FIRST) == atlas.told("Foo", types, FIRST, THIRD)


@pytest.mark.parametrize(
    ("op", "dtype", "ran", "told"),
    [
        ("Foo", "float32", (row("float32"), row("float32")), "the same, with other inputs"),
        ("Foo", "float16", (row("float32"), row("float32")), "no row: not with these types"),
        ("Bar", "float32", (Ran(left_out={"Bar": "a handle"}), row("float32")), "no row: a handle"),
        (
            "Foo",
            "float32",
            (row("float32"), Ran(raised={"Foo[float32]/odd": "ValueError: no"})),
            "its rows tell nothing: raises in 2.15.1",
        ),
    ],
)
def test_what_is_told_of_an_op_that_did_not_change(
    tmp_path: Path, op: str, dtype: str, ran: tuple[Ran, Ran], told: str
) -> None:
    """Why the atlas is silent, so that nobody has to guess."""
    assert atlas_of(tmp_path, *ran).told(op, {"T": dtype}, FIRST, SECOND) == told


def test_what_is_told_of_a_release_that_is_not_there(tmp_path: Path) -> None:
    """A release may be newer than the atlas."""
    assert (
        atlas_of(tmp_path, row("float32"), row("float32")).told("Foo", {}, FIRST, "2.22.0") == "it does not have 2.22.0"
    )


def test_why_an_op_has_no_row(tmp_path: Path) -> None:
    """What stopped it there, or that nobody knows it."""
    atlas = atlas_of(tmp_path, Ran(row("float32").made, left_out={"Bar": "a handle"}), row("float32"))
    assert [atlas.why_not(op, FIRST) for op in ("Foo", "Bar", "Baz")] == ["", "a handle", "no such op"]


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ((row("float32"), row("float32", 2.0)), "gives other bits each time in 2.15.1"),
        (Ran(row("float32", 2.0).made, given="other"), "was given another input"),
    ],
)
def test_why_a_row_tells_nothing(tmp_path: Path, last: Ran | tuple[Ran, Ran], why: str) -> None:
    """By what stands where one begins or ends."""
    atlas = atlas_of(tmp_path, row("float32"), last)
    assert atlas.why_not_known(atlas.report.rows[0], FIRST, SECOND) == why


def test_the_worst_kind_is_what_a_reader_looks_at_first() -> None:
    """Rounding is less than any other, and nothing less than that."""
    assert worst(["rounding", "", "another meaning"]) == "another meaning"
    assert worst(["rounding", "gone"]) == "gone"
    assert worst(["", ""]) == worst([]) == ""


def test_the_atlas_that_is_brought_is_a_report_under_its_id() -> None:
    """It says by its machine where it was made, and is small."""
    found = shipped().report
    assert report_id(found) == found.id
    assert found.machine.flags
    assert len(found.releases) >= 2
    assert known.SHIPPED.stat().st_size < 5 * 2**20


def test_a_report_is_brought_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file each time."""
    monkeypatch.setattr(known, "SHIPPED", tmp_path / "atlas.json.gz")
    atlas = atlas_of(tmp_path, row("float32"), row("float32", 2.0))
    (tmp_path / "atlas.json").write_text(to_text(atlas.report), encoding="utf-8")
    contents = []
    for _ in range(2):
        ship(tmp_path / "atlas.json")
        contents.append(known.SHIPPED.read_bytes())
    assert contents[0] == contents[1]
    assert shipped().report == atlas.report


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"{}", mtime=0), gzip.compress(b"[[" * 9, mtime=0)[:-9]],
    ids=["empty", "no gzip", "no report", "cut off"],
)
def test_a_file_that_is_damaged_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """It says what to do."""
    monkeypatch.setattr(known, "SHIPPED", tmp_path / "atlas.json.gz")
    known.SHIPPED.write_bytes(content)
    with pytest.raises(UserError, match=r"cannot be read: .*; install tfmatrix again"):
        shipped()
