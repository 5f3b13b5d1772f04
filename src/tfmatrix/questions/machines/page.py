"""The page of machine classes, made of the same report as `machines.json`."""

from __future__ import annotations

from collections.abc import Iterator

from tfmatrix.questions.machines.answer import counts, problems
from tfmatrix.questions.machines.summary import Cell, Class, Report, Stage
from tfmatrix.report import parts
from tfmatrix.report.blocks import Block, Code, Document, Heading, Listing, Text, paragraph, table
from tfmatrix.report.text import number


def page(report: Report) -> Document:
    """Return the whole page."""
    return [
        *_head(report),
        *parts.incomplete(problems(report)),
        *(block for one in report.environments for block in _release(report, one.name)),
        Heading(2, "Verdicts"),
        parts.legend(report.verdicts),
        Heading(2, "Machine classes"),
        table(
            ["class", "machine", "threads", "variables"],
            [[one.name, Code(one.machine[:8]), _threads(one), _variables(one)] for one in report.classes],
        ),
        *(paragraph((Code(one.id[:8]), " ", parts.machine(one))) for one in report.machines),
        Heading(2, "Environments"),
        parts.environments(report.environments, ["distribution", "Python", "NumPy", "Keras"]),
        Heading(2, "Run it again"),
        Listing("console", f"$ tfmatrix machines {_options(report)}"),
    ]


def _options(report: Report) -> str:
    """Return what chooses the same cells again."""
    settings = report.settings
    chosen = {
        "versions": [one.name for one in report.environments],
        "modes": settings.modes,
        "models": dict.fromkeys(name.partition("[")[0] for name in settings.models),
    }
    return " ".join([*(f"--{name} {','.join(some)}" for name, some in chosen.items()), f"--trials {settings.trials}"])


def _head(report: Report) -> Iterator[Block]:
    settings = report.settings
    yield Heading(1, "Machines: what another machine class changes in one release")
    yield paragraph(
        ("Report ", Code(report.id), f" of tfmatrix {report.tfmatrix}. "),
        "TensorFlow picks its kernels by instruction set, threads and GPU. Each table is of one release: every class",
        ("is compared with this machine under the default launch, ", Code(report.classes[0].name), ", cell by cell."),
        f"A cell rests on {settings.trials} trials that agree, the noise floor on {settings.jitters} jitter trials.",
    )


def _release(report: Report, environment: str) -> Iterator[Block]:
    """Yield what the classes have otherwise in one release."""
    cells = {(cell.model, cell.mode, cell.of): cell for cell in report.cells if cell.environment == environment}
    others = [one.name for one in report.classes[1:] if any(of == one.name for _, _, of in cells)]
    if not others:
        return
    yield Heading(2, environment)
    yield table(["class", "cells"], [[of, counts(c for (*_, own), c in cells.items() if own == of)] for of in others])
    models = list(dict.fromkeys((model, mode) for model, mode, _ in cells))
    yield table(
        ["model", "mode", *others],
        [[model, Code(mode), *(_mark(cells.get((model, mode, of))) for of in others)] for model, mode in models],
    )
    parted = [(cell, cell.first) for cell in cells.values() if cell.first]
    if parted:
        yield Heading(3, "Where they differ")
        yield table(
            ["model", "mode", "class", "verdict", "first change", "ULPs", "times the noise floor", "the training ends"],
            [_parted(cell, first) for cell, first in parted],
            right=(5, 6),
        )


def _mark(cell: Cell | None) -> Text:
    return Code(cell.verdict.mark) if cell else ""


def _parted(cell: Cell, first: Stage) -> list[Text]:
    ulps = "" if first.max_ulp is None else str(first.max_ulp)
    ratio = "" if first.ratio is None else number(first.ratio)
    stage = Code(f"{first.tier} {first.name}")
    return [cell.model, Code(cell.mode), cell.of, cell.verdict.value, stage, ulps, ratio, _end(cell)]


def _end(cell: Cell) -> Text:
    """Return how far apart the training ends where that is farthest."""
    end = cell.end
    if end is None or not end.apart:
        return "the same"
    return (Code(end.name), f" {number(end.apart * 100)} % apart") if isinstance(end.apart, (int, float)) else "apart"


def _threads(one: Class) -> str:
    return f"{one.launch.intra_op} within an operation, {one.launch.inter_op} operations at once"


def _variables(one: Class) -> Text:
    return Code(" ".join(f"{name}={value}" for name, value in one.launch.variables)) if one.launch.variables else ""
