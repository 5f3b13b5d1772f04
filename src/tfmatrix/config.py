"""The configuration: `[tool.tfmatrix]` of a pyproject.toml, checked, with one clear error per mistake."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tfmatrix.environments import catalogue, devices
from tfmatrix.environments.machine import this_machine
from tfmatrix.errors import UserError, sentence
from tfmatrix.models import builders, commands, model_files
from tfmatrix.models.defined import require_inside, require_name
from tfmatrix.reading import reading, shown, toml_of
from tfmatrix.records import Builder, Command, Defined, Launch, Machine, ModelFile, Policy, Rule
from tfmatrix.tables import DEFAULT_MODES, MODES

RESERVED = {
    "PYTHONHASHSEED": "every trial sets for itself",
    "TF_NUM_INTRAOP_THREADS": "intra_op sets",
    "OMP_NUM_THREADS": "intra_op sets",
    "TF_NUM_INTEROP_THREADS": "inter_op sets",
    "HOME": "every process has of its own",
    "KERAS_HOME": "every process has of its own",
    "TFMATRIX_ANSWERS": "is the probe's",
    "TFMATRIX_SCRATCH": "is the probe's",
}
"""Variables that neither launch nor command can choose, and why: another value would hide what the report says."""

PRESETS = ("bitwise", "rounding", "redraw")
"""The gate's presets; a test holds this to its table."""

REMOVABLE = ("model", "mode", "launch", "cell", "seed")
"""What a project may ask for and then remove."""

RATIO_LIMIT = 2.0**23
"""At this many times the least noise floor a float32 has changed by as much as its largest element: no rounding."""

MOST_TRIALS = 1000
"""Trials, or draws of jitter, that may be asked for of one cell: those of a thousand cells are planned in a minute."""

MOST_OF_ANYTHING = 2**32
"""What any whole number is at most; what takes less says so where it is used."""

MOST_SECONDS = 10_000_000
"""Which are 115 days: more than a system waits for in one go is no limit."""

ALL = "all"
"""In place of versions: every release that the catalogue knows."""

DEFAULT_VERSIONS = ("2.9.3", "2.12.1", "2.15.1", "2.16.2", "2.21.0")


