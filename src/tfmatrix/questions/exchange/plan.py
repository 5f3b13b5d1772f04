"""What is expected of an exchange: who writes what, and who reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tfmatrix.compare.policy import require_known
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.keys import SEED_LIMIT, Scope, expect, scope_of
from tfmatrix.models import files
from tfmatrix.questions.chosen import chosen_models, known_models, named_environments, require_seed
from tfmatrix.questions.exchange.formats import FORMATS, Format
from tfmatrix.records import OBSERVED, Cell, Environment, ExpectedTrial, Model, Read, Trial, Write
from tfmatrix.runner.events import Event, Finished, Round
from tfmatrix.runner.rounds import Known
from tfmatrix.store.store import Store

ARTEFACT = "artefact"
"""Kind of the facts that say, by a writer's key, what digest the folder has that it wrote."""

MODELS = ("keras_mlp", "mlp")
"""The reference models that are exchanged where none are named: a Keras network, and a v1 graph of the same shape."""


@dataclass(frozen=True)
class Written:
    """One thing that is to be written."""

    form: Format
    writer: ExpectedTrial
    folder: Path
    """Where it lies once it is written."""


@dataclass(frozen=True)
class ExchangePlan:
    """Every pair of a writer and itself or a later release, or any other, in every format, mode and model."""

    config: Config
    environments: tuple[Environment, ...]
    """Oldest first."""
    models: tuple[Model, ...]
    formats: tuple[Format, ...]
    both_ways: bool = False
    """Whether what a release writes is read by earlier ones too, as after a rollback."""

    @property
    def every_environment(self) -> tuple[Environment, ...]:
        """Every environment that it may need: no other than those that are asked about."""
        return self.environments

    @cached_property
    def scope(self) -> Scope:
        """What every result rests on, as it was when this was first asked for."""
        return scope_of(self.config, self.environments)

    @cached_property
    def written(self) -> tuple[Written, ...]:
        """What is to be written: formats outermost, then modes, launches and models, environments innermost."""
        kinds = {model: files.kind_of(Path(model.path)) for model in self.models if not model.defined}
        return tuple(
            self._written(form, Cell(environment, launch, mode, model))
            for form in self.formats
            for mode in self.config.modes
            if mode in form.modes
            for launch in self.config.launches
            for model in self.models
            if kinds.get(model) == form.kind
            for environment in self.environments
        )

    @property
    def folder(self) -> Path:
        """Return where everything that is written lies."""
        return artefacts_of(self.config)

    def wanted(self, known: Known) -> Iterator[ExpectedTrial]:
        """Yield the trials that write, and those that read what was written and lies there as it was."""
        for written in self.written:
            key = written.writer.key
            trial = known.trial(key)
            if trial and trial.outcome == OBSERVED and not self._lies_there(written, known.store):
                known.withdraw(key)
            yield written.writer
        yield from (reader for _, _, reader in self.pairs(known.trial, known.store) if reader)

    def note(self, event: Event, store: Store) -> None:
        """Note what digest a folder has once it is written; until then what it replaces lies there, and counts."""
        match event:
            case Round():
                self.folder.mkdir(parents=True, exist_ok=True)
            case Finished(expected=expected, trial=trial):
                if isinstance(expected.work, Write) and trial.outcome == OBSERVED:
                    store.note(ARTEFACT, expected.key, digest_of(self.folder / expected.key))
            case _:
                pass

    def pairs(
        self, trial: Callable[[str], Trial | None], store: Store
    ) -> Iterator[tuple[Written, Environment, ExpectedTrial | None]]:
        """Yield every pair: what is written, who reads it, and by which trial; None where there is nothing to read.

        ``trial`` returns what is known of a key.
        """
        for written in self.written:
            writer = trial(written.writer.key)
            digest = noted_digest(written, store) if writer and writer.outcome == OBSERVED else ""
            for environment in self.readers(written.writer.cell.environment):
                yield written, environment, self.reader(written, environment, digest) if digest else None

    def readers(self, environment: Environment) -> tuple[Environment, ...]:
        """Return the environments that read what one writes: itself and every later one, and both ways every one."""
        return self.environments if self.both_ways else self.environments[self.environments.index(environment) :]

    def reader(self, written: Written, environment: Environment, digest: str) -> ExpectedTrial:
        """Return the trial in which an environment reads what was written, whose files have that digest.

        It draws other initial weights than the writer did, and covers the writer's key: both locks are part of it.
        """
        writer = written.writer
        return expect(
            self.scope,
            replace(writer.cell, environment=environment),
            Read(written.form.name, str(written.folder), digest, writer.key),
            role=f"read {written.form.name} of {writer.cell.environment.name}",
            seed=(self.config.seed + 1) % SEED_LIMIT,
        )

    def _written(self, form: Format, cell: Cell) -> Written:
        writer = expect(self.scope, cell, Write(form.name, ""), role=f"write {form.name}", seed=self.config.seed)
        folder = self.folder / writer.key
        return Written(form, replace(writer, work=Write(form.name, str(folder))), folder)

    def _lies_there(self, written: Written, store: Store) -> bool:
        digest = noted_digest(written, store)
        return bool(digest) and digest_of(written.folder) == digest


