"""The page on recipes, made of the same report as `recipes.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.errors import InternalError, unreachable
from tfmatrix.questions.recipes.judge import OTHER, Effect
from tfmatrix.questions.recipes.summary import BROKEN, Cell, Report
from tfmatrix.questions.recipes.variations import CONTROL, HARMLESS, NEVER_PROMISED, TOGETHER
from tfmatrix.records import MISSING
from tfmatrix.report import parts
from tfmatrix.report.blocks import (
    Block,
    Break,
    Code,
    Document,
    Emphasis,
    Heading,
    Link,
    Listing,
    Strong,
    Table,
    Text,
    bullets,
    joined,
    paragraph,
    prose,
    table,
)
from tfmatrix.report.records import Launch
from tfmatrix.report.releases import told

USUAL = {
    "numpy-tensorflow-seeds": "The first: NumPy's and TensorFlow's seeds.",
    "v1-snippet-as-written": "The second: a `tf.compat.v1` session, and `tf.random.set_seed`.",
    "numpy-tensorflow-determinism": "The third: the first, with op determinism.",
}
"""The three snippets that people copy, in the order in which they are known."""

What = TypeVar("What")


def page(report: Report) -> Document:
    """Return the whole page."""
    return [
        Heading(1, "How do I get reproducible results in TensorFlow?"),
        *_in_short(report),
        *_method(report),
        *_tables(report),
        *_failures(report),
        *_unpromised(report),
        *_variations(report),
        *_recipes(report),
        *_foot(report),
    ]


def _in_short(report: Report) -> Iterator[Block]:
    yield from _advice(report)
    yield paragraph(prose("`tfmatrix advise --version 2.15.1 --mode tf2` prints the recipe for one release."))
    if usual := [(prose(text), " ", _found_of(report, name)) for name, text in USUAL.items() if _cells(report, name)]:
        yield paragraph("The three snippets that are copied most, as they are usually written:")
        yield bullets(usual)
    yield from parts.incomplete(report.unanswered)


def _method(report: Report) -> Iterator[Block]:
    yield Heading(2, "How it was found")
    yield paragraph(
        ("Report ", Code(report.id), f" of tfmatrix {report.tfmatrix}. "),
        "Each recipe is put in front of a model as it would be pasted.",
        "It is run in each release, in processes that start in different ways.",
        (
            "It ",
            Strong("reproduces"),
            " if every trial gave the same bits at every stage: initial weights, order of ",
        ),
        "rows, losses, weights, predictions.",
        f"This rests on {report.trials} trials in {report.processes} processes on one machine. Each process imported "
        "TensorFlow by itself,",
        "and trials are compared only with trials of other processes.",
    )


def _advice(report: Report) -> Iterator[Block]:
    """Yield, for each mode, the recipes that are advised, with the environments and the figures."""
    codes = {recipe.name: recipe.code for recipe in report.recipes}
    for mode, recipe, environments in advised(report):
        where = versions(report, environments)
        if not recipe:
            told_of = f", in {where}: no recipe is known to reproduce everything that was tried."
            yield paragraph(("In mode ", Code(mode), told_of))
            continue
        cells = [cell for cell in _cells(report, recipe) if cell.environment in environments]
        trials = sum(cell.agreeing for cell in cells)
        models = joined(", ", (Code(name) for name in dict.fromkeys(cell.model for cell in cells)))
        yield paragraph(
            (
                ("In mode ", Code(mode), f", in {where} (", Code(recipe), f"; {trials} trials of ", models),
                ", in each release all alike):",
            )
        )
        yield Listing("python", codes[recipe])


def advised(report: Report) -> Iterator[tuple[str, str, list[str]]]:
    """Yield, for each mode, the recipes that are advised, and in which environments; an empty name for none."""
    for mode in dict.fromkeys(one.mode for one in report.advice):
        found = ((one.recipe, one.environment) for one in report.advice if one.mode == mode)
        for recipe, environments in _grouped(found).items():
            yield mode, recipe, environments


def versions(report: Report, names: Iterable[str]) -> str:
    """Return environments as a reader says them: ``2.8.4, 2.9.3``, or ``2.10.1 to 2.21.0`` where none is left out."""
    order = [one.name for one in report.environments]
    chosen = set(names)
    return f"all {len(order)} releases" if chosen == set(order) and len(order) > 2 else told(chosen, order, shortest=3)


def _grouped(pairs: Iterable[tuple[What, str]]) -> dict[What, list[str]]:
    """Return environments by what holds for them, in the order in which it comes first."""
    groups: dict[What, list[str]] = {}
    for what, environment in pairs:
        groups.setdefault(what, []).append(environment)
    return groups


def _cells(report: Report, recipe: str, model: str = "") -> list[Cell]:
    return [cell for cell in report.cells if cell.recipe == recipe and model in {"", cell.model}]


def _verdict(cell: Cell) -> tuple[str, Text]:
    """Return what was found of a cell, as a phrase that stands for all cells of which the same was found."""
    found: tuple[str, Text]
    match cell.verdict:
        case Verdict.IDENTICAL:
            found = "reproduces", ""
        case Verdict.UNSTABLE:
            found = "does not reproduce", (" (", _broken(cell), ")")
        case Verdict.FAILED:
            found = "fails", f": {_message(cell)}"
        case Verdict.MISSING | Verdict.NOT_WRITTEN | Verdict.UNSUPPORTED:
            found = "is not known", ""
        case (
            Verdict.PARTIAL
            | Verdict.REFUSED
            | Verdict.NOT_COMPARABLE
            | Verdict.GONE
            | Verdict.NEW
            | Verdict.DIFFERENT
            | Verdict.REDRAWN
            | Verdict.ROUNDING
        ):
            raise InternalError(f"a recipe is {cell.verdict.value}")
        case _:
            unreachable(cell.verdict)
    return found


def _message(cell: Cell) -> str:
    """Return the message of a cell that failed, without the file that it names: that is the recipe itself."""
    assert cell.first
    return cell.first.message.partition(": ")[2] or cell.first.outcome


def _broken(cell: Cell) -> Text:
    """Return under what a cell breaks first, and at which stage."""
    what = {CONTROL.name: "in another process", TOGETHER: "under several variations together"}
    effect = cell.told
    where: Text = what.get(effect.variation) or ("under ", Code(effect.variation))
    return (where, ", first at ", Code(effect.stage)) if effect.stage else (where, f" it {effect.outcome}")


def _found_of(report: Report, recipe: str) -> Text:
    """Return what was found of a recipe, over all models and environments."""
    sentences: list[Text] = []
    models = list(dict.fromkeys(cell.model for cell in _cells(report, recipe)))
    for model in models:
        groups = _grouped((_verdict(cell), cell.environment) for cell in _cells(report, recipe, model))
        found: list[Text] = [
            (word if number or len(models) > 1 else f"{word[0].upper()}{word[1:]}", rest, f" in {versions(report, e)}")
            for number, ((word, rest), e) in enumerate(groups.items())
        ]
        sentences.append(((Code(model), " ") if len(models) > 1 else "", joined("; ", found), "."))
    return joined(" ", sentences)


def _tables(report: Report) -> Iterator[Block]:
    yield Heading(2, "Which recipe works in which version")
    yield paragraph(
        (
            (Code("yes 3/3"), ": 3 of 3 trials gave the same bits. "),
            (Strong("no"), ": the first stage whose bits differ from"),
        ),
        (
            ("one process to another. ", Strong("no"), " if ...: processes agree, but not under that variation. "),
            (Strong("fails"), ": it raises."),
        ),
        ("The recipes stand ", Link("below", "#the-recipes"), "."),
    )
    for model in report.models:
        yield Heading(3, (Code(model.name), ": ", prose(model.what)))
        yield _by_version(report, model.name)


def _by_version(report: Report, model: str) -> Table:
    names = [one.name for one in report.environments]
    rows = []
    for recipe in report.recipes:
        cells = {cell.environment: cell for cell in _cells(report, recipe.name, model)}
        if cells:
            rows.append([Code(recipe.name), *(_mark(cells.get(name)) for name in names)])
    return table(["recipe", *names], rows)


def _mark(cell: Cell | None) -> Text:
    """Return a cell of the table: ``yes`` and trials; or under what it breaks first, and at which stage."""
    if cell is None or cell.verdict is Verdict.MISSING:
        return Verdict.MISSING.mark
    if cell.verdict is Verdict.IDENTICAL:
        return f"yes {cell.agreeing}/{cell.tried}"
    if cell.verdict is Verdict.FAILED:
        return Strong("fails")
    effect = cell.told
    when = "" if effect.variation == CONTROL.name else f" if {effect.variation}"
    return Strong("no"), f"{when}: {_kind(effect.stage) or effect.outcome}"


def _kind(stage: str) -> str:
    """Return the stage without step and variable: ``shuffle`` of ``shuffle@0``."""
    return stage.partition("/")[0].partition("@")[0]


def _failures(report: Report) -> Iterator[Block]:
    """Yield a row for each way in which a recipe does not reproduce: where, what is to blame, and what mends it."""
    yield Heading(2, "What breaks, and what mends it")
    yield paragraph(
        "Two processes that start alike are compared first (the control). If they agree, all harmless variations are "
        "tried at",
        (
            ("once; if that changes a bit, one at a time. ", Emphasis("Cleared")),
            ": all variations but those to blame were tried at once, and",
        ),
        "changed nothing. The mend is the next recipe that reproduces on the same model in the same release.",
    )
    groups: dict[tuple[Text, ...], list[str]] = {}
    for cell in report.cells:
        if cell.verdict in BROKEN:
            mend = Code(cell.mend) if cell.mend else "none was found"
            row = (Code(cell.recipe), Code(cell.model), _to_blame(cell), "yes" if cell.cleared else "", mend)
            groups.setdefault(row, []).append(cell.environment)
    rows = [[recipe, model, versions(report, e), *rest] for (recipe, model, *rest), e in groups.items()]
    yield table(["recipe", "model", "in", "to blame", "the others cleared", "what mends it"], rows)


def _to_blame(cell: Cell) -> Text:
    if cell.verdict is Verdict.FAILED:
        return f"nothing: it fails, {_message(cell)}"
    blame = [(Code(effect.variation), " at ", Code(effect.stage or effect.outcome)) for effect in cell.blame]
    return joined(Break(), blame) if blame else _broken(cell)


def _unpromised(report: Report) -> Iterator[Block]:
    """Yield, for each model and recipe that was tried, what changes its bits though it reproduces."""
    yield Heading(2, "What nobody promised")
    yield paragraph(
        "These may change the bits of a recipe that reproduces, so keep them fixed. Each was tried alone, in a process "
        "of its own;",
        "a variation that is not named changed no bit. If several recipes gave the same bits, the shortest was tried.",
    )
    stood = dict.fromkeys((cell.model, cell.stand_in) for cell in report.cells if cell.stand_in == cell.recipe)
    lines: list[Text] = []
    for model, recipe in stood:
        cells = [cell for cell in _cells(report, recipe, model) if cell.stand_in == recipe]
        where = versions(report, (cell.environment for cell in cells))
        changes = joined("; ", _changes_of(report, cells)) or "nothing changes a bit"
        lines.append((Code(model), " after ", Code(recipe), f" ({where}): ", changes, "."))
    yield bullets(lines)


def _changes_of(report: Report, cells: Sequence[Cell]) -> Iterator[Text]:
    """Yield what changes the bits of some cells, variation by variation, and where not everything was tried."""
    for name in (variation.name for variation in report.variations if variation.kind == NEVER_PROMISED):
        effects = [(e, cell.environment) for cell in cells for e in cell.never_promised if e.variation == name]
        groups = _grouped((_effect(e), environment) for e, environment in effects if e.outcome != MISSING)
        if groups:
            yield Code(name), " ", joined("; ", ((what, f" in {versions(report, e)}") for what, e in groups.items()))
    untried = [cell.environment for cell in cells if any(e.outcome == MISSING for e in cell.never_promised)]
    if untried:
        yield Strong("not everything was tried"), f" in {versions(report, untried)}"


def _effect(effect: Effect) -> Text:
    if effect.outcome == OTHER:
        return "from ", Code(_kind(effect.stage)), " on"
    return Strong(effect.outcome)


def _variations(report: Report) -> Iterator[Block]:
    yield Heading(2, "The variations")
    yield paragraph("Harmless: meant to change nothing.")
    yield _of_kind(report, HARMLESS)
    yield paragraph("Never promised by TensorFlow:")
    yield _of_kind(report, NEVER_PROMISED)


def _of_kind(report: Report, kind: str) -> Table:
    rows = []
    for variation in report.variations:
        if variation.kind == kind:
            unseen = f"not possible in {versions(report, variation.unseen)}" if variation.unseen else ""
            modes = joined(", ", map(Code, variation.modes))
            rows.append([Code(variation.name), prose(variation.what), modes, unseen])
    return table(["variation", "what differs", "modes", ""], rows)


def _recipes(report: Report) -> Iterator[Block]:
    yield Heading(2, "The recipes")
    for recipe in report.recipes:
        yield Heading(3, recipe.name)
        yield paragraph(("Claim: ", prose(recipe.claim)))
        yield paragraph(("Found: ", _found_of(report, recipe.name)))
        yield Listing("python", recipe.code)


def _launch(launch: Launch) -> str:
    """Return in words what a process starts with."""
    set_ = "".join(f", {name}={value}" for name, value in launch.variables)
    return f"Threads within an operation: {launch.intra_op}, operations at once: {launch.inter_op}{set_}"


def _foot(report: Report) -> Iterator[Block]:
    yield Heading(2, "Environments")
    found = (*report.environments, *report.beside)
    yield parts.environments(found, ("distribution", "Python", "NumPy", "Keras"))
    yield Heading(2, "Machine")
    yield paragraph(
        parts.machine(report.machine),
        f"{_launch(report.settings.launch)}, unless a variation says otherwise. Whether a recipe reproduces may depend "
        "on the machine; run it on yours:",
    )
    yield Listing("console", f"$ python3 -m nox -s recipes -- --versions {report.settings.versions[-1]}")
    yield paragraph(prose("`reports/recipes.json` holds every number of this report."))