@dataclass(frozen=True)
class Config:
    """What `[tool.tfmatrix]` says, and the defaults of what it does not say."""

    root: Path = field(default_factory=Path.cwd)
    """The folder of the pyproject.toml: every path below is relative to it."""
    versions: tuple[str, ...] = DEFAULT_VERSIONS
    """Names of environments."""
    baseline: str = "2.15.1"
    python: str = "3.10"
    """What the project itself runs on."""
    python_for: tuple[tuple[str, str], ...] = ()
    """Releases, ``2.9`` or ``2.9.3``, and the Pythons that they run on instead."""
    requirements: tuple[str, ...] = ()
    """What the models need besides TensorFlow, a line of a requirement file each."""
    requirements_for: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Releases, and what they need besides that; ``requirements-for`` there."""
    distribution: str = "tensorflow-cpu"
    modes: tuple[str, ...] = DEFAULT_MODES
    models: tuple[str, ...] = ()
    """Names of models, ``mlp`` or ``optimizers[adamw]``; none means all in the folder, and all that tables define."""
    commands: tuple[Command, ...] = ()
    """What the tables `[tool.tfmatrix.models.NAME]` define, which stand in the place of names."""
    builders: tuple[Builder, ...] = ()
    """The same: tables with a model in the place of a command."""
    model_files: tuple[ModelFile, ...] = ()
    """The same: tables with a file."""
    at_once: tuple[str, ...] = ()
    """What was typed of the one command or file that is run without a table: ``--steps 20 -- python train.py``."""
    models_folder: Path = Path("reference_models")
    launches: tuple[Launch, ...] = (Launch(),)
    trials: int = 3
    """Trials per cell that must agree, besides the witness."""
    jitters: int = 3
    """Trials with inputs moved by one ULP that make the baseline's noise floor."""
    seed: int = 42
    timeout: float = 120.0
    """Seconds that one trial may take."""
    environment_timeout: float = 3600.0
    """Seconds that making one environment may take, and, once it is made, all of its trials together."""
    jobs: int = 0
    """Processes at once; 0 means as many as the cores and memory that this process may use allow."""
    on: str = ""
    """Address of the Dask scheduler whose workers run the trials; empty: this machine does."""
    memory: int = 0
    """MiB that one trial's processes may take together; 0 means nine tenths of the machine's."""
    store: Path = Path(".tfmatrix/store.sqlite")
    reports: Path = Path("reports")
    removed: tuple[str, ...] = ()
    """What reports of the project had and it means to ask for no more: ``model mlp``, ``mode v1``, ``seed 42``."""
    policy: Policy = field(default_factory=Policy)
    ignored_pins: tuple[str, ...] = ()
    """Patterns of files from which nothing is installed, whatever they say of TensorFlow; ``ignored-pins`` there."""
    machine: Machine = field(default_factory=this_machine)
    """Where it runs, which no table says."""

    def python_of(self, version: str) -> str:
        """Return the Python that a release runs on: the one named for it, else the project's, or an old one's own."""
        return _closest(dict(self.python_for), version, "") or catalogue.release(version).python_beside(self.python)

    def requirements_of(self, version: str) -> tuple[str, ...]:
        """Return the lines of requirements that hold for a release."""
        return self.requirements + _closest(dict(self.requirements_for), version, ())

    def under_root(self, path: Path) -> Path:
        """Return a configured path as an absolute one."""
        return self.root / path

    def overridden(self, **choices: Any) -> Config:
        """Return the configuration with the choices of one run that are not None, checked as the file's are."""
        given = {name: value for name, value in choices.items() if value is not None}
        return replace(self, **_checked(given, "the command line", self))

    def with_command(self, words: Sequence[str], *, steps: int | None, modes: str | None) -> Config:
        """Return the configuration of one command that was typed, alone; checked as one of a table is."""
        table = {"command": list(words), "steps": steps, "modes": modes}
        try:
            name = commands.name_of(commands.words_of(list(words), "the words behind --"))
            command = _command(name, {key: value for key, value in table.items() if value is not None})
        except ValueError as error:
            raise UserError(f"the command line {error}.") from None
        typed = (*(("--steps", str(steps)) if steps is not None else ()), "--", *words)
        return self._alone("commands", command, typed)

    def with_file(self, path: str, *, inputs: str | None, objects: str | None, modes: str | None) -> Config:
        """Return the configuration of one saved model that was typed, alone; checked as one of a table is."""
        table = {"file": path, "inputs": inputs, "objects": objects, "modes": modes}
        given = {key: value for key, value in table.items() if value is not None}
        try:
            file = _file(model_files.name_of(path), given)
        except ValueError as error:
            raise UserError(f"the command line {error}.") from None
        typed = [part for key, value in given.items() if key != "modes" for part in (f"--{key}", value)]
        return self._alone("model_files", file, tuple(typed))

    def _alone(self, where: str, defined: Defined, typed: tuple[str, ...]) -> Config:
        """Return the configuration with one model that was typed, which is run alone and has its name for itself."""
        kept: dict[str, Any] = {
            kind: tuple(one for one in getattr(self, kind) if one.name != defined.name) for kind in _TABLES
        }
        kept[where] = (*kept[where], defined)
        return replace(self, models=(defined.name,), modes=defined.modes, at_once=typed, **kept)


def find_root(start: Path) -> Path:
    """Return the nearest folder, from ``start`` upwards, whose pyproject.toml has a `[tool.tfmatrix]`.

    Raises ``UserError`` where there is none.
    """
    if folder := nearest_root(start):
        return folder
    raise UserError(
        f"no pyproject.toml with a [tool.tfmatrix] table in {start} or above; "
        "change to the project's folder, or have `tfmatrix init --write` add the table."
    )


def nearest_root(start: Path) -> Path | None:
    """Return what `find_root` does, and None where there is none."""
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file() and "tfmatrix" in _tool(path):
            return folder
    return None


