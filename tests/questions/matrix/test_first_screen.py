"""The first screen: eras of releases, what a training comes to, what to do, and the map."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from questions.changing import changed
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix import heat_map
from tfmatrix.questions.matrix.eras import ANSWERS, eras
from tfmatrix.questions.matrix.first_screen import MOST_ERAS, MOST_MOVED, first_screen
from tfmatrix.questions.matrix.moved import moves
from tfmatrix.questions.matrix.summary import VERDICTS, End, Report, Spread
from tfmatrix.report import html
from tfmatrix.report.markdown import to_markdown

from .marked import BASELINE, a_report
from .stored import EVIL


def screen(report: Report) -> str:
    """Return the first screen as Markdown."""
    return to_markdown(list(first_screen(report)))


def test_neighbours_with_the_same_verdicts_are_one_era(report: Report) -> None:
    """Rounding may be in other cells; the newer releases come first, and each side begins beside the baseline."""
    marks = {
        "2.12.1": "#.=",
        "2.13.1": "..=",
        "2.14.1": ".==",
        BASELINE: "===",
        "2.16.2": "#==",
        "2.17.1": "#.=",
        "2.18.1": "#=.",
    }
    found = eras(a_report(report, marks))
    assert [(era.name, era.answer) for era in found] == [
        ("2.16.2", "not yet: another meaning"),
        ("2.17.1 to 2.18.1", "not yet: another meaning"),
        ("2.13.1 to 2.14.1", "yes: rounding only"),
        ("2.12.1", "not yet: another meaning"),
    ]
    assert found[1].counts[Verdict.ROUNDING] == (1, 1)
    assert found[2].counts[Verdict.ROUNDING] == (1, 2)
    assert [era.farthest for era in found] == ["2.16.2", "2.18.1", "2.13.1", "2.12.1"]


def test_what_is_the_same_is_not_one_with_what_is_rounding(report: Report) -> None:
    """The strongest answer is never given for a release that a neighbour made weaker, nor the other way round."""
    found = eras(a_report(report, {BASELINE: "==", "2.16.2": "==", "2.17.1": ".=", "2.18.1": "=="}))
    assert [(era.name, era.answer) for era in found] == [
        ("2.16.2", "yes: the same bits"), ("2.17.1", "yes: rounding only"), ("2.18.1", "yes: the same bits")
    ]  # fmt: skip


def test_the_same_count_in_other_cells_is_another_era(report: Report) -> None:
    """One model that changed is not another."""
    assert len(eras(a_report(report, {BASELINE: "==", "2.16.2": "#=", "2.17.1": "=#"}))) == 2


@pytest.mark.parametrize(
    ("marks", "answer"),
    [
        ("x#", Verdict.DIFFERENT),
        ("x*", Verdict.REDRAWN),
        ("x.", Verdict.NOT_COMPARABLE),
        ("?#", Verdict.MISSING),
        ("!#", Verdict.FAILED),
        ("~=", Verdict.UNSTABLE),
        ("-=", Verdict.GONE),
        ("-#", Verdict.DIFFERENT),
        ("+=", Verdict.IDENTICAL),
        ("+.", Verdict.ROUNDING),
        ("oo", Verdict.MISSING),
        ("o=", Verdict.IDENTICAL),
    ],
)
def test_what_was_found_is_the_answer_before_what_could_not_be_told(
    report: Report, marks: str, answer: Verdict
) -> None:
    """Changes that are known come before a test that could not tell; a model that is gone is never a yes."""
    (era,) = eras(a_report(report, {BASELINE: "==", "2.16.2": marks}))
    assert era.answer == ANSWERS[answer]
    assert era.answer.startswith("yes") == (answer in {Verdict.IDENTICAL, Verdict.ROUNDING})


def test_every_verdict_has_an_answer() -> None:
    """No verdict of a matrix ends without a word."""
    assert {*VERDICTS} - {Verdict.UNSUPPORTED} == {*ANSWERS}


def test_the_screen_has_forty_lines_at_any_number_of_releases(report: Report) -> None:
    """Of a hundred eras the nearest are shown and the others counted; no line is longer than a hundred columns."""
    many = {BASELINE: "=" * 300} | {f"2.{16 + n}.0": ("#" * (n + 10)).ljust(300, "=") for n in range(100)}
    whole = a_report(report, many)
    moved = End(tier="native", stage="loss@7", apart=0.5, baseline=2.0, candidate=1.0)
    cells = tuple(changed(cell, model=f"{cell.model}{'x' * 290}", ends=(moved,)) for cell in whole.cells)
    lines = screen(changed(whole, cells=cells)).splitlines()
    assert len(lines) <= 40
    assert [line for line in lines if len(line) > 100 and not line.startswith("|")] == []
    assert f"And {100 - MOST_ERAS} more releases, which stand below." in lines
    assert sum(line.startswith("| `#` `m") for line in lines) == MOST_MOVED


def test_what_a_training_comes_to_stands_where_it_moves_farthest(report: Report) -> None:
    """In the farthest release of the nearest era that has changes: from the baseline's start where there is one."""
    base = a_report(report, {BASELINE: "===", "2.16.2": "=.=", "2.17.1": "##.", "2.18.1": "##."})
    loss = End(tier="native", stage="loss@7", apart=0.5, baseline=2.0, candidate=1.0)
    begun = (
        loss,
        End(tier="start", stage="history@1/loss", apart=0.25, baseline=2.0, candidate=1.5),
        End(tier="start", stage="predict/out", apart=0.003, baseline=None, candidate=None),
    )
    ends = {("2.18.1", "m0"): begun, ("2.18.1", "m1"): (loss,), ("2.18.1", "m2"): (loss,)}
    cells = tuple(changed(cell, ends=ends.get((cell.environment, cell.model))) for cell in base.cells)
    text = screen(changed(base, cells=cells))
    assert "Where the results of training move farthest in **2.18.1**:" in text
    rows = [re.split(r" *\| *", line)[1:-1] for line in text.splitlines() if line.startswith("| `#` `m")]
    assert [(row[0], *row[2:]) for row in rows] == [
        ("`#` `m1/tf2`", "2 → 1", ""),
        ("`#` `m0/tf2`", "2 → 1.5", "0.3 %"),
    ]
    assert "tfmatrix explain 2.18.1" in text


