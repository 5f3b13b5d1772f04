"""What is expected of an exchange: who writes what, and who reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tfmatrix.config import ALL, Config
from tfmatrix.environments import catalogue
from tfmatrix.errors import UserError
from tfmatrix.models import files
from tfmatrix.questions.exchange.formats import FORMATS, Format
from tfmatrix.questions.matrix.plan import HASH_SEEDS, SEED_LIMIT, Plan, make_plan
from tfmatrix.records import Cell, Environment, ExpectedTrial

MODELS = ("keras_mlp", "mlp")
"""The reference models that are exchanged where none are named: a Keras network, and a v1 graph of the same shape."""

KINDS = {"build": "keras", "variables": "functional"}
"""The function that makes a model file one of a kind that has weights to exchange."""


@dataclass(frozen=True)
class Written:
    """One thing that is to be written."""

    form: Format
    writer: ExpectedTrial
    folder: Path
    """Where it lies once it is written."""


@dataclass(frozen=True)
class ExchangePlan:
    """Every pair of a writer and itself or a later release, in every format, mode and model."""

    base: Plan
    formats: tuple[Format, ...]

    @cached_property
    def written(self) -> tuple[Written, ...]:
        """What is to be written: formats outermost, then modes and models, environments innermost."""
        return tuple(
            self._written(form, Cell(environment, self.base.config.launches[0], mode, model))
            for form in self.formats
            for mode in self.base.config.modes
            if mode in form.modes
            for model in self.base.models
            if kind_of(Path(model.path)) == form.kind
            for environment in self.base.environments
        )

    @property
    def folder(self) -> Path:
        """Return where everything that is written lies."""
        return artefacts_of(self.base.config)

    def readers(self, environment: Environment) -> tuple[Environment, ...]:
        """Return the environments that read what one writes: itself and every later one."""
        return self.base.environments[self.base.environments.index(environment) :]

    def reader(self, written: Written, environment: Environment, digest: str) -> ExpectedTrial:
        """Return the trial in which an environment reads what was written, whose files have that digest.

        It draws other initial weights than the writer did, and covers the writer's key: both locks are part of it.
        """
        writer = written.writer
        cell = replace(writer.cell, environment=environment)
        role = f"read {written.form.name} of {writer.cell.environment.name}"
        also = (("writer", writer.key), ("artefact", digest))
        seed = (self.base.config.seed + 1) % SEED_LIMIT
        expected = self.base.expected(cell, role, 0, HASH_SEEDS[0], also)
        return replace(expected, seed=seed, further=_further("read", written.form, written.folder, digest))

    def _written(self, form: Format, cell: Cell) -> Written:
        writer = self.base.expected(cell, f"write {form.name}", 0, HASH_SEEDS[0])
        folder = self.folder / writer.key
        return Written(form, replace(writer, further=_further("write", form, folder, "")), folder)


def _further(purpose: str, form: Format, folder: Path, digest: str) -> tuple[tuple[str, str], ...]:
    return ("purpose", purpose), ("format", form.name), ("artefact", str(folder)), ("digest", digest)


def artefacts_of(config: Config) -> Path:
    """Return the folder of a project's artefacts, beside its store: a folder in it for each, named after its key."""
    return config.under_root(config.store).parent / "exchange"


def make_exchange_plan(config: Config, names: tuple[str, ...] = ()) -> ExchangePlan:
    """Return the plan of a configuration, of the formats of some names, or of all.

    An exchange has no baseline. Raises ``UserError`` where `make_plan` does, for a format that does not exist, and
    where the chosen models have none.
    """
    strange = sorted(set(names) - {form.name for form in FORMATS})
    if strange:
        raise UserError(f"there is no format {strange[0]!r}; there are {', '.join(form.name for form in FORMATS)}.")
    first = catalogue.RELEASES[0] if config.versions[0] == ALL else config.versions[0]
    base = make_plan(replace(config, baseline=first, models=config.models or MODELS))
    plan = ExchangePlan(base, tuple(form for form in FORMATS if not names or form.name in names))
    if not plan.written:
        raise UserError("none of the chosen models has any of the chosen formats in any of the chosen modes.")
    return plan


def kind_of(path: Path) -> str:
    """Return the kind of a model file that has weights, read and not run; nothing where it has none."""
    defined = files.functions(path)
    return next((kind for function, kind in KINDS.items() if function in defined), "")


def digest_of(folder: Path) -> str:
    """Return the SHA-256 of a folder's files, by the probe's own definition; nothing where there is no such folder."""
    if not folder.is_dir():
        return ""
    state = hashlib.sha256()
    for name in sorted(_names(folder)):
        state.update(name.encode("utf-8") + b"\0" + hashlib.sha256((folder / name).read_bytes()).digest())
    return state.hexdigest()


def _names(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