def load(root: Path) -> Config:
    """Return the configuration of a project's folder.

    Raises ``UserError``, naming file and key, for a key that does not exist and a value that cannot be used.
    """
    path = root / "pyproject.toml"
    table = _tool(path).get("tfmatrix", {})
    if not isinstance(table, dict):
        raise UserError(f"{path.name}: tool.tfmatrix must be a table.")
    config = Config(root=root)
    where = f"{path.name}, [tool.tfmatrix]"
    loaded = replace(config, **_checked(table, where, config))
    every: tuple[Defined, ...] = (*loaded.commands, *loaded.builders, *loaded.model_files)
    for defined in every:
        # Without a cell in any of the project's modes it would be left out, and nothing would say so.
        if strange := [mode for mode in defined.modes if mode not in loaded.modes]:
            raise UserError(
                f"{where}: models has {defined.name}, which runs in {strange[0]}, and modes does not; "
                f"add it there, or set models.{defined.name}.modes."
            )
    return loaded


def _tool(path: Path) -> Mapping[str, Any]:
    """Return the table of tools of a pyproject.toml."""
    with reading(str(path)):
        tool = toml_of(path).get("tool", {})
    if not isinstance(tool, Mapping):
        raise UserError(f"{path}: tool must be a table.")
    return tool


def _checked(given: Mapping[str, Any], where: str, defaults: Config) -> dict[str, Any]:
    """Return the values as Config has them."""
    known = {name: check for name, check in _CHECKS.items() if hasattr(defaults, _field(name))}
    checked: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise UserError(sentence(f"{where}: there is no key {shown(name)}; {_nearest(name, known)}"))
        try:
            # One key, since TOML has no list and tables under one name: either selects, or the tables define.
            if name == "models" and isinstance(value, Mapping):
                checked |= _defined(value)
            elif name == "python":
                checked["python"], checked["python_for"] = _pythons(value, defaults.python)
            else:
                checked[_field(name)] = known[name](value)
        except ValueError as error:
            raise UserError(sentence(f"{where}: {name} {error}")) from None
    return checked


T = TypeVar("T")


def _closest(table: Mapping[str, T], version: str, otherwise: T) -> T:
    """Return what a table says of a release in the row that names it most closely."""
    while version and version not in table:
        version = version.rpartition(".")[0]
    return table.get(version, otherwise)


def _field(name: str) -> str:
    """Return what Config calls a key."""
    return name.replace("-", "_")


def _nearest(name: str, known: Iterable[str]) -> str:
    """Return which name may be meant, or which there are."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        hint = "; write it in quotes" if isinstance(value, int | float) and not isinstance(value, bool) else ""
        raise ValueError(f"must be a string that is not empty, but is {shown(value)}{hint}")
    return value.strip()


def _pythons(value: Any, default: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the Python of the project, and those of releases that have another."""
    if not isinstance(value, Mapping):
        return _python(value), ()
    pythons = {name: _python(version) for name, version in value.items()}
    project = pythons.pop("default", default)
    return project, tuple((_release(name), python) for name, python in pythons.items())


def _python(value: Any) -> str:
    text = _text(value)
    if not re.fullmatch(r"3\.[0-9]{1,2}", text):
        raise ValueError(f"must be major and minor, such as 3.10, but is {shown(text)}")
    return text


def _release(name: str) -> str:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9a-z]{1,20}){1,3}", name):
        raise ValueError(f"has {shown(name)}, which is no release; write 2.15 or 2.15.1 in quotes")
    return name


def _requirements(value: Any) -> tuple[str, ...]:
    """Return lines of requirements; what they say is read where an environment is named."""
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise ValueError(f"must be a list of strings, but is {shown(value)}")
    return tuple(_text(line) for line in value)


