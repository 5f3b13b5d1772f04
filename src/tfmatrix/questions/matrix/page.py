"""The page of a matrix, made of the same report as `matrix.json`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

import pandas as pd

from tfmatrix.compare.cells import UNSTABLE
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.matrix import changes, curves
from tfmatrix.questions.matrix.answer import absent, beside, left_out, unknown
from tfmatrix.questions.matrix.changes import said
from tfmatrix.questions.matrix.first_screen import first_screen
from tfmatrix.questions.matrix.summary import Cell, Report
from tfmatrix.records import FAILED
from tfmatrix.report import parts, releases
from tfmatrix.report.blocks import (
    Block,
    Code,
    Details,
    Document,
    Emphasis,
    Heading,
    Listing,
    Picture,
    Strong,
    Table,
    Text,
    bullets,
    joined,
    paragraph,
    prose,
    table,
)
from tfmatrix.report.records import Environment, Package
from tfmatrix.report.text import plain, shortened

CHOSEN_BY = ("avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile")
"""Instruction sets that TensorFlow's kernels choose by."""


def page(report: Report) -> Document:
    """Return the whole page."""
    return [
        *first_screen(report),
        *_unknown(report),
        *_ways(report),
        *_changes(report),
        *_steps(report),
        *_by_mode(report),
        *_by_model(report),
        *_between_modes(report),
        *_unsupported(report),
        *_environments(report),
        *_rested(report),
        *_machine(report),
        *_one_cell(report),
    ]


def _unknown(report: Report) -> Iterator[Block]:
    """Yield what nobody knows though it was asked for, and what is to be known of a release; nothing where all is."""
    found = [*_not_known(report)]
    if found:
        yield Heading(2, "What is not known")
        yield from found


def _not_known(report: Report) -> Iterator[Block]:
    if asked := left_out(report):
        names = joined(", ", map(Code, report.settings.left_out))
        yield paragraph((Strong(f"Only {asked} were asked about."), " Not among them: ", names, "."))
    yield from parts.incomplete(list(unknown(report)))
    if unstable := [cell for cell in report.cells if cell.outcome == UNSTABLE]:
        told = " These do not repeat themselves within one release, so they are compared with nothing:"
        yield paragraph((Strong("Unstable."), told))
        yield bullets((Code(cell.id), f": {shortened(cell.reason)}") for cell in unstable)
    notes = [(one.environment, told) for one in report.candidates for told in beside(one.environment, report)]
    if notes:
        yield paragraph(
            (
                Strong("Releases."),
                " These differ from the baseline in more than TensorFlow, or tfmatrix does not know them:",
            )
        )
        yield bullets((Strong(name), f": {told}") for name, told in notes)


def _ways(report: Report) -> Iterator[Block]:
    """Yield what else was tried of each saved model that a release refuses, releases with the same answers together."""
    grouped: dict[tuple[str, tuple[tuple[str, str, str], ...]], list[Cell]] = {}
    for cell in report.cells:
        if cell.ways:
            came = tuple((one.used, one.verdict, "" if one.verdict == FAILED else one.reason) for one in cell.ways)
            grouped.setdefault((cell.model, came), []).append(cell)
    if grouped:
        yield Heading(2, "How else a refused file can be read")
        yield paragraph(
            f"Each way was tried with this very file. Its predictions are compared with those of {report.baseline}, "
            "which reads the file itself.",
            "Ways that were refused too come last.",
        )
    for (model, came), cells in grouped.items():
        yield paragraph((Strong(model), f" in {', '.join(dict.fromkeys(cell.environment for cell in cells))}:"))
        rows = sorted(came, key=lambda one: one[1] == FAILED)
        yield table(["what was tried", "predictions"], ([prose(used), _came(*told)] for used, *told in rows))


def _came(verdict: str, reason: str) -> Text:
    if verdict == FAILED:
        return "refused too"
    return said(Verdict(verdict)), f": {reason}" if reason else ""


