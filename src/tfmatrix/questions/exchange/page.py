"""The page of an exchange, made of the same report as `exchange.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.exchange.answer import problems
from tfmatrix.questions.exchange.results import BACK, LOST, NONE, OTHER, PREDICT, WEIGHTS
from tfmatrix.questions.exchange.summary import Format, Pair, Report
from tfmatrix.report import parts
from tfmatrix.report.blocks import (
    Block,
    Code,
    Document,
    Heading,
    Item,
    Listing,
    Strong,
    Table,
    Text,
    bullets,
    filled,
    joined,
    paragraph,
    prose,
    table,
)
from tfmatrix.report.releases import told, told_pairs

GOOD = {Verdict.IDENTICAL, Verdict.ROUNDING}
"""Verdicts of pairs in which every weight came back."""

STAGES = ("", WEIGHTS, PREDICT)
"""What a verdict may be of, in the order in which it is told."""

NOTHING = {Verdict.NOT_WRITTEN, Verdict.UNSUPPORTED}
"""Verdicts of pairs in which there was nothing to read."""

LONGEST = 300
"""Characters of a warning that the page shows; `exchange.json` has the rest."""

Group = tuple[str, str, str]
"""A table: format, mode, model."""


def page(report: Report) -> Document:
    """Return the whole page."""
    groups = _grouped(report.pairs)
    return [
        Heading(1, "What one TensorFlow release writes and another reads"),
        *_in_short(report, groups),
        *_method(report),
        *_tables(report, groups),
        *_silent(report, groups),
        *_section("Refusals", _messages(report, {Verdict.REFUSED, Verdict.FAILED})),
        *_section("What is not written", _messages(report, {Verdict.NOT_WRITTEN}, writers=True)),
        *_section("What does not exist", _unsupported(report)),
        *_section("Warnings on reading", _warnings(report)),
        *_foot(report),
    ]


def _grouped(pairs: Iterable[Pair]) -> dict[Group, list[Pair]]:
    """Return the pairs of each table, in the order in which they come."""
    groups: dict[Group, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault((pair.format, pair.how, pair.model), []).append(pair)
    return groups


def _method(report: Report) -> Iterator[Block]:
    yield Heading(2, "How it was found")
    yield paragraph(
        ("Report ", Code(report.id), f" of tfmatrix {report.tfmatrix}. "),
        "Each release trained the model for a few steps, so that no weight, bias or slot has its initial value.",
        f"It wrote the model in every format. The same release and each {_others(report)} one read it.",
        "A reader that builds the model itself began with other values everywhere, so whatever is not loaded shows.",
        "Weights, slots and predictions are compared bit for bit with the writer's, on one machine.",
    )


def _others(report: Report) -> str:
    """Return which releases read what one writes, besides itself."""
    return "other" if report.both_ways else "later"


def _in_short(report: Report, groups: Mapping[Group, list[Pair]]) -> Iterator[Block]:
    found = {group: pairs for group, pairs in groups.items() if any(pair.verdict not in NOTHING for pair in pairs)}
    if found:
        yield paragraph(_advice(report, found))
        yield _summary(report, found)
    else:
        yield paragraph("Nothing was written or read.")
    yield from parts.incomplete(problems(report))


def _advice(report: Report, groups: Mapping[Group, list[Pair]]) -> Text:
    """Return which formats carry weights from every release to every one that reads, where any does."""
    whole = {pair.writer for pair in report.pairs}
    best = [
        group
        for group, pairs in groups.items()
        if all(pair.verdict in GOOD for pair in pairs) and {pair.writer for pair in pairs} == whole
    ]
    if not best:
        return "No format brings all weights from every release to the same and every ", _others(report), " one."
    return "All weights come back, from every release to every ", _others(report), " one, with ", _names(best), "."


def _summary(report: Report, groups: Mapping[Group, list[Pair]]) -> Table:
    """Return what loads everywhere, and where the rest stops: what holds best first."""
    rows: dict[tuple[Text, ...], list[Group]] = {}
    worst: dict[tuple[Text, ...], int] = {}
    for group, pairs in groups.items():
        tried = [pair for pair in pairs if pair.verdict not in NOTHING]
        last = min((pair.verdict for pair in tried), key=lambda verdict: verdict.severity)
        row = (Code(last.mark), _writers(tried, pairs, report.releases), *_outcome(tried, pairs, report))
        rows.setdefault(row, []).append(group)
        worst[row] = last.severity
    ordered = sorted(rows.items(), key=lambda item: -worst[item[0]])  # stable
    headings = ("", "format", "written by", "all weights come back", "what fails")
    return filled(headings, [(row[0], _names(found), *row[1:]) for row, found in ordered])


def _outcome(tried: Sequence[Pair], pairs: Iterable[Pair], report: Report) -> tuple[Text, Text]:
    """Return where all weights of a table come back, and what becomes of the other pairs."""
    bad = [pair for pair in tried if pair.verdict not in GOOD]
    if not bad:
        somewhere = any(pair.verdict is Verdict.UNSUPPORTED and pair.artefact for pair in pairs)
        others = f"every {_others(report)} one{' in which the model exists' if somewhere else ''}"
        return f"in the same release and in {others}, {_predicted(tried)}", ""
    kinds: dict[tuple[Verdict, str], list[Pair]] = {}
    for pair in sorted(bad, key=lambda pair: (pair.verdict.severity, STAGES.index(pair.stage))):
        kinds.setdefault((pair.verdict, pair.stage), []).append(pair)
    found = [_kind(verdict, stage, pairs_of, report.releases) for (verdict, stage), pairs_of in kinds.items()]
    return f"in {len(tried) - len(bad)} of {len(tried)} pairs", joined("; ", found)


def _kind(verdict: Verdict, stage: str, pairs: Sequence[Pair], releases: Sequence[str]) -> Text:
    """Return a verdict, what it is of where that can be one of two, and the pairs that have it."""
    if verdict is Verdict.MISSING:
        return Strong(verdict.value), f": {len(pairs)} pairs"
    of = f" {'weights' if stage == WEIGHTS else 'predictions'}" if verdict is Verdict.DIFFERENT else ""
    return Strong(f"{verdict.value}{of}"), f": {'; '.join(_where(pairs, releases))}"


def _name(group: Group) -> Text:
    return _names([group])


def _names(groups: Iterable[Group]) -> Text:
    """Return formats, those of one mode and model together."""
    found: dict[tuple[str, str], list[Text]] = {}
    for form, *where in groups:
        found.setdefault((where[0], where[1]), []).append(Code(form))
    return joined(", ", ((joined(", ", forms), f" ({mode}, {model})") for (mode, model), forms in found.items()))


def _writers(tried: Sequence[Pair], pairs: Iterable[Pair], releases: Sequence[str]) -> str:
    """Return which releases write a format, by what was found."""
    writers = {pair.writer for pair in tried if pair.artefact}
    if writers == {pair.writer for pair in pairs}:
        return "every release"
    unknown = {pair.writer for pair in tried} - writers
    names = told(writers, releases) or "none"
    return f"{names}{', as far as is known' if unknown else ' only'}"


def _predicted(tried: Sequence[Pair]) -> str:
    rounding = sum(pair.verdict is Verdict.ROUNDING for pair in tried)
    if not rounding:
        return "with the same predictions"
    return f"with predictions within rounding in {'all' if rounding == len(tried) else rounding} of {len(tried)} pairs"


def _where(pairs: Iterable[Pair], releases: Sequence[str]) -> list[str]:
    return told_pairs([(pair.writer, pair.reader) for pair in pairs], releases)


def _tables(report: Report, groups: Mapping[Group, list[Pair]]) -> Iterator[Block]:
    yield Heading(2, "Which release reads which file")
    yield parts.legend(report.verdicts)
    yield paragraph(
        prose(
            "The stages of a pair are weights and predictions. A `&` behind the mark: the optimizer's slots and step "
            "count came back too, with the writer's bits."
        )
    )
    formats = {form.name: form for form in report.formats}
    for (name, mode, model), pairs in groups.items():
        yield Heading(3, (Code(name), f", {mode}, {model}"))
        notes = [_about(formats[name]), _slots(pairs), _own_rounding(pairs, report.releases)]
        yield paragraph(joined(" ", (note for note in notes if note)))
        yield _table(pairs)


def _about(form: Format) -> Text:
    holds = "the weights; the reader builds the model" if form.holds == "weights" else "the model whole"
    return f"Holds {holds}. Written by ", Code(form.written), ", read by ", Code(form.read), "."


def _table(pairs: Iterable[Pair]) -> Table:
    """Return the table of writers by readers; a column that no pair has is left out."""
    cells = {
        (pair.writer, pair.reader): Code(pair.verdict.mark + ("&" if pair.slots.word == BACK else "")) for pair in pairs
    }
    writers, readers = (list(dict.fromkeys(names)) for names in zip(*cells, strict=True))
    rows = [[writer, *(cells.get((writer, reader), "") for reader in readers)] for writer in writers]
    return table(["written by", *readers], rows)


def _slots(pairs: Iterable[Pair]) -> str:
    """Return a sentence on the optimizer's slots, empty where nothing loads."""
    loaded = [pair for pair in pairs if pair.slots.word != NONE]
    back = sum(pair.slots.word == BACK for pair in loaded)
    return f"The optimizer's slots come back in {back} of {len(loaded)} pairs that load." if loaded else ""


