"""The matrix in a browser: nothing is fetched, every cell is found and opened, and what is hostile is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from questions.changing import changed
from questions.matrix.stored import MODELS
from tfmatrix.questions.matrix.summary import InMode, Report
from tfmatrix.report.text import plain

from .conftest import EVIL, Open, hostile, rendered

SIZES = {"wide": (1440, 900), "phone": (390, 844)}


def rows(page: Page) -> list[str]:
    """Return the names of the rows of the map, models with their modes."""
    return [name or "" for name in page.locator("#map tbody th").evaluate_all("all => all.map((one) => one.title)")]


def open_cell(page: Page, model: str, release: str = "2.16.2") -> None:
    """Choose a cell of the map."""
    page.locator(f'#map button[aria-label^="{release}, {model}/tf2"]').click()


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


def test_it_opens_without_a_network(show: Open, html: str) -> None:
    """Nothing but the file is asked for, and the console is silent."""
    shown = show(html)
    expect(shown.page.locator("#map tbody tr")).to_have_count(2 * len(MODELS))
    expect(shown.page.locator("#headline")).to_contain_text("2.15.1 to 2.21.0? Not yet: some models fail")
    open_cell(shown.page, "differs")
    assert shown.requests == []
    assert shown.complaints == []


def test_every_cell_has_its_mark_and_its_word(show: Open, html: str, report: Report) -> None:
    """The mark is there for eyes, and the word for ears, besides the colour."""
    page = show(html).page
    marks = {meaning.name.value: meaning.mark for meaning in report.verdicts}
    for cell in report.cells:
        if cell.verdict:
            button = page.locator(f'#map button[aria-label="{cell.environment}, {cell.where}: {cell.verdict}"]')
            expect(button).to_have_text(marks[cell.verdict])


def test_the_rows_are_the_worst_first(show: Open, html: str, report: Report) -> None:
    """Of the release that is looked at; another is chosen by its name in the head, or in the list."""
    page = show(html).page
    severity = {
        cell.where: cell.judged.severity for cell in report.cells if cell.judged and cell.environment == "2.16.2"
    }
    page.get_by_role("button", name="2.16.2", exact=True).click()
    expect(page.locator("#release")).to_have_value("1")
    expect(page.locator("#headline")).to_contain_text("2.15.1 to 2.16.2? Not yet: some models fail")
    assert all(severity[one] <= severity[other] for one, other in pairwise(rows(page)))
    page.locator("#release").select_option(label="2.21.0")
    expect(page.locator("#headline")).to_contain_text("2.15.1 to 2.21.0")


def test_the_next_commands_stand_on_the_first_screen(show: Open, html: str) -> None:
    """They are of the release that is looked at."""
    page = show(html).page
    page.locator("#release").select_option(label="2.16.2")
    commands = page.locator("#next code")
    expect(commands).to_have_text(
        ["tfmatrix check 2.16.2 --baseline 2.15.1", "tfmatrix explain 2.16.2 --baseline 2.15.1"]
    )
    assert overflow(page) <= 0


def test_filters_leave_what_they_say(show: Open, html: str) -> None:
    """A part of a name, a mode, a verdict, and only what changed; together too."""
    page = show(html).page
    page.locator("#release").select_option(label="2.16.2")
    page.locator("#find").fill("ROUND")
    assert rows(page) == ["rounds/tf2", "rounds/v1"]
    page.locator("#mode").select_option("v1")
    assert rows(page) == ["rounds/v1"]
    expect(page.locator("#shown")).to_have_text(f"1 of {2 * len(MODELS)} rows")
    page.locator("#find").fill("nothing is called so")
    expect(page.locator("#map tbody")).to_have_text("No model passes these filters.")
    page.locator("#find").fill("")
    page.locator("#changed").check()
    assert not {"same/v1", "is_nowhere/v1"} & set(rows(page))
    page.locator("#tally button", has_text="other random numbers").click()
    assert rows(page) == ["redraws/v1"]
    page.locator("#tally button", has_text="other random numbers").click()
    assert "differs/v1" in rows(page)


def test_a_cell_is_opened_with_its_chain(show: Open, html: str, report: Report) -> None:
    """Stages of each tier, the first change with its sizes, a curve, digests and what to type."""
    page = show(html).page
    open_cell(page, "differs")
    panel = page.locator("#panel")
    (cell,) = (cell for cell in report.cells if cell.id == "2.16.2/differs/tf2")
    assert cell.divergences
    expect(panel.locator("h3").first).to_have_text("# different 2.16.2 against 2.15.1")
    chips = panel.locator(".strip li").all_inner_texts()
    assert chips == ["init =", "gradient #", "weights >", "gradient #"]
    expect(panel.locator("dd", has_text="gradient@1/w")).to_be_visible()
    expect(panel.locator("svg polyline.apart")).to_have_count(1)
    told = panel.locator("code").all_text_contents()
    assert {cell.trace, cell.divergences[0].at.baseline, cell.divergences[0].at.candidate} <= set(told)
    assert "tfmatrix explain 2.16.2 --baseline 2.15.1 --cell differs/tf2" in told
    assert "tfmatrix run --cell 2.16.2/differs/tf2 --trace" in told
    panel.get_by_role("button", name="close").click()
    expect(panel).to_be_hidden()


def test_what_was_not_observed_says_why(show: Open, html: str) -> None:
    """With the last lines that it wrote."""
    page = show(html).page
    open_cell(page, "crashes")
    expect(page.locator("#panel")).to_contain_text("killed by SIGSEGV")
    expect(page.locator("#panel pre.lines")).to_contain_text("<script>alert(1)</script>")


def test_two_releases_stand_side_by_side(show: Open, html: str) -> None:
    """The map has the two and the baseline, and a cell both chains, and whether they have the same bits."""
    page = show(html).page
    page.locator("#beside").select_option(label="2.16.2")
    assert page.locator("#map thead th").all_inner_texts()[:4] == ["model / mode", "2.15.1", "2.21.0", "2.16.2"]
    open_cell(page, "differs")
    assert page.locator("#panel h3").all_inner_texts() == [
        "= identical 2.21.0 against 2.15.1",
        "# different 2.16.2 against 2.15.1",
    ]
    expect(page.locator("#panel")).to_contain_text("2.21.0 and 2.16.2 do not have the same bits.")


def test_another_release_does_not_keep_a_verdict_that_it_lacks(show: Open, html: str) -> None:
    """Else the map would be empty, and nothing would say why."""
    page = show(html).page
    page.locator("#release").select_option(label="2.16.2")
    page.locator("#tally button", has_text="other random numbers").click()
    assert rows(page) == ["redraws/tf2", "redraws/v1"]
    page.locator("#release").select_option(label="2.21.0")
    assert len(rows(page)) == 2 * len(MODELS)


def test_a_cell_stays_where_it_is_when_it_is_opened(show: Open, html: str) -> None:
    """Also one of a release that is not looked at: rows and sentence are as they were."""
    page = show(html).page
    before = rows(page)
    open_cell(page, "differs", "2.16.2")
    assert rows(page) == before
    expect(page.locator("#headline")).to_contain_text("2.15.1 to 2.21.0")
    expect(page.locator("#map [aria-current]")).to_have_count(1)


def test_what_is_to_be_copied_is_copied_or_selected(show: Open, html: str) -> None:
    """Whether or not the clipboard is ours."""
    page = show(html).page
    open_cell(page, "differs")
    button = page.locator("#panel .typed button").last
    button.click()
    expect(button).to_have_text(re.compile("copied|selected"))


def test_a_baseline_alone_is_shown(show: Open, report: Report) -> None:
    """Nothing is compared, and the page says so; its cells are opened all the same."""
    own = tuple(cell for cell in report.cells if cell.environment == report.baseline)
    environments = tuple(one for one in report.environments if one.name == report.baseline)
    modes = tuple(changed(mode, environments=each_of(mode.environments, report.baseline)) for mode in report.modes)
    alone = changed(
        report, candidates=(), cells=own, environments=environments, modes=modes, steps=(), between_modes=()
    )
    shown = show(rendered(alone))
    expect(shown.page.locator("#headline")).to_have_text("Nothing is compared with 2.15.1.")
    open_cell(shown.page, "same", "2.15.1")
    expect(shown.page.locator("#panel code", has_text="tfmatrix run --cell 2.15.1/same/tf2 --trace")).to_be_visible()
    assert shown.complaints == []


def each_of(environments: Iterable[InMode], name: str) -> tuple[InMode, ...]:
    """Return those of a name."""
    return tuple(one for one in environments if one.environment == name)


def test_the_keyboard_reaches_and_opens_every_cell(show: Open, html: str) -> None:
    """One tab stop for the map, arrows within it, Enter opens, Escape goes back to where it was."""
    page = show(html).page
    page.locator("#map td > button").first.focus()
    places = []
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "End", "Home"):
        page.keyboard.press(key)
        places.append(
            page.evaluate(
                "[document.activeElement.closest('tr').rowIndex, document.activeElement.closest('td').cellIndex]"
            )
        )
    assert places == [[2, 1], [2, 2], [1, 2], [1, 3], [1, 1]]
    expect(page.locator("#map button[tabindex='0']")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#panel").get_by_role("button", name="close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("#map td > button").first).to_be_focused()


def test_tab_reaches_everything_that_can_be_chosen(show: Open, html: str) -> None:
    """In the order of the page, from the first list to the map."""
    page = show(html).page
    page.keyboard.press("Tab")
    reached = []
    while not page.evaluate("document.activeElement.closest('#map td')"):
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.parentElement.id"))
        page.keyboard.press("Tab")
        assert len(reached) < 40
    wanted = ["release", "beside", "tally", "find", "mode", "changed", "map"]
    assert [one for one in dict.fromkeys(reached) if one in wanted] == wanted


def test_a_hostile_name_is_shown_as_text(show: Open, report: Report) -> None:
    """Markup, quotes, bars, terminal codes and 300 characters: no element comes of it, and no script runs."""
    shown = show(rendered(hostile(report)))
    page = shown.page
    name = plain(f"differs{EVIL}")
    assert f"{name}/tf2" in rows(page)
    page.locator("#map tbody tr", has_text="differs").first.locator("button").nth(1).click()
    expect(page.locator("#panel h2")).to_have_text(f"{name}/tf2")
    expect(page.locator("#panel .strip li").first).to_contain_text("<script>hacked = 1</script>")
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.locator("script").count() == 2
    assert page.locator("img:not([src^='data:image/svg+xml;base64,'])").count() == 0
    assert overflow(page) == 0
    assert (shown.requests, shown.complaints) == ([], [])


def test_the_policy_holds(show: Open, html: str) -> None:
    """Whatever would get into the page: no other script runs, nothing is fetched, no text becomes markup."""
    shown = show(html)
    attempts = {
        "script": "const made = document.createElement('script'); made.text = 'hacked = 1'; document.body.append(made)",
        "markup": "document.body.innerHTML = '<img src=x onerror=hacked=1>'",
        "picture": "document.body.append(Object.assign(new Image(), { src: 'https://example.org/x.png' }))",
        "network": "await fetch('https://example.org/')",
    }
    for what, attempt in attempts.items():
        shown.page.evaluate(f"(async () => {{ try {{ {attempt} }} catch {{ return '{what}' }} }})()")
    assert shown.page.evaluate("typeof hacked") == "undefined"
    expect(shown.page.locator("#headline")).to_be_visible()
    assert len([line for line in shown.complaints if "Content Security Policy" in line or "Trusted" in line]) >= 4


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hangs_over_the_edge(show: Open, html: str, size: tuple[int, int], scheme: str) -> None:
    """The page is as wide as its window, also with a cell open, two side by side, and every part unfolded."""
    page = show(html, *size, color_scheme=scheme).page
    assert overflow(page) == 0
    open_cell(page, "differs")
    assert overflow(page) == 0
    page.locator("#beside").select_option(label="2.16.2")
    open_cell(page, "differs")
    page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    assert overflow(page) == 0


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrasts(page: Page) -> Iterator[tuple[str, float]]:
    """Yield each verdict's class, and the contrast of its ink on its ground."""
    script = """all => all.map((one) => {
        const [own, page] = [getComputedStyle(one), getComputedStyle(document.body)];
        const ground = own.backgroundColor === 'rgba(0, 0, 0, 0)' ? page : own;
        return [one.className, own.color, ground.backgroundColor];
    })"""
    for name, ink, ground in page.locator("#legend dt").evaluate_all(script):
        darker, lighter = sorted([luminance(ink), luminance(ground)])
        yield name, (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_mark_can_be_read(show: Open, html: str, scheme: str) -> None:
    """In light and in dark its contrast is that of plain text, 4.5 to 1 or more."""
    found = dict(contrasts(show(html, color_scheme=scheme).page))
    assert len(found) == 13
    assert {name: round(contrast, 1) for name, contrast in found.items() if contrast < 4.5} == {}


def test_on_paper_the_map_is_whole(show: Open, html: str) -> None:
    """What is chosen with is not printed, and nothing is cut off in a box."""
    page = show(html).page
    page.emulate_media(media="print")
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.locator("#map")).to_have_css("overflow", "visible")
    expect(page.locator("#map thead th").first).to_have_css("position", "static")


def test_without_scripts_the_sentence_and_the_tables_are_there(show: Open, html: str) -> None:
    """And the page says where the map would be."""
    page = show(html, java_script_enabled=False).page
    expect(page.locator("#headline")).to_contain_text("Not yet: some models fail")
    expect(page.locator("noscript p")).to_be_visible()
    expect(page.locator("#app")).to_be_hidden()
    expect(page.get_by_role("heading", name="May I move from TensorFlow 2.15.1?")).to_be_visible()