def _by_mode(report: Report) -> Iterator[Block]:
    yield Heading(2, "Versions by mode")
    yield paragraph(
        (
            ("Versions have the same letter if ", Emphasis("every")),
            " model has the same bits in them. Behind the letter is the mark of the",
        ),
        "worst verdict against the baseline, and of models that are gone or new. No letter: not everything was "
        "observed.",
    )
    frame = pd.DataFrame(
        {
            "version": row.environment,
            "mode": mode.mode if mode.launch == "default" else f"{mode.mode} {mode.launch}",
            "shown": _shown(row.letter, row.verdict, row.beside),
        }
        for mode in report.modes
        for row in mode.environments
    )
    yield _pivoted(frame, "version", "mode")
    yield parts.legend(report.verdicts)


def _by_model(report: Report) -> Iterator[Block]:
    """Yield a table of models by version for each mode and launch, and what follows from them."""
    yield Heading(2, "Versions by model")
    for mode in report.modes:
        frame = pd.DataFrame(
            {
                "model": cell.model,
                "version": cell.environment,
                "shown": _shown(cell.letter, cell.verdict or _own(cell)),
            }
            for cell in report.cells
            if (cell.launch, cell.mode) == (mode.launch, mode.mode)
        )
        yield Heading(3, (Code(mode.mode), "" if mode.launch == "default" else f", {mode.launch}"))
        yield _pivoted(frame, "model", "version")
    yield paragraph(*_letters(len(report.modes)))


def _letters(tables: int) -> tuple[str, ...]:
    """Return what a letter means in so many tables."""
    if tables == 1:
        return ("Letters count within one model: in a row, the same letter means the same bits at every stage.",)
    which, between = ("either", "the two") if tables == 2 else ("any", "all of them")
    where = f"in its row of {which} table, and between {between}"
    return f"Letters count within one model: {where}, the same letter means the same bits", "at every stage."


def _own(cell: Cell) -> str:
    """Return the word for a baseline's own cell, which is compared with nothing: none where it was observed."""
    words = {"observed": "", "unsupported": "unsupported", "unstable": "unstable", "missing": "missing"}
    return words.get(cell.outcome, "failed")


def _shown(letter: str, verdict: str, beside: Iterable[Verdict] = ()) -> Code:
    marks = [Verdict(verdict).mark] if verdict else []
    return Code("".join([letter, *marks, *(other.mark for other in beside)]))


def _pivoted(frame: pd.DataFrame, rows: str, columns: str) -> Table:
    """Return a frame's ``shown`` as a table, rows and columns in the order in which they come."""
    wide = frame.pivot(index=rows, columns=columns, values="shown").fillna("")
    wide = wide.loc[frame[rows].unique(), frame[columns].unique()]
    body = [[Code(name), *values] for name, values in zip(wide.index, wide.to_numpy(), strict=True)]
    return table([rows, *wide.columns], body)


def _steps(report: Report) -> Iterator[Block]:
    yield Heading(2, "From one release to the next")
    yield paragraph(
        f"Each release against the one before it, by the noise floor of {report.baseline}. Consequences of an earlier "
        "change are left out.",
    )
    yield changes.steps(report)


def _changes(report: Report) -> Iterator[Block]:
    yield Heading(2, f"What changed against {report.baseline}")
    yield paragraph(
        (
            ("In the ", Emphasis("native"), " tier each stage is fed by the one before it, as in a user's run. "),
            "A consequence of an earlier change is not judged again there.",
        ),
        (
            ("The ", Emphasis("start"), " tier is the same run from the baseline's initial weights, order of rows "),
            "and draws, so a redraw hides no other change.",
        ),
        (
            (
                "In the ",
                Emphasis("injected"),
                " tier each stage is fed the same bits in every release, so each stands ",
            ),
            "on its own.",
        ),
        "Sizes are in eps: max|a-b| / (eps max|a|). The noise floor is how far the baseline is from itself, with its "
        "inputs moved by",
        "one ULP, and computed in another way.",
    )
    yield from changes.of_eras(report)
    if names := curves.file_names(report.cells):
        pictures = [Picture(name.removesuffix(".svg"), f"{curves.FOLDER}/{name}") for name in names]
        yield Details("How far training drifts apart, step by step", pictures)


