"""The report on recipes as Markdown, rendered from the same data as `recipes.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tfmatrix.questions.recipes.summary import Data
from tfmatrix.report.templates import fill
from tfmatrix.report.text import code, escaped, table

USUAL = {
    "numpy-tensorflow-seeds": "The first: NumPy's and TensorFlow's seeds.",
    "v1-snippet-as-written": "The second: a `tf.compat.v1` session, and `tf.random.set_seed`.",
    "numpy-tensorflow-determinism": "The third: the first, with op determinism.",
}
"""The three snippets that people copy, in the order in which they are known."""

REPRODUCES, DIFFERS, FAILED = "reproduces", "does not reproduce", "failed"


def render(data: Data) -> str:
    """Return the report as Markdown."""
    sections = {
        "advice": list(_advice(data)),
        "usual": [f"{text} {_found_of(data, name)}" for name, text in USUAL.items() if _cells(data, name)],
        "tables": [
            {"what": m["what"], "name": m["name"], "table": _by_version(data, m["name"])} for m in data["models"]
        ],
        "failures": _failures(data),
        "unpromised": list(_unpromised(data)),
        "harmless": _variations(data, "harmless"),
        "never": _variations(data, "never promised"),
        "recipes": [{**recipe, "found": _found_of(data, recipe["name"])} for recipe in data["recipes"]],
        "environments": _environments(data),
    }
    return fill("recipes", data=data, **sections)


def versions(data: Data, names: Iterable[str]) -> str:
    """Return environments as a reader says them: ``2.8.4, 2.9.3``, or ``2.10.1 to 2.21.0`` where none is left out."""
    order = [one["name"] for one in data["environments"]]
    chosen = set(names)
    if chosen == set(order) and len(order) > 2:
        return f"all {len(order)} releases"
    runs: list[list[str]] = []
    for number, name in enumerate(order):
        if name not in chosen:
            continue
        if runs and number and order[number - 1] == runs[-1][-1]:
            runs[-1].append(name)
        else:
            runs.append([name])
    told = [
        f"{escaped(run[0])} to {escaped(run[-1])}" if len(run) > 2 else ", ".join(map(escaped, run)) for run in runs
    ]
    return ", ".join(told)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return environments by what holds for them, in the order in which it comes first."""
    groups: dict[str, list[str]] = {}
    for what, environment in pairs:
        groups.setdefault(what, []).append(environment)
    return groups


def _cells(data: Data, recipe: str, model: str = "") -> list[Data]:
    return [c for c in data["cells"] if c["recipe"] == recipe and model in {"", c["model"]}]


def _advice(data: Data) -> Iterator[Data]:
    """Yield, for each mode, the recipes that are advised, with the environments and the figures."""
    codes = {recipe["name"]: recipe["code"] for recipe in data["recipes"]}
    for mode in dict.fromkeys(one["mode"] for one in data["advice"]):
        found = [(one["recipe"], one["environment"]) for one in data["advice"] if one["mode"] == mode]
        for recipe, environments in _grouped(found).items():
            cells = [c for c in _cells(data, recipe) if c["environment"] in environments]
            yield {
                "mode": mode,
                "recipe": recipe,
                "versions": versions(data, environments),
                "code": codes.get(recipe, ""),
                "trials": sum(cell["agreeing"] for cell in cells),
                "models": ", ".join(code(name) for name in dict.fromkeys(cell["model"] for cell in cells)),
            }


def _verdict(cell: Data) -> str:
    """Return what was found of a cell, as a phrase that stands for all cells of which the same was found."""
    if cell["verdict"] == REPRODUCES:
        return "reproduces"
    if cell["verdict"] == FAILED:
        return f"fails: {escaped(_message(cell))}"
    if cell["verdict"] != DIFFERS:
        return "is not known"
    return f"does not reproduce ({_broken(cell)})"


def _message(cell: Data) -> str:
    """Return the message of a cell that failed, without the file that it names: that is the recipe itself."""
    message: str = cell["first"]["message"]
    return message.partition(": ")[2] or cell["first"]["outcome"]


def _told(cell: Data) -> Data:
    """Return what broke a cell first."""
    told: Data = cell["blame"][0] if cell["blame"] else cell["first"]
    return told


def _broken(cell: Data) -> str:
    """Return under what a cell breaks first, and at which stage."""
    told = _told(cell)
    what = {"control": "in any other process", "together": "under several variations together"}
    where = what.get(told["variation"]) or f"under {code(told['variation'])}"
    return f"{where}, first at {code(told['stage'])}" if told["stage"] else f"{where} it {told['outcome']}"


def _found_of(data: Data, recipe: str) -> str:
    """Return what was found of a recipe, over all models and environments."""
    sentences = []
    models = dict.fromkeys(cell["model"] for cell in _cells(data, recipe))
    for model in models:
        groups = _grouped((_verdict(cell), cell["environment"]) for cell in _cells(data, recipe, model))
        told = "; ".join(f"{what} in {versions(data, environments)}" for what, environments in groups.items())
        sentences.append(f"{code(model)} {told}." if len(models) > 1 else f"{told[0].upper()}{told[1:]}.")
    return " ".join(sentences)


