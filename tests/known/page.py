"""The page of known changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from tabulate import tabulate

from tfmatrix.tables import SWITCHES

from .changes import ROUNDING, Change, Printed, fault

TOP = """# Known changes between releases of TensorFlow

A plain script, without tfmatrix, shows each change below. `nox -s known` wrote this page from what the scripts
printed. It runs each script in both releases, and once more with the change undone: then the script must print what it
printed in the earlier release. To see a change yourself:

```console
$ nox -s known -- moving_variance
$ uv run --no-project --python 3.10 --with tensorflow-cpu==2.15.1 docs/known/moving_variance.py
$ uv run --no-project --python 3.10 --with tensorflow-cpu==2.16.2 docs/known/moving_variance.py
```

Rounding depends on the kernels, which TensorFlow chooses by the processor. So the numbers of rounding rows belong to
the processor that ran them. *Not seen on this processor* means that both releases printed the same there.

To add a change, write a script that prints one line into `docs/known`, and a table into `docs/known/changes.toml`.
"""


def page(changes: Sequence[Change], seen: Mapping[str, Printed]) -> str:
    """Return the page, as Markdown."""
    return "\n".join([TOP, _overview(changes), "", *_parts(changes, seen)])


def _overview(changes: Sequence[Change]) -> str:
    rows = [[f"{one.before} to {one.after}", one.title, one.kind, one.owner, _undo(one)] for one in changes]
    return tabulate(rows, ["between", "what changed", "how", "whose", "undone by"], tablefmt="pipe")


def _undo(one: Change) -> str:
    return f"`{one.undo}`" if one.undo else "nothing known"


def _parts(changes: Sequence[Change], seen: Mapping[str, Printed]) -> Iterator[str]:
    for (before, after), group in groupby(changes, key=lambda one: (one.before, one.after)):
        yield f"## {before} to {after}\n"
        for one in group:
            yield from _part(one, seen.get(one.key))


def _part(one: Change, printed: Printed | None) -> Iterator[str]:
    yield f"### {one.title}\n"
    yield f"{one.kind[0].upper()}{one.kind[1:]}; {one.owner}'s. {one.what}\n"
    if printed is None:
        yield "Not run yet.\n"
    elif one.kind == ROUNDING and printed.before == printed.after:
        yield "Not seen on this processor.\n"
    elif wrong := fault(one, printed):
        yield f"**Not as it should be**: {wrong}.\n"
    else:
        rows = [[one.before, f"`{printed.before}`"], [one.after, f"`{printed.after}`"]]
        if one.undo:
            rows.append([f"{one.undone or one.after}, `{one.undo}`", f"`{printed.undone}`"])
        yield tabulate(rows, ["in", f"`{one.name}.py` prints"], tablefmt="pipe") + "\n"
    if one.undo:
        switch = SWITCHES[one.undo]
        kept = (one.undone or "").partition("+")[2].replace("-", " ", 1).replace("+", ", ")
        yield f"- Undo it: {switch.how.format(further=switch.further, kept=kept)}; {switch.costs}."
    else:
        yield "- Undo it: nothing is known to undo it."
    yield f"- Seen by tfmatrix: {'; '.join(one.seen)}."
    for title in one.spoken:
        yield f"- Others report it: {title}."
    yield f"- Script: [`{one.name}.py`](known/{one.name}.py)\n"
