"""Write down what rows of single ops are given: ``python atlas_inputs.py PROBE ROWS CALLS`` in a release's environment.

PROBE is the folder of the program that a trial is run by, ROWS a file with a row's name on each line, and CALLS the
file that is written, a pickle: of each row its op, case, and every argument, as ``("tensor", dtype, bits)``,
``("tensors", [...])``, ``("type", name)`` or ``("literal", value)``. `atlas_ops` runs them, and knows nothing of
tfmatrix.
"""

from __future__ import annotations

import importlib
import pickle
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf


def main() -> None:
    """Write down every row that this release has."""
    probe, rows, calls = sys.argv[1:]
    program = runpy.run_path(str(Path(probe) / "__main__.py"), run_name="the_probe")
    program["adopt_folder"]()
    of_rows, inputs = (importlib.import_module(f"{program['NAME']}.atlas.{name}") for name in ("rows", "inputs"))
    found: dict[str, Any] = {}
    ops = set(of_rows.names())
    for wanted in Path(rows).read_text(encoding="utf-8").splitlines():
        op = wanted.partition("/")[0].partition("[")[0]
        for row in of_rows.rows_of(op) if op in ops else ():
            if row.name == wanted:
                own = row._replace(case=of_rows.ODD) if row.case in of_rows.WAYS else row
                try:
                    named = of_rows.given(own).items()
                except Exception:  # a type that this release lacks, say: the other one of the boundary has it
                    continue
                found[wanted] = (row.op, row.case, {name: plain(value, inputs.array_of) for name, value in named})
    Path(calls).write_bytes(pickle.dumps(found))


def plain(value: Any, array_of: Any) -> tuple[Any, ...]:
    """Return an argument as what any release can be given."""
    if isinstance(value, tf.Tensor):
        array = np.asarray(value.numpy(), object) if value.dtype == tf.string else array_of(value)
        # No array: one that a newer NumPy pickled again has names that an older one lacks.
        elements = array.ravel().tolist() if array.dtype.hasobject else array.tobytes()
        return ("tensor", value.dtype.name, (elements, array.shape))
    if isinstance(value, list) and value and isinstance(value[0], tf.Tensor):
        return ("tensors", [plain(one, array_of) for one in value])
    return ("type", value.name) if isinstance(value, tf.DType) else ("literal", value)


if __name__ == "__main__":
    main()
