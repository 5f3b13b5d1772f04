"""Exporting: a kernel that changed as a folder that needs no tfmatrix: a script, its inputs, requirements, an issue.

Each folder is run in both releases before it is left there: what the script prints has to be what the replay found.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tfmatrix.config import Config
from tfmatrix.environments import locks
from tfmatrix.errors import UserError
from tfmatrix.questions.explain.kernels import Kernel
from tfmatrix.questions.explain.plan import Cases
from tfmatrix.questions.explain.streams import REFERENCE, VARIABLE, Attribute, Find, Op
from tfmatrix.records import Cell, Environment, Launch, Machine
from tfmatrix.report.writing import writable, write_whole
from tfmatrix.runner import launching, making
from tfmatrix.store.fingerprints import to_array
from tfmatrix.tables import MODES

SCRIPT, INPUTS, ISSUE = "repro.py", "inputs.npz", "issue.md"

AS_BITS = {"bfloat16": "uint16", "float8_e5m2": "uint8", "float8_e4m3fn": "uint8", "int4": "int8", "uint4": "uint8"}
"""Types that a file of NumPy's does not have, and what holds their bits there."""

PATIENCE = 600
"""Seconds that a script may take; importing TensorFlow takes most of them."""


@dataclass(frozen=True)
class Repro:
    """One kernel that changed, to be run by anybody."""

    folder: str
    kernel: Kernel
    baseline: Environment
    candidate: Environment
    deterministic: bool
    """Whether the mode has op determinism."""
    launch: Launch
    printed: tuple[tuple[Environment, str], ...]
    """What the script is to print in both releases, line by line."""
    row: int | None = None
    """The row of the batch that is kept of what the op is given; None: all of them."""

    @property
    def title(self) -> str:
        """Return the title of an issue."""
        op = self.kernel.op.type
        return f"{op} has other bits in TensorFlow {self.candidate.name} than in {self.baseline.name}"


def export(cases: Cases, tensor: Find, config: Config, folder: Path) -> tuple[list[Path], list[str]]:
    """Write a folder for each kernel that changed, and run it in both releases.

    Returns the folders that print there what was found, and a sentence for each kernel of which the script does not.
    Raises ``UserError`` where there is none, and where the folder cannot be written or is not empty.
    """
    found = list(_repros(cases, tensor))
    if not found:
        raise UserError(
            "there is no kernel to export: every operation gives the same bits from equal inputs; the releases differ "
            "in which operations they run, and the model itself shows that."
        )
    made: list[Path] = []
    left_out: list[str] = []
    with writable(folder):
        if any(folder.iterdir()):
            raise UserError(f"{folder} is not empty; name a new folder.")
        for one in found:
            wrong = _exported(one, folder / one.folder, tensor, config)
            if wrong:
                left_out.append(f"{one.folder} is left out: {wrong}")
            else:
                made.append(folder / one.folder)
    return made, left_out


def _exported(one: Repro, folder: Path, tensor: Find, config: Config) -> str:
    """Leave a folder that shows what was found; return why there is none, empty where there is."""
    try:
        least(one, folder, tensor, config)
    except Broken as error:
        shutil.rmtree(folder)
        return str(error)
    return ""


class Broken(Exception):
    """A script does not show what was found; the message says why."""


def least(one: Repro, folder: Path, tensor: Find, config: Config) -> Repro:
    """Write a folder that was run in both releases, with one row of the batch where that shows it too.

    Raises ``Broken`` where it does not show it.
    """
    write(one, folder, tensor, config)
    if run(one, folder, config) != one.printed:
        raise Broken("it prints other digests than were found, so the change is not the operation's alone")
    if (row := _row(one.kernel, tensor)) is None:
        return one
    small = replace(one, row=row)
    write(small, folder, tensor, config)
    try:
        printed = run(small, folder, config)
    except Broken:
        printed = ()
    lines = [[line for there, line in printed if there == environment] for environment in (one.baseline, one.candidate)]
    kept = replace(small, printed=printed) if lines[0] != lines[1] else one
    write(kept, folder, tensor, config)
    return kept


