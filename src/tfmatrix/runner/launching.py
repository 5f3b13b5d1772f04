"""The variables that a probe starts with: an allow-list of the caller's, and every one that moves numbers set."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from tfmatrix.environments.machine import INHERITED
from tfmatrix.records import Environment, Launch, Start

PASSED = ("PATH", "TMPDIR", *INHERITED)
"""What a probe may know of its caller: where programs, libraries, GPUs and room for files are."""


FLAGS = ("-S", "-s", "-u")
"""What a probe's Python is started with: neither the machine's nor the user's own modules, and no held output."""


def variables(launch: Launch, environment: Environment, hash_seed: str, home: Path) -> Mapping[str, str]:
    """Return the environment variables of a probe, all of them.

    TF_ENABLE_ONEDNN_OPTS, XLA_FLAGS and their like are left unset unless the launch sets them: their defaults are a
    release's own, and a user gets those.
    """
    chosen = {name: os.environ[name] for name in PASSED if name in os.environ}
    chosen |= {
        "HOME": str(home),
        "KERAS_HOME": str(home),  # a keras.json there could change the float type, epsilon and image format
        "KERAS_BACKEND": "tensorflow",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": hash_seed,
        "PYTHONDONTWRITEBYTECODE": "1",  # an environment is compiled when it is made, and then closed
        "OMP_NUM_THREADS": str(launch.intra_op),
        "OPENBLAS_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": str(launch.intra_op),
        "TF_NUM_INTEROP_THREADS": str(launch.inter_op),
        "TF_CPP_MIN_LOG_LEVEL": "1",
    }
    if any(package.name == "tf-keras" for package in environment.further):
        chosen["TF_USE_LEGACY_KERAS"] = "1"  # whoever installs tf-keras beside Keras 3 means it to be used
    return chosen | dict(launch.variables)


def started(variables: Mapping[str, str], start: Start, here: Path) -> Mapping[str, str]:
    """Return a launch's variables as a start changes them, with what the probe itself has to change."""
    own = dict(start.variables)
    changed = {name: value for name, value in {**variables, **own}.items() if value or name not in own}
    asked = {
        "here": str(here),
        "processors": start.processors,
        "fixed_addresses": start.fixed_addresses,
        "imports": start.imports,
        "bare": start.bare,
    }
    return changed | {"TFMATRIX_START": json.dumps(asked)}