def _requirements_for(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((_release(name), _requirements(lines)) for name, lines in _table(value).items())


def _names(value: Any) -> tuple[str, ...]:
    """Return names, each once, from a list or from a string with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, Sequence) or not parts or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"must be a list of strings that is not empty, but is {shown(value)}")
    return tuple(dict.fromkeys(_text(part) for part in parts))


def _defined(value: Mapping[str, Any]) -> Mapping[str, tuple[Defined, ...]]:
    """Return what a table of tables defines, by what Config calls it."""
    for name, table in value.items():
        if name in _ANY and not isinstance(table, Mapping):
            raise ValueError(f"has {name}, which belongs in the table of one model, [tool.tfmatrix.models.NAME]")
        require_name(name)
        if not isinstance(table, Mapping):
            raise ValueError(  # noqa: TRY004  # every check raises the same
                f"has {name}, which must be a table with a command, a model or a file, but is {shown(table)}"
            )
    kinds = {name: _kind_of(name, table) for name, table in value.items()}
    return {
        kind: tuple(made.make(name, value[name]) for name, own in kinds.items() if own == kind)
        for kind, made in _TABLES.items()
    }


def _kind_of(name: str, table: Mapping[str, Any]) -> str:
    """Return what Config calls what a table defines; raises ``ValueError`` where that cannot be told."""
    said = [kind for kind, one in _TABLES.items() if one.key in table]
    if len(said) > 1:
        both = " and a ".join(_TABLES[kind].key for kind in said[:2])
        raise ValueError(f"has {name} with both a {both}, which are two models; give each a table")
    if said:
        return said[0]
    for key, value in table.items():
        _require_key(key, value, _ANY, name)
    if "data" in table:
        return "builders"
    shapes = f"{commands.SHOWN}; no {builders.SHOWN}; and no {model_files.SHOWN}"
    raise ValueError(f"has {name}, which has no command: {shapes}")


def _require_key(key: str, value: Any, known: Iterable[str], name: str) -> None:
    """Raise ``ValueError`` for a key that tables of some kind do not have."""
    if key not in known:
        inner = isinstance(value, Mapping) and {one.key for one in _TABLES.values()} & set(value)
        dotted = " (a model's name has no dot)" if inner else ""
        other = next((one.key for one in _TABLES.values() if key in one.checks), "")
        hint = f"that of a table with a {other} alone" if other else _nearest(key, known)
        raise ValueError(f"has {name}.{key}, which is no key{dotted}; {hint}")


def _command(name: str, table: Mapping[str, Any]) -> Command:
    """Return the command of one table."""
    for key, value in table.items():
        _require_key(key, value, _COMMAND, name)
    found: dict[str, Any] = {"modes": DEFAULT_MODES[:1]}  # a script knows itself which behaviour it wants
    for key, value in table.items():
        found["words" if key == "command" else key] = _COMMAND[key](value, f"{name}.{key}")
    return Command(name, **found)


def _builder(name: str, table: Mapping[str, Any]) -> Builder:
    """Return the builder of one table."""
    for key, value in table.items():
        _require_key(key, value, _BUILDER, name)
    if lacking := [key for key in ("model", "data") if key not in table]:
        raise ValueError(f"has {name}, which has no {lacking[0]}: {builders.SHOWN}")
    return Builder(name, **{key: _BUILDER[key](value, f"{name}.{key}") for key, value in table.items()})


def _file(name: str, table: Mapping[str, Any]) -> ModelFile:
    """Return the saved model of one table."""
    for key, value in table.items():
        _require_key(key, value, _FILE, name)
    found = {("path" if key == "file" else key): _FILE[key](value, f"{name}.{key}") for key, value in table.items()}
    file = ModelFile(name, **found)
    model_files.require_modes(file)
    return file


def _told(check: Callable[[Any], Any]) -> Callable[[Any, str], Any]:
    """Return a check of a whole key as one of a key of a table within."""

    def within(value: Any, name: str) -> Any:
        try:
            return check(value)
        except ValueError as error:
            raise ValueError(f"has {name}, which {error}") from None

    return within


def _inside(value: Any, name: str) -> tuple[str, ...]:
    """Return paths within the project."""
    if not isinstance(value, list) or not all(isinstance(path, str) for path in value):
        raise ValueError(f"has {name}, which must be a list of paths, but is {shown(value)}")
    for path in value:
        require_inside(path, name)
    return tuple(dict.fromkeys(value))


def _variables(value: Any, name: str) -> tuple[tuple[str, str], ...]:
    """Return variables, sorted by name, none of which is set by somebody else."""
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise ValueError(f"has {name}, which must be a table of strings")
    if strange := [key for key, text in value.items() if not key or "=" in key or "\0" in key + text]:
        raise ValueError(f"has {name} with {shown(strange[0])}, whose name or value no variable can have")
    if taken := sorted(set(value) & set(RESERVED)):
        raise ValueError(f"has {name}.{taken[0]}, which {RESERVED[taken[0]]}")
    return tuple(sorted(value.items()))


def _patterns(value: Any) -> tuple[str, ...]:
    """Return patterns of paths; an empty list means none."""
    return () if value == [] else _names(value)


def _models(value: Any) -> tuple[str, ...]:
    """Return names of models; an empty list means all, as the default does."""
    if isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        raise ValueError("must be tables with a name each, [tool.tfmatrix.models.NAME], but is a list of them")
    return () if value == [] else _names(value)


def _modes(value: Any) -> tuple[str, ...]:
    names = _names(value)
    strange = [name for name in names if name not in MODES]
    if strange:
        raise ValueError(f"has {shown(strange[0])}, which is not one of {', '.join(MODES)}")
    return names


def _removed(value: Any) -> tuple[str, ...]:
    """Return names of what was removed, each behind what it is."""
    names = () if value == [] else _names(value)
    for name in names:
        what, _, which = name.partition(" ")
        if what not in REMOVABLE or not which:
            kinds = ", ".join(f'"{one} NAME"' for one in REMOVABLE)
            raise ValueError(f"has {shown(name)}, which is none of {kinds}")
    return names


def _count(least: int, most: int = MOST_OF_ANYTHING) -> Any:
    def check(value: Any) -> int:
        # A bool is an int to Python, and no count to anybody else.
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"must be a whole number of at least {least}, but is {shown(value)}")
        if value > most:
            raise ValueError(f"must be at most {most}, but is {shown(value)}")
        return value

    return check


def _seconds(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
        raise ValueError(f"must be a number of seconds above 0, but is {shown(value)}")
    if value > MOST_SECONDS:
        raise ValueError(f"must be at most {MOST_SECONDS} seconds, but is {shown(value)}")
    return float(value)


def _path(value: Any) -> Path:
    text = _text(str(value) if isinstance(value, os.PathLike) else value)
    if "\0" in text:
        raise ValueError("must be a path, and none has a NUL character")
    return Path(text)


def _launches(value: Any) -> tuple[Launch, ...]:
    """Return the launches of a table of tables, the default first."""
    if not isinstance(value, Mapping) or not all(isinstance(one, Mapping) for one in value.values()):
        raise ValueError(f"must be a table of tables, but is {shown(value)}")
    launches = {"default": Launch()}
    for name, settings in value.items():
        strange = sorted(set(settings) - {"intra_op", "inter_op", "variables", "device"})
        if strange:
            raise ValueError(f"has {name}.{strange[0]}; there are intra_op, inter_op, variables and device")
        threads = {key: _count(1)(settings[key]) for key in ("intra_op", "inter_op") if key in settings}
        variables = dict(_variables(settings.get("variables", {}), f"{name}.variables"))
        device = settings.get("device", "")
        variables |= _of_device(device, variables, name) if "device" in settings else {}
        launches[name] = Launch(name, variables=tuple(sorted(variables.items())), device=device, **threads)
    return tuple(launches.values())


def _of_device(device: Any, variables: Mapping[str, str], name: str) -> Mapping[str, str]:
    """Return the variables of a device that a launch asks for, none of which it sets itself."""
    if not isinstance(device, str) or device not in devices.VARIABLES:
        known = " or ".join(devices.VARIABLES)
        raise ValueError(f"has {name}.device, which must be {known}, but is {shown(device)}")
    every = {variable for some in devices.VARIABLES.values() for variable in some}
    if taken := sorted(every & set(variables)):
        raise ValueError(f"has {name} with both device and variables.{taken[0]}; leave one of them out")
    return devices.VARIABLES[device]


def _ratio(value: Any, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < RATIO_LIMIT:
        raise ValueError(
            f"has {name}, which must be a number above 0 and below {RATIO_LIMIT:.0f}, but is {shown(value)}"
        )
    return float(value)


def _policy(value: Any) -> Policy:
    """Return the policy of a table; what its names stand for is checked where that is known."""
    if strange := sorted(set(_table(value)) - {"preset", "rounding-ratio", "rules"}):
        raise ValueError(f"has {shown(strange[0])}; there are preset, rounding-ratio and rules")
    preset, ratio, rules = value.get("preset", Policy.preset), value.get("rounding-ratio"), value.get("rules", [])
    if preset not in PRESETS:
        raise ValueError(f"has the preset {shown(preset)}, which is not one of {', '.join(PRESETS)}")
    if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
        raise ValueError(f"has rules, which must be tables, [[tool.tfmatrix.policy.rules]], but are {shown(rules)}")
    checked = tuple(_rule(rule, f"rule {number}") for number, rule in enumerate(rules, 1))
    return Policy(preset, None if ratio is None else _ratio(ratio, "rounding-ratio"), checked)


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a table, but is {shown(value)}")  # noqa: TRY004  # every check raises the same
    return value


def _rule(value: Mapping[str, Any], name: str) -> Rule:
    """Return one rule of the policy: where it holds, and either a ratio or levels of verdicts."""
    places, levels = ("model", "mode", "stage", "dtype"), ("pass", "warn", "fail")
    if strange := sorted(set(value) - {*places, *levels, "ratio"}):
        raise ValueError(f"has {name} with {shown(strange[0])}; there are {', '.join((*places, 'ratio', *levels))}")
    given = [level for level in levels if level in value]
    if ("ratio" in value) == bool(given):
        raise ValueError(f"has {name}, which must have either a ratio, or some of pass, warn and fail")
    if given and "dtype" in value:
        raise ValueError(f"has {name} with a dtype, which only goes with a ratio")
    words = [(word, level) for level in given for word in _names(value[level])]
    if len({word for word, _ in words}) < len(words):
        raise ValueError(f"has {name}, which names one verdict twice")
    ratio = _ratio(value["ratio"], f"{name}.ratio") if "ratio" in value else None
    where = {place: _text(value[place]) for place in places if place in value}
    return Rule(**where, ratio=ratio, levels=tuple(words))


_SHARED: dict[str, Callable[[Any, str], Any]] = {
    "files": _inside,
    "variables": _variables,
    "modes": _told(_modes),
    "timeout": _told(_seconds),
}
"""What every model's table may have: each check is of a value and its full name."""

_COMMAND: dict[str, Callable[[Any, str], Any]] = {
    "command": commands.words_of,
    "steps": _told(_count(0)),
    **_SHARED,
}
"""What a command's table may have."""

_BUILDER: dict[str, Callable[[Any, str], Any]] = {
    "model": builders.function_of,
    "data": builders.function_of,
    "epochs": _told(_count(1)),
    "batch": _told(_count(1)),
    "optimizer": builders.optimizer_of,
    "loss": _told(_text),
    **_SHARED,
}
"""What a builder's table may have."""

_FILE: dict[str, Callable[[Any, str], Any]] = {
    "file": model_files.saved_model_of,
    "inputs": model_files.path_of,
    "objects": model_files.module_of,
    "trust": model_files.truth_of,
    **_SHARED,
}
"""What a saved model's table may have."""


class _Table(NamedTuple):
    """A kind of table that defines a model."""

    key: str
    """The key that only such a table has, and must have."""
    checks: Mapping[str, Callable[[Any, str], Any]]
    make: Callable[[str, Mapping[str, Any]], Defined]


_TABLES = {
    "commands": _Table("command", _COMMAND, _command),
    "builders": _Table("model", _BUILDER, _builder),
    "model_files": _Table("file", _FILE, _file),
}
"""By what Config calls them."""

_ANY = {**_COMMAND, **_BUILDER, **_FILE}
"""What any table may have."""

_CHECKS: dict[str, Any] = {
    "versions": _names,
    "baseline": _text,
    "python": _python,
    "requirements": _requirements,
    "requirements-for": _requirements_for,
    "distribution": _text,
    "modes": _modes,
    "models": _models,
    "models_folder": _path,
    "launches": _launches,
    "trials": _count(1, MOST_TRIALS),
    "jitters": _count(0, MOST_TRIALS),
    "seed": _count(0),
    "timeout": _seconds,
    "environment_timeout": _seconds,
    "jobs": _count(0),
    "memory": _count(0),
    "store": _path,
    "reports": _path,
    "removed": _removed,
    "policy": _policy,
    "ignored-pins": _patterns,
}