def run(one: Repro, folder: Path, config: Config) -> tuple[tuple[Environment, str], ...]:
    """Run the script in both releases, and return the lines that it prints in each.

    Raises ``Broken`` where it can't be run to its end.
    """
    found: list[tuple[Environment, str]] = []
    for environment in (one.baseline, one.candidate):
        installed = making.find(environment, config)
        if not installed:
            raise Broken(f"{environment.name} is not made yet")
        with tempfile.TemporaryDirectory() as home:
            ran = subprocess.run(
                [installed.interpreter, SCRIPT],
                cwd=folder,
                env=dict(launching.variables(one.launch, environment, "0", Path(home))),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        if ran.returncode:
            told = ran.stderr.strip().splitlines()[-1:] or [f"exit code {ran.returncode}"]
            raise Broken(f"in {environment.name} it ends with {told[0]}")
        found += [(environment, line) for line in ran.stdout.splitlines()]
    return tuple(found)


def _row(kernel: Kernel, tensor: Find) -> int | None:
    """Return the first row of the batch that a kernel makes other bits of; None where it has no batch to take one of.

    A batch is what the output and something that the op is given have in common as their first axis.
    """
    far = kernel.farthest
    a, b = (to_array(tensor(digest)) for digest in (far.recorded, far.replayed))
    if a.ndim == 0 or len(a) < 2 or not _of_batch(kernel.op, len(a)):
        return None
    bits = [np.ascontiguousarray(side).view(np.uint8).reshape(len(side), -1) for side in (a, b)]
    return int(np.argmax(np.any(bits[0] != bits[1], axis=1)))


def _of_batch(op: Op, size: int) -> list[str]:
    """Return the names of the inputs that are of one batch: floats, as long as that along their first axis."""
    pairs = zip(names(op), op.inputs, strict=True)
    return [
        name for name, one in pairs if one.shape[:1] == (size,) and "int" not in one.dtype and one.source != VARIABLE
    ]


def _repros(cases: Cases, tensor: Find) -> Iterator[Repro]:
    """Yield one for each type of op that changed at a boundary: the one that lies farthest, of those that can be."""
    seen: dict[tuple[str, str], Repro] = {}
    for case in cases.all:
        step = cases.step(case)
        baseline, cell = cases.sides(case)
        for kernel in step.kernels.changed if step and step.kernels else ():
            key = cell.environment.name, kernel.op.type
            if _can_be_told(kernel.op) and (key not in seen or _size(kernel) > _size(seen[key].kernel)):
                seen[key] = repro(kernel, baseline, cell, tensor)
    yield from seen.values()


def repro(kernel: Kernel, baseline: Cell, cell: Cell, tensor: Find) -> Repro:
    """Return a kernel that changed between two cells, to be run by anybody."""
    mine, other = baseline.environment, cell.environment
    return Repro(
        f"{mine.name}-{other.name}-{kernel.op.type}",
        kernel,
        mine,
        other,
        MODES[cell.mode].op_determinism,
        cell.launch,
        tuple(_printed(kernel, mine, other, tensor)),
    )


def _can_be_told(op: Op) -> bool:
    """Return whether a script can say what an op is given.

    Strings have no place in a file of arrays, and a variable of version 1 is given to no op that is called eagerly.
    """
    made = all(one.stage and one.dtype != "string" for one in op.outputs)
    told = (one.parameter and one.dtype != "string" and one.source != REFERENCE for one in op.inputs)
    return made and all(told)


def _size(kernel: Kernel) -> float:
    return kernel.farthest.distance.scaled_error or 0.0


def write(one: Repro, folder: Path, tensor: Find, config: Config) -> None:
    """Write the folder of a kernel that changed."""
    folder.mkdir(exist_ok=True)
    write_whole(folder / SCRIPT, script(one))
    np.savez(folder / INPUTS, **dict(_inputs(one, tensor)))
    for environment in (one.baseline, one.candidate):
        lock = locks.find_lock(environment, [config.root / "locks"])
        write_whole(folder / requirements(environment), lock.read_text(encoding="utf-8"))
    write_whole(folder / ISSUE, issue(one, config.machine))


def requirements(environment: Environment) -> str:
    """Return the file that has an environment's packages, each with its hashes."""
    return f"requirements-{environment.name}.txt"


def _inputs(one: Repro, tensor: Find) -> Iterator[tuple[str, Any]]:
    """Yield what the op is given by the name that a script finds it under."""
    op = one.kernel.op
    batch = _of_batch(op, _shape(one.kernel)[0]) if one.row is not None else []
    for name, given in zip(names(op), op.inputs, strict=True):
        found, held = tensor(given.digest), AS_BITS.get(given.dtype)
        array = np.frombuffer(found.data, held).reshape(found.shape) if held else to_array(found)
        yield name, array[one.row : one.row + 1] if one.row is not None and name in batch else array


def _shape(kernel: Kernel) -> tuple[int, ...]:
    """Return the shape of the output that lies farthest."""
    return next(one.shape for one in kernel.op.outputs if one.stage == kernel.farthest.stage)


def names(op: Op) -> list[str]:
    """Return a name for each input: its parameter's, numbered where that takes a list."""
    counts: dict[str, int] = {}
    found = []
    for one in op.inputs:
        base = one.parameter.removesuffix("[]")
        number = counts[base] = counts.get(base, -1) + 1
        found.append(f"{base}{number}" if one.parameter.endswith("[]") else base)
    return found


def script(one: Repro) -> str:
    """Return the script: it runs the op on its inputs, and prints what it makes as digests."""
    op = one.kernel.op
    version = "the packages of one requirements-VERSION.txt"
    lines = [
        f'"""{one.title}, given the same.',
        "",
        f"Install {version}, run this, and compare.",
        '"""',
        "",
        "import hashlib",
        "",
        "import numpy as np",
        "import tensorflow as tf",
        "",
        f"tf.config.threading.set_intra_op_parallelism_threads({one.launch.intra_op})",
        f"tf.config.threading.set_inter_op_parallelism_threads({one.launch.inter_op})",
        *(["tf.config.experimental.enable_op_determinism()"] if one.deterministic else []),
        f'given = np.load("{INPUTS}")',
        *(f"{name} = tf.Variable({_value(op, name)})" for name in _variables(op)),
        f"made = tf.raw_ops.{op.type}(",
        *(f"    {argument}," for argument in _arguments(op)),
        ")",
        f"outputs = tf.nest.flatten(made){''.join(f' + [{name}]' for name in _moved(op))}",
        "for output in outputs:",
        "    array = output.numpy()",
        "    print(array.dtype, array.shape, hashlib.sha256(array.tobytes()).hexdigest())",
    ]
    return "\n".join(lines) + "\n"


def _variables(op: Op) -> list[str]:
    return [name for name, one in zip(names(op), op.inputs, strict=True) if one.source == VARIABLE]


def _moved(op: Op) -> list[str]:
    """Return the variables that an op moves: it has an output for each, behind those that it returns."""
    return _variables(op) if any(".variable" in one.stage for one in op.outputs) else []


def _value(op: Op, name: str) -> str:
    """Return how a script has an input."""
    dtype = next(one.dtype for own, one in zip(names(op), op.inputs, strict=True) if own == name)
    return f'tf.bitcast(given["{name}"], tf.{dtype})' if dtype in AS_BITS else f'given["{name}"]'


def _arguments(op: Op) -> Iterator[str]:
    """Yield the arguments of an op's function: its inputs, and the attributes that do not follow from these."""
    given: dict[str, list[str]] = {}
    for name, one in zip(names(op), op.inputs, strict=True):
        value = f"{name}.handle" if one.source == VARIABLE else _value(op, name)
        given.setdefault(one.parameter, []).append(value)
    for parameter, values in given.items():
        listed = parameter.endswith("[]")
        yield f"{parameter.removesuffix('[]')}={'[' + ', '.join(values) + ']' if listed else values[0]}"
    for attribute in op.attributes:
        if attribute.name not in op.inferred and not attribute.usual:
            yield f"{attribute.name}={_typed(attribute)}"


def _typed(attribute: Attribute) -> str:
    """Return an attribute's value as Python has it."""
    value = json.loads(attribute.value)
    if attribute.form.endswith("type)") or attribute.form == "type":
        return f"[{', '.join(f'tf.{one}' for one in value)}]" if isinstance(value, list) else f"tf.{value}"
    return repr(value)


def issue(one: Repro, machine: Machine) -> str:
    """Return the text of an issue for TensorFlow's tracker."""
    kernel = one.kernel
    far = kernel.farthest.distance
    row = "" if one.row is None else f" Row {one.row} of that batch shows it, so the script has only this row."
    given = ", ".join(f"{dtype} {list(shape)}" for dtype, shape in kernel.inputs)
    moved = (
        f"{far.differing} of {far.elements} numbers differ, by up to {far.max_ulp} ULP ({far.scaled_error:.3g} eps)."
    )
    lines = [
        f"# {one.title}",
        "",
        f"`tf.raw_ops.{kernel.op.type}`, given the same {given}, returns other bits. {moved}{row}",
        "",
        f"- TensorFlow {one.baseline.name} and {one.candidate.name}, CPU, Python {one.baseline.python}",
        f"- {machine.cpu}, {machine.architecture}, {machine.cores} cores",
        f"- threads: {one.launch.intra_op} within an operation, {one.launch.inter_op} operations at once",
        "",
        "To reproduce, in a virtual environment for each release:",
        "",
        "```console",
        f"$ python -m pip install --no-deps -r {requirements(one.baseline)}",
        f"$ python {SCRIPT}",
        "```",
        "",
        "The script prints type, shape and SHA-256 of each output. It was run in both:",
        "",
        "```",
        *(f"{environment.name}: {line}" for environment, line in one.printed),
        "```",
    ]
    return "\n".join(lines) + "\n"


def _printed(
    kernel: Kernel, baseline: Environment, candidate: Environment, tensor: Find
) -> Iterator[tuple[Environment, str]]:
    """Yield the lines that the script is to print in both releases: type, shape and digest of each output."""
    replayed = {one.stage: one.replayed for one in kernel.outputs}
    for environment in (baseline, candidate):
        for output in kernel.op.outputs:
            found = replayed.get(output.stage, output.digest) if environment == candidate else output.digest
            data = tensor(found).data
            yield environment, f"{output.dtype} {tuple(output.shape)} {hashlib.sha256(data).hexdigest()}"
