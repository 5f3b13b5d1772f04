"""How a recipe or a command has this process start otherwise, as ``TFMATRIX_START`` says in JSON, and what it sees.

``TFMATRIX_START`` may have: ``here`` (the trials' working folder), ``processors`` (how many the process may use),
``fixed_addresses`` (no random address layout), ``imports`` (modules in their order) and ``bare`` (neither NumPy nor
TensorFlow: a command's script imports them, after what it sets before). Where it is not set, as for model files,
nothing here does anything.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import locale
import os
import sys
import time
from typing import Any, Dict

IMPORTS = ("numpy", "tensorflow")
"""What is imported where nothing else is asked for."""

FLAGS = ("-S", "-s", "-u")
"""What this program is started with: no one's sitecustomize and packages but the environment's, and no held output."""

_FIXED = 0x0040000  # ADDR_NO_RANDOMIZE of <sys/personality.h>
_ASK = 0xFFFFFFFF


def asked() -> Dict[str, Any]:
    """Return what is asked for."""
    content: Dict[str, Any] = json.loads(os.environ.get("TFMATRIX_START") or "{}")
    return content


def prepare() -> None:
    """Do what has to be done before anything is imported; fixed addresses need the program to start once more."""
    wanted = asked()
    if wanted.get("processors"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: wanted["processors"]])
    if wanted.get("fixed_addresses") and not _fixed_addresses():
        ctypes.CDLL(None).personality(_FIXED)
        if _fixed_addresses():  # a container may forbid it: `saw` tells
            os.execv(sys.executable, [sys.executable, *FLAGS, *sys.argv])  # noqa: S606  # itself, as it was started


def _fixed_addresses() -> bool:
    return bool(ctypes.CDLL(None).personality(_ASK) & _FIXED)


def import_all() -> None:
    """Import what is asked for, in its order, and then what every probe needs."""
    for name in (*asked().get("imports", ()), *IMPORTS):
        importlib.import_module(name)


def saw() -> Dict[str, Any]:
    """Return what this process sees of all that is varied."""
    order = [name for name in sys.modules if name in ("numpy", "tensorflow", "keras", "tf_keras")]
    return {
        "imports": order,
        "hash": hash("tfmatrix"),
        "here": asked().get("here", ""),
        "home": os.path.expanduser("~"),
        "locale": locale.setlocale(locale.LC_CTYPE),
        "zone": time.strftime("%z"),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        "fixed_addresses": _fixed_addresses(),
        "variables": {name: value[:200] for name, value in os.environ.items() if name != "TFMATRIX_START"},
        "variables_size": sum(len(name) + len(value) for name, value in os.environ.items()),
    }