def test_what_other_seeds_make_of_it_stands_beside_how_far_it_moves(report: Report) -> None:
    """Of a model that was trained under other seeds: between which losses, and how far predictions go."""
    base = a_report(report, {BASELINE: "==", "2.16.2": "##"})
    loss = End(tier="native", stage="loss@7", apart=0.5, baseline=2.0, candidate=1.0)
    predicted = End(tier="native", stage="predict/out", apart=0.4, baseline=None, candidate=None)
    spreads = (
        Spread(stage="loss@7", seeds=10, apart=0.1, least=1.9, most=2.2),
        Spread(stage="predict", seeds=10, apart=0.25, least=None, most=None),
    )
    more = {(BASELINE, "m0"): {"spreads": spreads}} | {("2.16.2", f"m{n}"): {"ends": (loss, predicted)} for n in (0, 1)}
    cells = tuple(changed(cell, **more.get((cell.environment, cell.model), {})) for cell in base.cells)
    rows = [re.split(r" *\| *", line)[1:-1] for line in screen(changed(base, cells=cells)).splitlines()]
    found = {row[0]: row[2:] for row in rows if row and row[0].startswith("`#` `m")}
    assert found == {
        "`#` `m0/tf2`": ["2 → 1", "40 %", "1.9 to 2.2; 25 %"],
        "`#` `m1/tf2`": ["2 → 1", "40 %", ""],
    }


