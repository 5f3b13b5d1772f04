"""Run the scripts of known changes, and write `docs/known-changes.md`.

``python -m known`` in the tests' folder; ``python -m known adam gelu`` runs these alone, and keeps the others.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from .changes import ROOT, Change, Printed, fault, load, load_seen, write_seen
from .page import page
from .running import ScriptFailed, environments, installed, printed

PAGE = ROOT / "docs" / "known-changes.md"
PROCESSES = 2
"""How many changes are run at once; each computes with two threads, and mostly with one."""


def main(names: list[str]) -> int:
    """Run the changes of some scripts, or all; return 1 where one is not as its table says."""
    changes = load()
    if unknown := [name for name in names if name not in {one.name for one in changes}]:
        sys.stderr.write(f"No change is called {', '.join(unknown)}; docs/known/changes.toml has them all.\n")
        return 2
    chosen = [one for one in changes if not names or one.name in names]
    for name in environments(chosen):
        installed(name)
    with ThreadPoolExecutor(PROCESSES) as pool:
        results = pool.map(lambda one: (one, attempted(one)), chosen)
        faults = [_keep(one, result, changes) for one, result in results]
    PAGE.write_text(page(changes, load_seen()), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
    return 1 if any(faults) else 0


def attempted(one: Change) -> Printed | ScriptFailed:
    """Return what a change's script printed, or how it failed: the others are run all the same."""
    try:
        return printed(one)
    except ScriptFailed as error:
        return error


def _keep(one: Change, result: Printed | ScriptFailed, changes: tuple[Change, ...]) -> str:
    """Say what a change came to and keep it, whatever comes of those behind it; return what is wrong with it."""
    if isinstance(result, ScriptFailed):
        told, wrong = [], str(result)
    else:
        write_seen(load_seen() | {one.key: result}, changes)
        told, wrong = [f"{one.before}: {result.before}", f"{one.after}: {result.after}"], fault(one, result)
        told += [f"{one.undo}: {result.undone}"] * bool(one.undo)
    sys.stdout.write("\n  ".join([one.title, *told, *[f"WRONG: {wrong}"] * bool(wrong)]) + "\n")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