def _by_version(data: Data, model: str) -> str:
    names = [one["name"] for one in data["environments"]]
    rows = []
    for recipe in data["recipes"]:
        cells = {cell["environment"]: cell for cell in _cells(data, recipe["name"], model)}
        if cells:
            rows.append([code(recipe["name"]), *(_mark(cells.get(name)) for name in names)])
    return table(["recipe", *map(escaped, names)], rows)


def _mark(cell: Data | None) -> str:
    """Return a cell of the table: ``yes`` and trials; or under what it breaks first, and at which stage."""
    if cell is None or cell["verdict"] == "missing":
        return "?"
    if cell["verdict"] == REPRODUCES:
        return f"yes {cell['agreeing']}/{cell['tried']}"
    if cell["verdict"] == FAILED:
        return "**fails**"
    told = _told(cell)
    stage = _kind(told["stage"]) or told["outcome"]
    when = "" if told["variation"] == "control" else f" if {escaped(told['variation'])}"
    return f"**no**{when}: {escaped(stage)}"


def _kind(stage: str) -> str:
    """Return the stage without step and variable: ``shuffle`` of ``shuffle@0``."""
    return stage.partition("/")[0].partition("@")[0]


def _failures(data: Data) -> str:
    """Return a row for each way in which a recipe does not reproduce: where, what is to blame, and what mends it."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for cell in data["cells"]:
        if cell["verdict"] not in {DIFFERS, FAILED}:
            continue
        blame = "<br>".join(f"{code(b['variation'])} at {code(b['stage'] or b['outcome'])}" for b in cell["blame"])
        if cell["verdict"] == FAILED:
            blame = f"nothing: it fails, {escaped(_message(cell))}"
        elif not blame:
            blame = _broken(cell)
        mend = code(cell["mend"]) if cell["mend"] else "none was found"
        cleared = "yes" if cell["cleared"] else ""
        groups.setdefault((code(cell["recipe"]), code(cell["model"]), blame, cleared, mend), []).append(
            cell["environment"]
        )
    rows = [[recipe, model, versions(data, e), *rest] for (recipe, model, *rest), e in groups.items()]
    return table(["recipe", "model", "in", "to blame", "the others cleared", "what mends it"], rows)


def _unpromised(data: Data) -> Iterator[str]:
    """Yield, for each model and recipe that was tried, what changes its bits though it reproduces."""
    names = [v["name"] for v in data["variations"] if v["kind"] == "never promised"]
    stood = dict.fromkeys((c["model"], c["stand_in"]) for c in data["cells"] if c["stand_in"] == c["recipe"])
    for model, recipe in stood:
        cells = [c for c in _cells(data, recipe, model) if c["stand_in"] == recipe]
        told = []
        for name in names:
            effects = [(e, c["environment"]) for c in cells for e in c["never_promised"] if e["variation"] == name]
            tried = [(effect, environment) for effect, environment in effects if effect["outcome"] != "missing"]
            groups = _grouped((_effect(effect), environment) for effect, environment in tried)
            if groups:
                parts = "; ".join(f"{what} in {versions(data, environments)}" for what, environments in groups.items())
                told.append(f"{code(name)} {parts}")
        untried = [c["environment"] for c in cells if any(e["outcome"] == "missing" for e in c["never_promised"])]
        if untried:
            told.append(f"**not everything was tried** in {versions(data, untried)}")
        where = versions(data, [c["environment"] for c in cells])
        yield (
            f"{code(model)} after {code(recipe)} ({where}): "
            + ("; ".join(told) if told else "nothing changes a bit")
            + "."
        )


def _effect(effect: Data) -> str:
    if effect["outcome"] == "differs":
        return f"from {code(_kind(effect['stage']))} on"
    return f"**{escaped(effect['outcome'])}**"


def _variations(data: Data, kind: str) -> str:
    rows = []
    for variation in data["variations"]:
        if variation["kind"] == kind:
            unseen = f"not possible in {versions(data, variation['unseen'])}" if variation["unseen"] else ""
            rows.append([code(variation["name"]), variation["what"], ", ".join(map(code, variation["modes"])), unseen])
    return table(["variation", "what is other", "modes", ""], rows)


def _environments(data: Data) -> str:
    rows = []
    for one in (*data["environments"], *data["beside"]):
        packages, lock = one["packages"], one["lock"]
        rows.append(
            [
                escaped(one["name"]),
                escaped(one["distribution"]),
                escaped(one["python"]),
                escaped(packages.get("numpy", "")),
                escaped(packages.get("keras", "")),
                code(lock["digest"][:12]) + f" {lock['kind']}" if lock else escaped(one["unavailable"] or "not made"),
            ]
        )
    return table(["environment", "distribution", "Python", "NumPy", "Keras", "lock"], rows)