def noted_digest(written: Written, store: Store) -> str:
    """Return the digest that a folder had when it was written; nothing where that is not known."""
    return str(store.noted(ARTEFACT, written.writer.key) or "")


def artefacts_of(config: Config) -> Path:
    """Return the folder of a project's artefacts, beside its store: a folder in it for each, named after its key."""
    return config.under_root(config.store).parent / "exchange"


def make_exchange_plan(
    config: Config, names: tuple[str, ...] = (), models: tuple[str, ...] = (), *, both_ways: bool = False
) -> ExchangePlan:
    """Return the plan of a configuration, of the formats and models of some names, or of all.

    An exchange has no baseline, and what a table defines is no part of one: what a script saves is its own affair, and
    `Network` knows slots by the constants of a file. Raises ``UserError`` where a version, model or format does not
    exist, where the policy names what does not, where the chosen models have no such format, and where models of tables
    were named or there is nothing else.
    """
    strange = sorted(set(names) - {form.name for form in FORMATS})
    if strange:
        raise UserError(f"there is no format {strange[0]!r}; there are {', '.join(form.name for form in FORMATS)}.")
    require_seed(config)
    known = known_models(config)
    require_known(config.policy, [model.name for model in known])
    chosen = models or config.models or MODELS
    defined = [model for model in known if model.defined]
    if named := [model for model in defined if model.name in chosen or len(defined) == len(known)]:
        command = named[0].command
        what = f"the {'command' if command else 'model'} {named[0].name} is not exchanged"
        why = "nobody knows what a script saves" if command else "it is defined by a table"
        raise UserError(f"{what}: {why}; choose models from the models folder.")
    plan = ExchangePlan(
        config,
        named_environments(config),
        chosen_models(replace(config, models=chosen)),
        tuple(form for form in FORMATS if not names or form.name in names),
        both_ways,
    )
    if not plan.written:
        raise UserError("none of the chosen models has any of the chosen formats in any of the chosen modes.")
    _require_all(plan, names, models)
    return plan


def _require_all(plan: ExchangePlan, formats: tuple[str, ...], models: tuple[str, ...]) -> None:
    """Raise ``UserError`` for a format or model that was named and of which nothing would be written."""
    written = {written.form.name for written in plan.written}
    if idle := [name for name in formats if name not in written]:
        raise UserError(f"none of the chosen models has the format {idle[0]} in any of the chosen modes.")
    exchanged = {written.writer.cell.model.name for written in plan.written}
    named = chosen_models(replace(plan.config, models=models)) if models else ()
    if idle := [model.name for model in named if model.name not in exchanged]:
        raise UserError(f"the model {idle[0]} has none of the chosen formats in any of the chosen modes.")


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