def _own_rounding(pairs: Iterable[Pair], releases: Sequence[str]) -> str:
    """Return a sentence on releases whose own predictions differ: then the way of reading differs, not the release."""
    own = [pair.writer for pair in pairs if pair.writer == pair.reader and pair.verdict is Verdict.ROUNDING]
    if not own:
        return ""
    return f"Predictions already differ within one release in {told(own, releases)}: this way of reading rounds."


def _silent(report: Report, groups: Mapping[Group, list[Pair]]) -> Iterator[Block]:
    yield Heading(2, "What silently does not come back")
    yield paragraph(
        "No exception was raised in these pairs. Lost weights come first, then lost slots of the optimizer in pairs "
        "whose weights all came back."
    )
    lost = [*_lost_weights(groups, report.releases), *_lost_slots(groups, report.releases)]
    nothing = "Nothing: what loads without an exception has all weights and slots."
    yield bullets(lost) if lost else paragraph(nothing)


def _lost_weights(groups: Mapping[Group, list[Pair]], releases: Sequence[str]) -> Iterator[Text]:
    """Yield the weights that do not come back though nothing is raised, and where."""
    for group, pairs in groups.items():
        for verdict in (Verdict.PARTIAL, Verdict.DIFFERENT):
            found = [pair for pair in pairs if pair.verdict is verdict and pair.stage == WEIGHTS]
            for reason in dict.fromkeys(pair.reason for pair in found):
                where = "; ".join(_where([pair for pair in found if pair.reason == reason], releases))
                yield Strong("weights"), ", ", _name(group), f": {reason}: {where}"


