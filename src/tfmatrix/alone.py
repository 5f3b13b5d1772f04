"""Start a module of Python as a program, by this file's path: ``python path/to/alone.py MODULE ARGUMENT...``.

``python -m`` has the folder that it is started in before all others, so that a ``json.py`` or ``random.py`` of a
project would be imported in place of Python's own. ``-P`` leaves it out from Python 3.11 on; this does on every one.
"""

from __future__ import annotations

import os
import sys


def leave_out(*folders: str) -> None:
    """Have no module be looked for in some folders themselves, by whatever links they are named."""
    real = {os.path.realpath(folder) for folder in folders}
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) not in real]


def command(module: str) -> list[str]:
    """Return the words that start a module as a program; its arguments follow."""
    return [sys.executable, __file__, module]


if __name__ == "__main__":
    leave_out(os.curdir, os.path.dirname(__file__))  # noqa: PTH120  # nothing is imported before
    del sys.argv[0]

    import runpy

    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