def test_how_far_a_cell_moved_is_one_sentence(report: Report) -> None:
    """A metric is named, and where nothing moved there is nothing to say."""
    accuracy = End(tier="native", stage="history@1/accuracy", apart=0.5, baseline=0.5, candidate=0.25)
    predicted = End(tier="native", stage="predict/out", apart=0.004, baseline=None, candidate=None)
    same = End(tier="native", stage="loss@7", apart=0, baseline=2.0, candidate=2.0)
    cases = {
        (accuracy, predicted): "the training ends with: accuracy 0.5 → 0.25, predictions 0.4 % apart",
        (accuracy,): "the training ends with: accuracy 0.5 → 0.25",
        (same, predicted): "the training ends with: loss 2 → 2, predictions 0.4 % apart",
        (same,): "",
    }
    base = a_report(report, {BASELINE: "=", "2.16.2": "#"})
    for ends, told in cases.items():
        (moved,) = moves(changed(base, cells=tuple(changed(c, ends=ends if c.verdict else None) for c in base.cells)))
        assert str(moved) == told


def test_a_move_that_only_rounds_is_pinned_next(report: Report) -> None:
    """The commands are those of who has nothing to look at; where nothing is asked there are none."""
    text = screen(a_report(report, {BASELINE: "==", "2.16.2": ".="}))
    next_ = "`tfmatrix check 2.16.2 --baseline 2.15.1`, then `tfmatrix pin 2.16.2 --report ID` with the id below."
    assert f"To pin it: {next_}" in text
    assert "explain" not in text
    assert "tfmatrix check" not in screen(a_report(report, {BASELINE: "=="}))


def marks_of(picture: str) -> list[str]:
    """Return the marks of a map, row by row as they were drawn."""
    found = ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    return [one.text or "" for one in found if one.get("text-anchor") == "middle"]


def test_the_map_has_the_worst_rows_first_and_none_without_a_change(report: Report) -> None:
    """Each cell has its mark, the baseline none; what is identical everywhere is counted."""
    drawn = heat_map.picture(a_report(report, {"2.12.1": "=..", BASELINE: "===", "2.16.2": "=.#"}))
    assert marks_of(drawn) == [".", "#", ".", "."]
    assert ">1 that are identical everywhere, or exist nowhere, are not drawn<" in drawn


def test_nothing_that_changed_is_no_map(report: Report) -> None:
    """Where every bit is the same there is nothing to draw."""
    assert not heat_map.is_drawn(a_report(report, {BASELINE: "==", "2.16.2": "=o"}))
    assert heat_map.is_drawn(a_report(report, {BASELINE: "==", "2.16.2": "=."}))


def test_a_map_of_many_is_no_larger_than_it_can_be(report: Report) -> None:
    """Of hundreds of releases and models the worst rows are drawn, narrow, and the rest is counted."""
    whole = a_report(report, {BASELINE: "." * 200} | {f"2.{16 + n}.0": "#" + "." * 199 for n in range(199)})
    drawn = heat_map.picture(whole)
    assert f">{200 - heat_map.MOST_ROWS} more that changed; 0 that are identical" in drawn
    assert len(drawn) < 2_500_000
    assert float(ET.fromstring(drawn).get("width", "")) < 1000
    assert marks_of(drawn) == []


def test_a_name_that_is_hostile_is_text_in_the_map(report: Report) -> None:
    """Markup, terminal codes and what turns the order of reading are shown as text, and long names are cut."""
    base = a_report(report, {BASELINE: "=", "2.16.2": "#"})
    for name in (EVIL, "\u202eabc", "n" * 300):
        drawn = heat_map.picture(changed(base, cells=tuple(changed(cell, model=name) for cell in base.cells)))
        names = [one.text or "" for one in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
        assert max(map(len, names)) < 80
        assert "<script" not in drawn
        assert "\u202e" not in drawn


def test_the_map_has_the_colours_of_the_page_in_html() -> None:
    """A reader who knows one knows the other: ground and ink of each verdict."""
    style = html.asset("screen.css", "tfmatrix.questions.matrix").partition("@media")[0]
    of = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", style))
    for verdict, ink in heat_map.COLOURS.items():
        if verdict not in {None, Verdict.UNSUPPORTED}:
            name = verdict.value.replace(" ", "-") if verdict not in {Verdict.GONE, Verdict.NEW} else "aside"
            assert ink == (of[name], of[f"{name}-ink"]), verdict
