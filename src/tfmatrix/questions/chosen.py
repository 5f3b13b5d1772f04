"""What a configuration chooses, the same for every question: environments, and models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from packaging.version import Version

from tfmatrix.config import ALL, Config
from tfmatrix.environments import catalogue, locks
from tfmatrix.errors import UserError
from tfmatrix.keys import SEED_LIMIT
from tfmatrix.models import builders, commands, files, model_files
from tfmatrix.pins.declared import Declared, declared
from tfmatrix.records import Environment, Model


def require_seed(config: Config) -> None:
    """Raise ``UserError`` for a seed that not every generator takes."""
    if config.seed >= SEED_LIMIT:
        raise UserError(f"the seed must be below {SEED_LIMIT}, but is {config.seed}.")


def named_environments(config: Config, *more: str) -> tuple[Environment, ...]:
    """Return the environments that a configuration's versions name, and some more, each once and oldest first."""
    return tuple(sorted({environment_of(config, name) for name in (*version_names(config), *more)}, key=_age))


def version_names(config: Config) -> list[str]:
    """Return the names of environments that a configuration's versions stand for."""
    return [name for one in config.versions for name in (catalogue.RELEASES if one == ALL else (one,))]


def environment_of(config: Config, name: str) -> Environment:
    """Return the environment of a name, with what the project's models need in it.

    Raises ``UserError`` for a name that is none, for a release that is not known and has no lock file, and for
    requirements that can't be read.
    """
    environment = nameable_environment(config, name)
    version = environment.tensorflow
    # A release is locked by a command of its own, since what is not known is a slip of the pen more often than new.
    if not catalogue.release(version).known and not locks.has_lock(environment, [config.root / "locks"]):
        raise UserError(
            f"no TensorFlow {version} is known; the nearest are {', '.join(catalogue.nearest(version))}; "
            f"`{locks.command(environment)}` makes its lock file, if the package index has it."
        )
    return environment


def sibling(environment: Environment, package: str, config: Config) -> Environment | None:
    """Return the environment that has one more package, where a lock of it is there, and None for no package."""
    if not package or any(one.name == package for one in environment.further):
        return None
    name = _locked_beside(environment, package, config.root / "locks")
    return environment_of(config, name) if name else None


@cache  # asked for each cell, and answered by looking through folders
def _locked_beside(environment: Environment, package: str, folder: Path) -> str:
    """Return the name of the environment with one more package that has a lock in the project's folder or tfmatrix's.

    Empty where there is none.
    """
    own = locks.stem(environment)
    stem = own.replace(environment.name, f"{environment.name}+{package}-*")
    if stem == own:  # with so many packages that its files are not called by its name
        return ""
    for path in (found for place in (folder, locks.OWN_LOCKS) for found in sorted(place.glob(f"{stem}.txt"))):
        return path.name.removeprefix(locks.prefix(environment)).rpartition("-py")[0]
    return ""


def nameable_environment(config: Config, name: str) -> Environment:
    """Return the environment of a name as `environment_of` does, whether or not its release is known."""
    bare = catalogue.parse_environment(name, distribution=config.distribution, python=config.python)
    python, found = config.python_of(bare.tensorflow), requirements_of(config, bare.tensorflow)
    return replace(bare, python=python, requirements=found.requirements, constraints=found.constraints)


def requirements_of(config: Config, tensorflow: str) -> Declared:
    """Return what the project's models need with a release; raises ``UserError`` where that can't be read."""
    return declared(config.root, config.requirements_of(tensorflow), "requirements in [tool.tfmatrix]")


def known_models(config: Config) -> tuple[Model, ...]:
    """Return every reference model in the models folder and every model that a table defines, chosen or not.

    Raises ``UserError`` where one of these is called as a reference model is, or a script or file of it is not there.
    """
    models = tuple(files.discover(config.under_root(config.models_folder)))
    stems = {model.name.partition("[")[0] for model in models}
    defined = (
        *(commands.model_of(command, config.root) for command in config.commands),
        *(builders.model_of(builder, config.root) for builder in config.builders),
        *(model_files.model_of(file, config.root) for file in config.model_files),
    )
    if taken := [model for model in defined if model.name in stems]:
        what = "command" if taken[0].command else "model of a table"
        raise UserError(
            f"both a reference model and a {what} are called {taken[0].name}; "
            f"give the {what} another name in [tool.tfmatrix.models.NAME]."
        )
    return (*models, *defined)


def _age(environment: Environment) -> tuple[Version, str]:
    return Version(environment.tensorflow), environment.name


def chosen_models(config: Config) -> tuple[Model, ...]:
    """Return the models that a configuration names, a bare ``optimizers`` meaning every variant; else all.

    Raises ``UserError`` for a name that no model has, and where there is no model at all.
    """
    models = known_models(config)
    if not models:
        raise _no_model(config)
    chosen = []
    for name in config.models:
        found = [model for model in models if name in {model.name, model.name.partition("[")[0]}]
        if not found:
            raise UserError(f"there is no model {name!r}; there are {', '.join(m.name for m in models)}.")
        chosen += found
    return tuple(dict.fromkeys(chosen)) or models


def _no_model(config: Config) -> UserError:
    folder = config.under_root(config.models_folder)
    what = "has no Python file" if folder.is_dir() else "is no folder"
    return UserError(
        f"there is no model: {folder} {what}; put one there, set models_folder, or write a table "
        "[tool.tfmatrix.models.NAME] with a command, a model or a file."
    )


def current_model(config: Config) -> Callable[[Mapping[str, str]], bool]:
    """Return a function that says whether a trial covers a model file that is as it is now.

    What another machine, lock, seed or launch gave of them counts. The function raises ``UserError`` where there is no
    model at all: then nothing says that a trial is of no use any more.
    """
    known = {model.name: model.source for model in known_models(config)}

    def is_current(covers: Mapping[str, str]) -> bool:
        if not known:
            raise _no_model(config)
        return known.get(covers["variant"]) == covers["model"]

    return is_current