def _between_modes(report: Report) -> Iterator[Block]:
    """Yield the first mode beside each other one."""
    found = list(changes.between_modes(report))
    if not found:
        return
    yield Heading(2, f"The {'two ' if len(report.settings.modes) == 2 else ''}modes of one release")
    for (first, other), shared in found:
        told = "both have the same inputs, so only arithmetic differs."
        yield paragraph(("The injected tier of ", Code(first), " against that of ", Code(other), f": {told}"))
        yield shared


def _unsupported(report: Report) -> Iterator[Block]:
    """Yield the models that do not exist somewhere, with the reason and where."""
    if found := absent(report.cells):
        yield Heading(2, "Models that do not exist everywhere")
        every = [one.name for one in report.environments]
        rows: list[list[Text]] = [
            [joined(", ", map(Code, one.cells)), shortened(one.reason), releases.told(one.environments, every)]
            for one in found
        ]
        yield table(["models", "why they do not exist", "in"], rows)


def _environments(report: Report) -> Iterator[Block]:
    yield Heading(2, "Environments")
    yield parts.environments(report.environments, ("distribution", "Python", "NumPy", "Keras"))
    if moved := [one for one in report.environments if one.moved]:
        yield paragraph(f"Packages that moved besides TensorFlow, against {report.baseline}:")
        yield bullets(map(_moved, moved))


def _moved(found: Environment) -> Text:
    """Return the packages that moved besides TensorFlow."""
    return Strong(found.name), f": {', '.join(_move(before, after) for before, after in found.moved or ())}"


def _move(before: Package | None, after: Package | None) -> str:
    if before and after:
        return f"{before.name} {before.version} → {after.version}"
    if after:
        return f"{after.name} added at {after.version}"
    assert before
    return f"{before.name} gone"


def _rested(report: Report) -> Iterator[Block]:
    """Yield what trials read outside of the project, and what they may have read that could not be seen."""
    if report.rested:
        yield Heading(2, "What trials read")
        yield paragraph(
            "A trial counts as long as every file that it read is unchanged, in the project and outside of it."
        )
        yield table(
            ["model", "outside of the project", "not seen"],
            ([Code(one.model), joined(", ", map(Code, one.outside)), "; ".join(one.notes)] for one in report.rested),
        )


def _machine(report: Report) -> Iterator[Block]:
    yield Heading(2, "Machine")
    sets = ", ".join(flag for flag in report.machine.flags if flag in CHOSEN_BY)
    yield paragraph(
        parts.machine(report.machine),
        f"Instruction sets that TensorFlow's kernels choose by: {sets}. Results of another machine may differ, and "
        "are not compared with these.",
    )


def _one_cell(report: Report) -> Iterator[Block]:
    """Yield the command that compares one cell alone, the first that changed, without touching this report."""
    changed = [change.cell for candidate in report.candidates for change in candidate.first_changes]
    cell_id = changed[-1] if changed else report.cells[-1].id
    cell = next(cell for cell in report.cells if cell.id == cell_id)
    at_once = report.settings.at_once
    chosen = {"versions": cell.environment, **({} if at_once else {"models": cell.model}), "modes": cell.mode}
    chosen |= {"baseline": report.baseline, "reports": "build/one-cell"}
    typed = [part for option, value in chosen.items() for part in (f"--{option}", value)]
    options = " ".join(shlex.quote(plain(part)) for part in (*typed, *at_once))
    yield Heading(2, "Reproduce one cell")
    yield Listing("console", f"$ tfmatrix run {options}")
    yield paragraph(
        prose("`reports/matrix.json` holds every number of this report, each stage of each cell, and the digests.")
    )