def _lost_slots(groups: Mapping[Group, list[Pair]], releases: Sequence[str]) -> Iterator[Text]:
    """Yield where slots do not come back though the format holds them, and the formats that never do."""
    never = []
    for group, pairs in groups.items():
        lost = [pair for pair in pairs if pair.slots.word in {LOST, OTHER} and pair.verdict in GOOD]
        if lost and any(pair.slots.word == BACK for pair in pairs):
            yield Strong("slots"), ", ", _name(group), f": {'; '.join(_where(lost, releases))}"
        elif lost:
            never.append(_name(group))
    if never:
        yield Strong("slots"), ", never: ", joined(", ", never)


def _section(title: str, items: Sequence[Item]) -> Iterator[Block]:
    """Yield a section with a list; nothing where the list is empty."""
    if items:
        yield Heading(2, title)
        yield bullets(items)


def _messages(report: Report, verdicts: set[Verdict], *, writers: bool = False) -> list[Item]:
    """Return the distinct messages of some verdicts and where each occurs, the most frequent first.

    With ``writers`` the writers alone are named: who would read does not matter there.
    """
    found: dict[str, list[Pair]] = {}
    for pair in report.pairs:
        if pair.verdict in verdicts:
            when = f" ({pair.verdict.value}{', on use' if pair.phase == 'use' else ''})"
            found.setdefault(f"{pair.kind}: {pair.reason}{when}", []).append(pair)
    return _listed(found, report.releases, writers=writers)


def _listed(found: Mapping[str, list[Pair]], releases: Sequence[str], *, writers: bool = False) -> list[Item]:
    """Return texts with the places where each occurs, the most frequent first."""
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    return [Item(said, tuple(_places(pairs, releases, writers=writers))) for said, pairs in ordered]


def _places(pairs: Iterable[Pair], releases: Sequence[str], *, writers: bool) -> Iterator[Item]:
    """Yield where some pairs are: the tables, and the releases in each; tables with the same ones together."""
    by_table: dict[Text, list[Pair]] = {}
    for pair in pairs:
        by_table.setdefault((Code(pair.format), f" {pair.how}"), []).append(pair)
    same: dict[str, list[Text]] = {}
    for name, found in by_table.items():
        alone = told((pair.writer for pair in found), releases)
        same.setdefault(alone if writers else "; ".join(_where(found, releases)), []).append(name)
    for where, names in same.items():
        yield Item((joined(", ", names), f": {where}"))


def _unsupported(report: Report) -> list[Item]:
    """Return the reasons why a model does not exist in a mode, and the releases in which it does not."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for pair in report.pairs:
        if pair.verdict is Verdict.UNSUPPORTED:
            where = pair.reader if pair.artefact else pair.writer
            found.setdefault((pair.reason, pair.model, pair.how), set()).add(where)
    return [
        Item(reason, (Item(f"{model}, {mode}: {told(names, report.releases)}"),))
        for (reason, model, mode), names in found.items()
    ]


def _warnings(report: Report) -> list[Item]:
    found: dict[str, list[Pair]] = {}
    for pair in report.pairs:
        for sentence in pair.warnings:
            found.setdefault(sentence[:LONGEST], []).append(pair)
    return _listed(found, report.releases)


def _foot(report: Report) -> Iterator[Block]:
    yield Heading(2, "Environments")
    yield parts.environments(report.environments, ("Python", "Keras", "NumPy", "h5py"))
    yield Heading(2, "Machine")
    yield paragraph(parts.machine(report.machine))
    yield Heading(2, "Run it again")
    yield Listing("console", "$ python3 -m nox -s exchange -- --versions all")
    yield paragraph(
        prose("`reports/exchange.json` holds every pair with its distances, messages, warnings and digests.")
    )
